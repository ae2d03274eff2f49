// The product word by word in general registers, over a popcount of 64 bits. Included by one file per popcount:
// internal linkage keeps code of wider instruction sets out of the others.
#include "kernels/bit_gemm/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

// Register tile: one row, 8 sums. Of a scalar ceiling measured on Zen 5, k = 2304 / 4608: 1 x 8 0.70 / 0.74, 3 x 2
// 0.70 / 0.73, 2 x 3 0.66 / 0.71, 2 x 4 (the most sums and fewest loads) 0.63 / 0.67, whose operands do not fit the
// fifteen registers.
constexpr size_t kTileColumns = 8;

// All words of one plane on either side. A function of its own: inlined, GCC keeps sums in memory in favour of what
// is only used outside of the loop (0.63 in place of 0.70).
template <size_t C, bool exclusive, typename Popcount>
APB_NOINLINE void Pass(const uint64_t* a, size_t lda, const uint64_t* b, size_t ldb, size_t words, uint64_t* totals,
                       Popcount popcount) {
  uint64_t sums[C] = {};
  for (; words > 0; --words, a += lda, b += ldb) {
    APB_UNROLL
    for (size_t c = 0; c < C; ++c) sums[c] += static_cast<uint64_t>(popcount(exclusive ? *a ^ b[c] : *a & b[c]));
  }
  APB_UNROLL
  for (size_t c = 0; c < C; ++c) totals[c] += sums[c];
}

// Planes of one weight 2^(p + u) are added up before the sums are doubled for the next lower weight.
template <size_t C, bool exclusive, typename Popcount>
inline void Tile(const BitGemmArgs& args, size_t lane, size_t column, Popcount popcount) {
  const uint64_t* lanes = static_cast<const uint64_t*>(args.lanes.words) + lane;
  const uint64_t* columns = static_cast<const uint64_t*>(args.columns.words) + column;
  const size_t lda = args.lanes.stride, ldb = args.columns.stride, words = args.words;
  uint64_t sums[C] = {};
  for (size_t level = args.lanes.planes + args.columns.planes - 1; level-- > 0;) {
    for (size_t c = 0; c < C; ++c) sums[c] <<= 1;
    for (size_t u = 0; u < args.columns.planes && u <= level; ++u)
      if (level - u < args.lanes.planes)
        Pass<C, exclusive>(lanes + (level - u) * words * lda, lda, columns + u * words * ldb, ldb, words, sums,
                           popcount);
  }
  const uint32_t lane_term = args.lane_terms ? static_cast<uint32_t>(args.lane_terms[lane]) : 0;
  const uint32_t factor = static_cast<uint32_t>(args.factor);
  int32_t* out = args.out + column * args.ldo + lane;
  for (size_t c = 0; c < C; ++c) {
    const uint32_t term = args.column_terms ? static_cast<uint32_t>(args.column_terms[column + c]) : 0;
    out[c * args.ldo] = static_cast<int32_t>(lane_term + term + factor * static_cast<uint32_t>(sums[c]));
  }
}

template <bool exclusive, typename Popcount>
inline void Row(const BitGemmArgs& args, size_t lane, Popcount popcount) {
  size_t column = 0;
  for (; column + kTileColumns <= args.columns.items; column += kTileColumns)
    Tile<kTileColumns, exclusive>(args, lane, column, popcount);
  if (args.columns.items & 4) Tile<4, exclusive>(args, lane, column, popcount), column += 4;
  for (; column < args.columns.items; ++column) Tile<1, exclusive>(args, lane, column, popcount);
}

template <typename Popcount>
inline void BitGemmByWords(const BitGemmArgs& args, Popcount popcount) {
  for (size_t lane = 0; lane < args.lanes.items; ++lane)
    if (args.exclusive)
      Row<true>(args, lane, popcount);
    else
      Row<false>(args, lane, popcount);
}

}  // namespace
}  // namespace apb
