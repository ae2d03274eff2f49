// AVX-512 VPOPCNTDQ: three operations per 512 bits. On Zen 4 (two half-width parts each, four pipes) 1.5
// cycles.
#include <immintrin.h>

#include "kernels/ceiling/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kSums = 8;
constexpr size_t kSteps = 8;

template <bool exclusive>
inline uint64_t Loop(size_t rounds, uint64_t* sink) {
  __m512i words[kSteps], sums[kSums], other[kSums];
  for (size_t i = 0; i < kSteps; ++i)
    words[i] = _mm512_set1_epi64(static_cast<int64_t>(*sink + i * 0x9e3779b97f4a7c15u));
  APB_UNROLL
  for (size_t j = 0; j < kSums; ++j) {
    sums[j] = _mm512_setzero_si512();
    other[j] = _mm512_set1_epi64(static_cast<int64_t>(*sink * 31 + j * 0xbf58476d1ce4e5b9u));
  }
  // Where the words are is asked anew in every round: what is combined could be different then.
  const __m512i* volatile where = words;
  for (size_t i = 0; i < rounds; ++i) {
    const __m512i* x = where;
    APB_UNROLL
    for (size_t s = 0; s < kSteps; ++s) {
      APB_UNROLL
      for (size_t j = 0; j < kSums; ++j) {
        const __m512i bits = exclusive ? _mm512_xor_si512(x[s], other[j]) : _mm512_and_si512(x[s], other[j]);
        sums[j] = _mm512_add_epi64(sums[j], _mm512_popcnt_epi64(bits));
        APB_CEILING_KEEP(sums[j]);
      }
    }
  }
  APB_UNROLL
  for (size_t j = 0; j < kSums; ++j) *sink += static_cast<uint64_t>(_mm512_reduce_add_epi64(sums[j]));
  return rounds * kSteps * kSums * 512;
}

}  // namespace

uint64_t CeilingX86Avx512Vpopcntdq(bool exclusive, size_t rounds, uint64_t* sink) {
  return exclusive ? Loop<true>(rounds, sink) : Loop<false>(rounds, sink);
}

}  // namespace apb
