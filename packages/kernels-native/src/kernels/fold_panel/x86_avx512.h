// Folding three words of sixteen rows. For files of this instruction set only: internal linkage.
#ifndef APB_KERNELS_FOLD_PANEL_X86_AVX512_H_
#define APB_KERNELS_FOLD_PANEL_X86_AVX512_H_

#include <immintrin.h>

#include "kernels/fold_panel/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

APB_INLINE void StoreFolded(__m512i x, __m512i y, __m512i z, uint32_t* to, size_t stride) {
  constexpr int kXor3 = 0x96;  // of vpternlog
  _mm512_store_si512(to, _mm512_xor_si512(x, z));
  _mm512_store_si512(to + stride, _mm512_xor_si512(y, z));
  _mm512_store_si512(to + 2 * stride, _mm512_ternarylogic_epi32(x, y, z, kXor3));
}

}  // namespace
}  // namespace apb

#endif  // APB_KERNELS_FOLD_PANEL_X86_AVX512_H_
