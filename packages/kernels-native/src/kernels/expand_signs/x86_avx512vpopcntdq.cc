#include <immintrin.h>

#include "kernels/expand_signs/op.h"

namespace apb {

void ExpandSignsX86Avx512Vpopcntdq(const ExpandSignsArgs& args) {
  const __m512 positive = _mm512_loadu_ps(args.scales);
  const __m512 negative = _mm512_xor_ps(positive, _mm512_set1_ps(-0.0f));
  for (size_t l = 0; l < args.k; ++l) {
    const __mmask16 bits = static_cast<__mmask16>(args.signs[l]);
    _mm512_store_ps(args.out + l * kPanel, _mm512_mask_blend_ps(bits, positive, negative));
  }
}

}  // namespace apb
