// NEON: a vector holds 32 bits of four rows, a word of the other side is broadcast. CNT counts bytes, so sums
// are kept in bytes as long as they fit and widened to the 32-bit lanes they belong to once a block.
#include <arm_neon.h>

#include "kernels/bit_gemm/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 4;
// Register tile: 16 byte sums, 4 vectors of rows and 4 words, so that a word is 5 loads for 48 operations;
// the 32-bit sums wait in memory and are touched once a block.
constexpr size_t kVectors = 4;
constexpr size_t kColumns = 4;
// A word adds at most 8 to a byte, and 31 * 8 = 248 still fits.
constexpr size_t kBlock = 31;

inline uint8x16_t Count(uint32x4_t x, uint32x4_t y) { return vcntq_u8(vreinterpretq_u8_u32(veorq_u32(x, y))); }

// sums[c * V + v] += counts of V vectors of rows against C columns, at most kBlock words.
template <size_t V, size_t C>
inline void Block(const uint32_t* a, size_t lda, const uint32_t* b, size_t ldb, size_t words, uint32x4_t* sums) {
  uint8x16_t bytes[V * C];
  APB_UNROLL
  for (size_t i = 0; i < V * C; ++i) bytes[i] = vdupq_n_u8(0);
  for (; words > 0; --words, a += lda, b += ldb) {
    uint32x4_t x[V];
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) x[v] = vld1q_u32(a + v * kLanes);
    APB_UNROLL
    for (size_t c = 0; c < C; ++c) {
      const uint32x4_t y = vdupq_n_u32(b[c]);
      APB_UNROLL
      for (size_t v = 0; v < V; ++v) bytes[c * V + v] = vaddq_u8(bytes[c * V + v], Count(x[v], y));
    }
  }
  APB_UNROLL
  for (size_t i = 0; i < V * C; ++i) sums[i] = vpadalq_u16(sums[i], vpaddlq_u8(bytes[i]));
}

// All words of one plane on either side.
template <size_t V, size_t C>
inline void Pass(const uint32_t* a, size_t lda, const uint32_t* b, size_t ldb, size_t words, uint32x4_t* sums) {
  for (; words > kBlock; words -= kBlock, a += kBlock * lda, b += kBlock * ldb)
    Block<V, C>(a, lda, b, ldb, kBlock, sums);
  Block<V, C>(a, lda, b, ldb, words, sums);
}

// out = terms + factor * sums, in unsigned numbers: results are modulo 2^32, and GCC's vaddq_s32 is a plain
// signed addition.
template <size_t V, size_t C>
inline void Store(const BitGemmArgs& args, size_t lane, size_t column, const uint32x4_t* sums) {
  const uint32_t factor = static_cast<uint32_t>(args.factor);
  for (size_t c = 0; c < C; ++c) {
    int32_t* out = args.out + (column + c) * args.ldo + lane;
    const uint32_t term = args.column_terms ? static_cast<uint32_t>(args.column_terms[column + c]) : 0;
    for (size_t v = 0; v < V; ++v) {
      uint32x4_t sum = vaddq_u32(vdupq_n_u32(term), vmulq_n_u32(sums[c * V + v], factor));
      if (args.lane_terms) sum = vaddq_u32(sum, vreinterpretq_u32_s32(vld1q_s32(args.lane_terms + lane + v * kLanes)));
      vst1q_s32(out + v * kLanes, vreinterpretq_s32_u32(sum));
    }
  }
}

// V vectors of rows from `lane` x C columns from `column`. Planes of one weight 2^(p + u) are added up before
// the sums are doubled for the next lower weight.
template <size_t V, size_t C>
inline void Tile(const BitGemmArgs& args, size_t lane, size_t column) {
  const uint32_t* a = static_cast<const uint32_t*>(args.lanes.words) + lane;
  const uint32_t* b = static_cast<const uint32_t*>(args.columns.words) + column;
  const size_t lda = args.lanes.stride, ldb = args.columns.stride, words = args.words;
  uint32x4_t sums[V * C];
  for (size_t i = 0; i < V * C; ++i) sums[i] = vdupq_n_u32(0);
  for (size_t level = args.lanes.planes + args.columns.planes - 1; level-- > 0;) {
    for (size_t i = 0; i < V * C; ++i) sums[i] = vaddq_u32(sums[i], sums[i]);
    for (size_t u = 0; u < args.columns.planes && u <= level; ++u)
      if (level - u < args.lanes.planes)
        Pass<V, C>(a + (level - u) * words * lda, lda, b + u * words * ldb, ldb, words, sums);
  }
  Store<V, C>(args, lane, column, sums);
}

template <size_t V>
inline void Columns(const BitGemmArgs& args, size_t lane) {
  size_t column = 0;
  for (; column + kColumns <= args.columns.items; column += kColumns) Tile<V, kColumns>(args, lane, column);
  switch (args.columns.items - column) {
    case 3: return Tile<V, 3>(args, lane, column);
    case 2: return Tile<V, 2>(args, lane, column);
    case 1: return Tile<V, 1>(args, lane, column);
  }
}

}  // namespace

void BitGemmArmNeon(const BitGemmArgs& args) {
  size_t lane = 0;
  for (; lane + (kVectors - 1) * kLanes < args.lanes.items; lane += kVectors * kLanes) Columns<kVectors>(args, lane);
  for (; lane < args.lanes.items; lane += kLanes) Columns<1>(args, lane);
}

}  // namespace apb
