// The product word by word in general registers, over a popcount of 64 bits. Included by one file per popcount:
// internal linkage keeps code of wider instruction sets out of the others.
#include "kernels/bit_gemm/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

// Register tile: 8 sums, 6 loads for 24 operations.
constexpr size_t kTileLanes = 2;
constexpr size_t kTileColumns = 4;

template <size_t L, size_t C, bool exclusive, typename Popcount>
inline void Pass(const uint64_t* a, size_t lda, const uint64_t* b, size_t ldb, size_t words, uint64_t* sums,
                 Popcount popcount) {
  for (; words > 0; --words, a += lda, b += ldb) {
    APB_UNROLL
    for (size_t c = 0; c < C; ++c) {
      APB_UNROLL
      for (size_t l = 0; l < L; ++l)
        sums[c * L + l] += static_cast<uint64_t>(popcount(exclusive ? a[l] ^ b[c] : a[l] & b[c]));
    }
  }
}

// Planes of one weight 2^(p + u) are added up before the sums are doubled for the next lower weight.
template <size_t L, size_t C, bool exclusive, typename Popcount>
inline void Tile(const BitGemmArgs& args, size_t lane, size_t column, Popcount popcount) {
  const uint64_t* lanes = static_cast<const uint64_t*>(args.lanes.words) + lane;
  const uint64_t* columns = static_cast<const uint64_t*>(args.columns.words) + column;
  const size_t lda = args.lanes.stride, ldb = args.columns.stride, words = args.words;
  uint64_t sums[L * C] = {};
  for (size_t level = args.lanes.planes + args.columns.planes - 1; level-- > 0;) {
    APB_UNROLL
    for (size_t i = 0; i < L * C; ++i) sums[i] <<= 1;
    for (size_t u = 0; u < args.columns.planes && u <= level; ++u)
      if (level - u < args.lanes.planes)
        Pass<L, C, exclusive>(lanes + (level - u) * words * lda, lda, columns + u * words * ldb, ldb, words, sums,
                              popcount);
  }
  for (size_t c = 0; c < C; ++c)
    for (size_t l = 0; l < L; ++l) {
      uint32_t out = static_cast<uint32_t>(args.factor) * static_cast<uint32_t>(sums[c * L + l]);
      if (args.lane_terms) out += static_cast<uint32_t>(args.lane_terms[lane + l]);
      if (args.column_terms) out += static_cast<uint32_t>(args.column_terms[column + c]);
      args.out[(column + c) * args.ldo + lane + l] = static_cast<int32_t>(out);
    }
}

template <size_t L, bool exclusive, typename Popcount>
inline void Columns(const BitGemmArgs& args, size_t lane, Popcount popcount) {
  size_t column = 0;
  for (; column + kTileColumns <= args.columns.items; column += kTileColumns)
    Tile<L, kTileColumns, exclusive>(args, lane, column, popcount);
  for (; column < args.columns.items; ++column) Tile<L, 1, exclusive>(args, lane, column, popcount);
}

template <bool exclusive, typename Popcount>
inline void Rows(const BitGemmArgs& args, Popcount popcount) {
  size_t lane = 0;
  for (; lane + kTileLanes <= args.lanes.items; lane += kTileLanes)
    Columns<kTileLanes, exclusive>(args, lane, popcount);
  for (; lane < args.lanes.items; ++lane) Columns<1, exclusive>(args, lane, popcount);
}

template <typename Popcount>
inline void BitGemmByWords(const BitGemmArgs& args, Popcount popcount) {
  if (args.exclusive)
    Rows<true>(args, popcount);
  else
    Rows<false>(args, popcount);
}

}  // namespace
}  // namespace apb
