// AVX2 without a popcount: nibbles split beforehand, two logical operations, two lookups and two additions per 256
// bits. The byte counters may wrap around: they are never read as counts.
#include <immintrin.h>

#include "kernels/ceiling/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kSums = 4;

inline __m256i Fill(uint64_t seed) { return _mm256_and_si256(_mm256_set1_epi64x(static_cast<int64_t>(seed)), _mm256_set1_epi8(15)); }

template <bool exclusive>
inline __m256i Combine(__m256i x, __m256i y) {
  return exclusive ? _mm256_xor_si256(x, y) : _mm256_and_si256(x, y);
}

template <bool exclusive>
inline uint64_t Loop(size_t rounds, uint64_t* sink) {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                         0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  alignas(32) __m256i low[kCeilingWords], high[kCeilingWords], other[kSums];
  for (size_t i = 0; i < kCeilingWords; ++i) {
    low[i] = Fill(*sink + i * 0x9e3779b97f4a7c15u);
    high[i] = Fill(*sink + i * 0xbf58476d1ce4e5b9u);
  }
  __m256i sums[kSums];
  APB_UNROLL
  for (size_t j = 0; j < kSums; ++j) {
    other[j] = Fill(*sink * 31 + j * 0x94d049bb133111ebu);
    sums[j] = _mm256_setzero_si256();
  }
  for (size_t i = 0; i < rounds; ++i) {
    const __m256i x_low = low[i % kCeilingWords], x_high = high[i % kCeilingWords];
    APB_UNROLL
    for (size_t j = 0; j < kSums; ++j) {
      sums[j] = _mm256_add_epi8(sums[j], _mm256_shuffle_epi8(table, Combine<exclusive>(x_low, other[j])));
      sums[j] = _mm256_add_epi8(sums[j], _mm256_shuffle_epi8(table, Combine<exclusive>(x_high, other[j])));
    }
  }
  APB_UNROLL
  for (size_t j = 0; j < kSums; ++j) *sink += static_cast<uint64_t>(_mm256_extract_epi64(sums[j], 1));
  return rounds * kSums * 256;
}

}  // namespace

uint64_t CeilingX86Avx2(bool exclusive, size_t rounds, uint64_t* sink) {
  return exclusive ? Loop<true>(rounds, sink) : Loop<false>(rounds, sink);
}

}  // namespace apb
