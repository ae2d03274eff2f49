// NEON: a logical operation, a count of bytes and an addition per 128 bits, in independent sums. The byte
// counters may wrap around: they are never read as counts.
#include <arm_neon.h>

#include "kernels/ceiling/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kSums = 8;
constexpr size_t kSteps = 2;

inline uint64x2_t Fill(uint64_t seed) { return vdupq_n_u64(seed); }

template <bool exclusive>
inline uint8x16_t Count(uint64x2_t x, uint64x2_t y) {
  return vcntq_u8(vreinterpretq_u8_u64(exclusive ? veorq_u64(x, y) : vandq_u64(x, y)));
}

template <bool exclusive>
inline uint64_t Loop(size_t rounds, uint64_t* sink) {
  uint64x2_t words[kSteps * kSums];
  for (size_t i = 0; i < kSteps * kSums; ++i) words[i] = Fill(*sink + i * 0x9e3779b97f4a7c15u);
  const uint64x2_t other = Fill(*sink * 31 + 0x94d049bb133111ebu);
  uint8x16_t sums[kSums];
  APB_UNROLL
  for (size_t j = 0; j < kSums; ++j) sums[j] = vdupq_n_u8(0);
  // Where the words are is asked anew in every round: what is combined could be different then.
  const uint64x2_t* volatile where = words;
  for (size_t i = 0; i < rounds; ++i) {
    const uint64x2_t* x = where;
    APB_UNROLL
    for (size_t s = 0; s < kSteps; ++s) {
      APB_UNROLL
      for (size_t j = 0; j < kSums; ++j) sums[j] = vaddq_u8(sums[j], Count<exclusive>(x[s * kSums + j], other));
    }
  }
  APB_UNROLL
  for (size_t j = 0; j < kSums; ++j) *sink += vgetq_lane_u64(vreinterpretq_u64_u8(sums[j]), 1);
  return rounds * kSteps * kSums * 128;
}

}  // namespace

uint64_t CeilingArmNeon(bool exclusive, size_t rounds, uint64_t* sink) {
  return exclusive ? Loop<true>(rounds, sink) : Loop<false>(rounds, sink);
}

}  // namespace apb
