// AVX2 without a popcount: nibbles split beforehand, two logical operations, two lookups and two additions
// per 256 bits. Counting whole vectors takes eight, Harley-Seal adders in front of that still six and a half.
// The byte counters may wrap around: they are never read as counts.
#include <immintrin.h>

#include "kernels/ceiling/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kSums = 4;
constexpr size_t kSteps = 4;

// A vector of nibbles.
inline __m256i Fill(uint64_t seed) {
  return _mm256_and_si256(_mm256_set1_epi64x(static_cast<int64_t>(seed)), _mm256_set1_epi8(15));
}

template <bool exclusive>
inline __m256i Count(__m256i table, __m256i x, __m256i y) {
  return _mm256_shuffle_epi8(table, exclusive ? _mm256_xor_si256(x, y) : _mm256_and_si256(x, y));
}

template <bool exclusive>
inline uint64_t Loop(size_t rounds, uint64_t* sink) {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                         0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  struct Word {
    __m256i low, high;
  };
  Word words[kSteps * kSums];
  for (size_t i = 0; i < kSteps * kSums; ++i)
    words[i] = {Fill(*sink + i * 0x9e3779b97f4a7c15u), Fill(*sink + i * 0xbf58476d1ce4e5b9u)};
  const __m256i other = Fill(*sink * 31 + 0x94d049bb133111ebu);
  __m256i sums[kSums];
  APB_UNROLL
  for (size_t j = 0; j < kSums; ++j) sums[j] = _mm256_setzero_si256();
  // Where the words are is asked anew in every round: what is combined could be different then.
  const Word* volatile where = words;
  for (size_t i = 0; i < rounds; ++i) {
    const Word* x = where;
    APB_UNROLL
    for (size_t s = 0; s < kSteps; ++s) {
      APB_UNROLL
      for (size_t j = 0; j < kSums; ++j) {
        const Word& word = x[s * kSums + j];
        sums[j] = _mm256_add_epi8(sums[j], _mm256_add_epi8(Count<exclusive>(table, word.low, other),
                                                           Count<exclusive>(table, word.high, other)));
        APB_CEILING_KEEP(sums[j]);
      }
    }
  }
  APB_UNROLL
  for (size_t j = 0; j < kSums; ++j) *sink += static_cast<uint64_t>(_mm256_extract_epi64(sums[j], 1));
  return rounds * kSteps * kSums * 256;
}

}  // namespace

uint64_t CeilingX86Avx2(bool exclusive, size_t rounds, uint64_t* sink) {
  return exclusive ? Loop<true>(rounds, sink) : Loop<false>(rounds, sink);
}

}  // namespace apb
