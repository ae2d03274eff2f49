// The ceiling in general registers, over a popcount of 64 bits. Included by one file per popcount.
#include "kernels/ceiling/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kSums = 6;
constexpr size_t kSteps = 8;

template <bool exclusive, typename Popcount>
inline uint64_t CeilingLoop(size_t rounds, uint64_t* sink, Popcount popcount) {
  uint64_t words[kSteps * kSums], sums[kSums] = {};
  for (size_t i = 0; i < kSteps * kSums; ++i) words[i] = *sink + i * 0x9e3779b97f4a7c15u;
  const uint64_t other = *sink * 31 + 0xbf58476d1ce4e5b9u;
  // Where the words are is asked anew in every round: what is combined could be different then.
  const uint64_t* volatile where = words;
  for (size_t i = 0; i < rounds; ++i) {
    const uint64_t* x = where;
    APB_UNROLL
    for (size_t s = 0; s < kSteps; ++s) {
      APB_UNROLL
      for (size_t j = 0; j < kSums; ++j) {
        const uint64_t word = x[s * kSums + j];
        sums[j] += static_cast<uint64_t>(popcount(exclusive ? word ^ other : word & other));
        APB_OPAQUE(sums[j]);
      }
    }
  }
  APB_UNROLL
  for (size_t j = 0; j < kSums; ++j) *sink += sums[j];
  return rounds * kSteps * kSums * 64;
}

template <typename Popcount>
inline uint64_t CeilingByWords(bool exclusive, size_t rounds, uint64_t* sink, Popcount popcount) {
  return exclusive ? CeilingLoop<true>(rounds, sink, popcount) : CeilingLoop<false>(rounds, sink, popcount);
}

}  // namespace
}  // namespace apb
