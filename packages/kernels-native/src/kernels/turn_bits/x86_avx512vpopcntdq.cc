// AVX-512: quarters change places at distances 32, 16, .. 1 (Warren, Hacker's Delight, 7-3), those of 8 and more
// between vectors of eight rows, the others within a vector.
#include <immintrin.h>
#include <stddef.h>

#include "kernels/turn_bits/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kVectors = 8;

// Bits of a row whose place has no `distance` in it.
constexpr uint64_t LowPlaces(unsigned distance) { return ~uint64_t{0} / ((uint64_t{1} << distance) + 1); }

// mask ? a : b
inline __m512i Select(uint64_t mask, __m512i a, __m512i b) {
  return _mm512_ternarylogic_epi64(_mm512_set1_epi64(static_cast<int64_t>(mask)), a, b, 0xca);
}

template <unsigned distance>
inline void BetweenVectors(__m512i* rows) {
  constexpr uint64_t low = LowPlaces(distance);
  APB_UNROLL
  for (size_t i = 0; i < kVectors; ++i) {
    if (i & (distance / 8)) continue;
    __m512i &upper = rows[i], &lower = rows[i + distance / 8];
    const __m512i a = Select(low, upper, _mm512_slli_epi64(lower, distance));
    lower = Select(low, _mm512_srli_epi64(upper, distance), lower);
    upper = a;
  }
}

// Each row takes what its partner, `distance` rows away, has turned left or right.
template <unsigned distance>
inline void WithinVectors(__m512i* rows) {
  constexpr uint64_t low = LowPlaces(distance);
  const __m512i lanes = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), d = _mm512_set1_epi64(distance);
  const __mmask8 is_lower = _mm512_test_epi64_mask(lanes, d);
  const __m512i partner = _mm512_xor_si512(lanes, d);
  const __m512i turn = _mm512_mask_blend_epi64(is_lower, d, _mm512_set1_epi64(64 - distance));
  const __m512i kept = _mm512_mask_blend_epi64(is_lower, _mm512_set1_epi64(static_cast<int64_t>(low)),
                                               _mm512_set1_epi64(static_cast<int64_t>(~low)));
  APB_UNROLL
  for (size_t i = 0; i < kVectors; ++i) {
    const __m512i other = _mm512_rolv_epi64(_mm512_permutexvar_epi64(partner, rows[i]), turn);
    rows[i] = _mm512_ternarylogic_epi64(kept, rows[i], other, 0xca);
  }
}

// 64 x 64 bits.
inline void TurnWord(const uint64_t* from, __m512i* rows) {
  APB_UNROLL
  for (size_t i = 0; i < kVectors; ++i) rows[i] = _mm512_loadu_si512(from + i * 8);
  BetweenVectors<32>(rows);
  BetweenVectors<16>(rows);
  BetweenVectors<8>(rows);
  WithinVectors<4>(rows);
  WithinVectors<2>(rows);
  WithinVectors<1>(rows);
}

// Words w and w + 1 of four rows.
inline void StorePairs(__m512i pairs, size_t words, uint64_t* to) {
  if (words == 2) return _mm512_storeu_si512(to, pairs);
  const auto store = [&](size_t i, __m128i pair) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i * words), pair);
  };
  store(0, _mm512_castsi512_si128(pairs));
  store(1, _mm512_extracti64x2_epi64(pairs, 1));
  store(2, _mm512_extracti64x2_epi64(pairs, 2));
  store(3, _mm512_extracti64x2_epi64(pairs, 3));
}

inline void TurnPair(const uint64_t* from, size_t words, uint64_t* to) {
  const __m512i low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
  __m512i even[kVectors], odd[kVectors];
  TurnWord(from, even);
  TurnWord(from + 64, odd);
  for (size_t i = 0; i < kVectors; ++i, to += 8 * words) {
    StorePairs(_mm512_permutex2var_epi64(even[i], low, odd[i]), words, to);
    StorePairs(_mm512_permutex2var_epi64(even[i], high, odd[i]), words, to + 4 * words);
  }
}

inline void TurnLast(const uint64_t* from, size_t words, uint64_t* to) {
  __m512i rows[kVectors];
  TurnWord(from, rows);
  alignas(64) uint64_t turned[64];
  uint64_t* const side_by_side = words == 1 ? to : turned;
  APB_UNROLL
  for (size_t i = 0; i < kVectors; ++i) _mm512_storeu_si512(side_by_side + i * 8, rows[i]);
  if (words == 1) return;
  for (size_t i = 0; i < 64; ++i) to[i * words] = turned[i];
}

}  // namespace

void TurnBitsX86Avx512Vpopcntdq(const uint64_t* from, size_t words, uint64_t* to) {
  size_t w = 0;
  for (; w + 2 <= words; w += 2) TurnPair(from + w * 64, words, to + w);
  if (w < words) TurnLast(from + w * 64, words, to + w);
}

}  // namespace apb
