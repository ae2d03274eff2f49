// A rotation and a selection for every plane of a word. For files of this instruction set only: internal linkage.
#ifndef APB_KERNELS_CODE_PANEL_X86_AVX512_H_
#define APB_KERNELS_CODE_PANEL_X86_AVX512_H_

#include <immintrin.h>

#include "kernels/code_panel/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

// The codes of columns with c % P == j, of one word of sixteen rows.
template <int P, int j>
APB_INLINE __m512i Codes(const __m512i* planes) {
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

// All codes of one word of sixteen rows, [P][kTileRows].
template <int P>
APB_INLINE void StoreCodes(const __m512i* planes, uint32_t* to) {
  _mm512_store_si512(to, Codes<P, 0>(planes));
  _mm512_store_si512(to + kTileRows, Codes<P, 1>(planes));
  if (P == 2) return;
  _mm512_store_si512(to + 2 * kTileRows, Codes<P, P - 2>(planes));
  _mm512_store_si512(to + 3 * kTileRows, Codes<P, P - 1>(planes));
}

}  // namespace
}  // namespace apb

#endif  // APB_KERNELS_CODE_PANEL_X86_AVX512_H_
