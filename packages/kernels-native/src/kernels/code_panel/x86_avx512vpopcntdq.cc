// AVX-512: sixteen rows at a time, a rotation and a selection for every plane of a word.
#include <immintrin.h>

#include "kernels/code_panel/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;

// The codes of columns with c % P == j.
template <int P, int j>
inline __m512i Codes(const __m512i* planes) {
  // Bit 0 of every code.
  constexpr unsigned kFirst = P == 2 ? 0x55555555u : 0x11111111u;
  __m512i codes = _mm512_rol_epi32(planes[0], (32 - j) % 32);
  APB_UNROLL
  for (int p = 1; p < P; ++p) {
    const __m512i moved = _mm512_rolv_epi32(planes[p], _mm512_set1_epi32((32 + p - j) % 32));
    // Bits from p on are this plane's or a later one's.
    const __m512i later = _mm512_set1_epi32(static_cast<int>(kFirst * (((1u << P) - 1) & ~((1u << p) - 1))));
    codes = _mm512_ternarylogic_epi32(later, moved, codes, 0xca);  // later ? moved : codes
  }
  return codes;
}

template <int P>
inline void Weave(const CodePanelArgs& args) {
  const size_t plane = args.count * kTileRows;
  for (size_t w = 0; w < args.count; ++w)
    for (size_t row = 0; row < args.rows; row += kLanes) {
      __m512i planes[P];
      APB_UNROLL
      for (int p = 0; p < P; ++p) planes[p] = _mm512_load_si512(args.words + p * plane + w * kTileRows + row);
      uint32_t* to = args.codes + w * P * kTileRows + row;
      _mm512_store_si512(to, Codes<P, 0>(planes));
      _mm512_store_si512(to + kTileRows, Codes<P, 1>(planes));
      if (P == 2) continue;
      _mm512_store_si512(to + 2 * kTileRows, Codes<P, P - 2>(planes));
      _mm512_store_si512(to + 3 * kTileRows, Codes<P, P - 1>(planes));
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
