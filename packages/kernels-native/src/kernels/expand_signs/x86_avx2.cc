#include <immintrin.h>

#include "kernels/expand_signs/op.h"

namespace apb {

void ExpandSignsX86Avx2(const ExpandSignsArgs& args) {
  const __m256 low = _mm256_loadu_ps(args.scales);
  const __m256 high = _mm256_loadu_ps(args.scales + 8);
  // Shifting left by these brings bit j (low half) or bit 8 + j (high half) to the float's sign bit.
  const __m256i low_shifts = _mm256_setr_epi32(31, 30, 29, 28, 27, 26, 25, 24);
  const __m256i high_shifts = _mm256_setr_epi32(23, 22, 21, 20, 19, 18, 17, 16);
  const __m256i sign_bit = _mm256_set1_epi32(static_cast<int>(0x80000000u));
  for (size_t l = 0; l < args.k; ++l) {
    const __m256i bits = _mm256_set1_epi32(args.signs[l]);
    const __m256i s0 = _mm256_and_si256(_mm256_sllv_epi32(bits, low_shifts), sign_bit);
    const __m256i s1 = _mm256_and_si256(_mm256_sllv_epi32(bits, high_shifts), sign_bit);
    _mm256_store_ps(args.out + l * kPanel, _mm256_xor_ps(low, _mm256_castsi256_ps(s0)));
    _mm256_store_ps(args.out + l * kPanel + 8, _mm256_xor_ps(high, _mm256_castsi256_ps(s1)));
  }
}

}  // namespace apb
