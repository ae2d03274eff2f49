// A block of 8 x 8 words turned around in registers. For files of this instruction set only.
#include <immintrin.h>

#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kBlock = 8;

// Four rows at a time: words, then pairs of words, within 128-bit halves; then the halves.
inline void Turn(__m256i* r) {
  __m256i t[kBlock];
  APB_UNROLL
  for (size_t i = 0; i < kBlock; i += 2) {
    t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
  }
  APB_UNROLL
  for (size_t i = 0; i < kBlock; i += 4) {
    r[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  APB_UNROLL
  for (size_t c = 0; c < 4; ++c) {
    t[c] = _mm256_permute2x128_si256(r[c], r[4 + c], 0x20);
    t[4 + c] = _mm256_permute2x128_si256(r[c], r[4 + c], 0x31);
  }
  APB_UNROLL
  for (size_t i = 0; i < kBlock; ++i) r[i] = t[i];
}

}  // namespace
}  // namespace apb
