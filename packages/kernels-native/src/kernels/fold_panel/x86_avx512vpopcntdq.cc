// AVX-512: sixteen words of 32 bits at a time.
#include "kernels/fold_panel/x86_avx512.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;

}  // namespace

void FoldPanelX86Avx512Vpopcntdq(const FoldPanelArgs& args) {
  const uint32_t* from = args.from;
  uint32_t* to = args.to;
  const size_t stride = args.stride;
  for (size_t plane = 0; plane < args.planes; ++plane) {
    size_t word = 0;
    for (; word + kTriple <= args.words; word += kTriple, from += kTriple * stride, to += kTriple * stride)
      for (size_t i = 0; i < args.items; i += kLanes)
        StoreFolded(_mm512_load_si512(from + i), _mm512_load_si512(from + stride + i),
                    _mm512_load_si512(from + 2 * stride + i), to + i, stride);
    for (; word < args.words; ++word, from += stride, to += stride)
      for (size_t i = 0; i < args.items; i += kLanes) _mm512_store_si512(to + i, _mm512_load_si512(from + i));
  }
}

}  // namespace apb
