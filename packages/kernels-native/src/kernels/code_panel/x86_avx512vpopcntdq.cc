// AVX-512: sixteen rows at a time.
#include "kernels/code_panel/x86_avx512.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;

template <int P>
inline void Weave(const CodePanelArgs& args) {
  const size_t plane = args.count * kTileRows;
  for (size_t w = 0; w < args.count; ++w)
    for (size_t row = 0; row < args.rows; row += kLanes) {
      __m512i planes[P];
      APB_UNROLL
      for (int p = 0; p < P; ++p) planes[p] = _mm512_load_si512(args.words + p * plane + w * kTileRows + row);
      StoreCodes<P>(planes, args.codes + w * P * kTileRows + row);
    }
}

}  // namespace

void CodePanelX86Avx512Vpopcntdq(const CodePanelArgs& args) {
  if (args.planes == 2)
    Weave<2>(args);
  else
    Weave<4>(args);
}

}  // namespace apb
