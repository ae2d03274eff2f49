// The ceiling in general registers, over a popcount of 64 bits. Included by one file per popcount.
#include "kernels/ceiling/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

template <size_t N, bool exclusive, typename Popcount>
inline uint64_t CeilingLoop(size_t rounds, uint64_t* sink, Popcount popcount) {
  uint64_t words[kCeilingWords], other[N], sums[N];
  for (size_t i = 0; i < kCeilingWords; ++i) words[i] = *sink + i * 0x9e3779b97f4a7c15u;
  APB_UNROLL
  for (size_t j = 0; j < N; ++j) {
    other[j] = *sink * 31 + j * 0xbf58476d1ce4e5b9u;
    sums[j] = 0;
  }
  for (size_t i = 0; i < rounds; ++i) {
    const uint64_t x = words[i % kCeilingWords];
    APB_UNROLL
    for (size_t j = 0; j < N; ++j)
      sums[j] += static_cast<uint64_t>(popcount(exclusive ? x ^ other[j] : x & other[j]));
  }
  APB_UNROLL
  for (size_t j = 0; j < N; ++j) *sink += sums[j];
  return rounds * N * 64;
}

template <typename Popcount>
inline uint64_t CeilingByWords(bool exclusive, size_t rounds, uint64_t* sink, Popcount popcount) {
  return exclusive ? CeilingLoop<5, true>(rounds, sink, popcount) : CeilingLoop<5, false>(rounds, sink, popcount);
}

}  // namespace
}  // namespace apb
