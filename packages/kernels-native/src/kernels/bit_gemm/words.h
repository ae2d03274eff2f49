// The product word by word in general registers, over a popcount of 64 bits. Included by one file per popcount:
// internal linkage keeps code of wider instruction sets out of the others.
#include "kernels/bit_gemm/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

// Columns that are counted together: as many sums as registers hold beside two pointers, their strides, two words and a
// count. More rows at a time would take fewer loads, but these are not what is scarce.
constexpr size_t kTileColumns = 8;

// One plane of either side: the words of a row, and of a column, lie lda and ldb words apart.
struct Sides {
  const uint64_t *a, *b;
  size_t lda, ldb, words;
};

// What becomes of the totals of earlier planes.
enum class Before { kNothing, kAdded, kDoubled };

// All rows of one plane against C columns of one: totals[i * C + c].
template <size_t C, typename Popcount>
APB_NOINLINE void Pass(const Sides& sides, size_t rows, Before before, uint64_t* totals, Popcount popcount) {
  const size_t lda = sides.lda, ldb = sides.ldb;
  for (size_t i = 0; i < rows; ++i, totals += C) {
    const uint64_t *a = sides.a + i, *b = sides.b;
    uint64_t sums[C] = {};
    for (size_t w = sides.words; w > 0; --w, a += lda, b += ldb) {
      const uint64_t word = *a;
      APB_UNROLL
      for (size_t c = 0; c < C; ++c) sums[c] += static_cast<uint64_t>(popcount(word ^ b[c]));
    }
    if (before != Before::kNothing) {
      APB_UNROLL
      for (size_t c = 0; c < C; ++c) sums[c] += totals[c] << (before == Before::kDoubled);
    }
    APB_UNROLL
    for (size_t c = 0; c < C; ++c) totals[c] = sums[c];
  }
}

// Planes of one weight 2^(p + u) are added up before the sums are doubled for the next lower weight.
template <size_t C, typename Popcount>
inline void Columns(const BitGemmArgs& args, size_t column, Popcount popcount) {
  const auto* lanes = static_cast<const uint64_t*>(args.lanes.words);
  const auto* columns = static_cast<const uint64_t*>(args.columns.words) + column;
  const size_t lda = args.lanes.stride, ldb = args.columns.stride, words = args.words, rows = args.lanes.items;
  uint64_t totals[kTileRows * C];
  Before before = Before::kNothing;
  for (size_t level = args.lanes.planes + args.columns.planes - 1; level-- > 0;) {
    if (before == Before::kAdded) before = Before::kDoubled;
    for (size_t u = 0; u < args.columns.planes && u <= level; ++u) {
      if (level - u >= args.lanes.planes) continue;
      Pass<C>({lanes + (level - u) * words * lda, columns + u * words * ldb, lda, ldb, words}, rows, before, totals,
              popcount);
      before = Before::kAdded;
    }
  }
  const uint32_t factor = static_cast<uint32_t>(args.factor);
  int32_t* out = args.out + column * args.ldo;
  for (size_t c = 0; c < C; ++c, out += args.ldo) {
    const uint32_t term = args.column_terms ? static_cast<uint32_t>(args.column_terms[column + c]) : 0;
    for (size_t i = 0; i < rows; ++i) {
      const uint32_t lane_term = args.lane_terms ? static_cast<uint32_t>(args.lane_terms[i]) : 0;
      out[i] = static_cast<int32_t>(lane_term + term + factor * static_cast<uint32_t>(totals[i * C + c]));
    }
  }
}

template <typename Popcount>
inline void BitGemmByWords(const BitGemmArgs& args, Popcount popcount) {
  size_t column = 0;
  for (; column + kTileColumns <= args.columns.items; column += kTileColumns)
    Columns<kTileColumns>(args, column, popcount);
  if (args.columns.items & 4) Columns<4>(args, column, popcount), column += 4;
  for (; column < args.columns.items; ++column) Columns<1>(args, column, popcount);
}

}  // namespace
}  // namespace apb
