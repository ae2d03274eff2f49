// The product word by word in general registers, over a popcount of 64 bits. Included by one file per popcount:
// internal linkage keeps code of wider instruction sets out of the others.
#include "kernels/bit_gemm/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

// Columns that are counted together, each in a register.
constexpr size_t kTileColumns = 8;
// Words that are counted without a jump: those of nine taps of 64 channels.
constexpr size_t kWordsAtOnce = 9;

// N words of a row against C columns. The words of a row lie A apart, those of a column B.
template <size_t A, size_t B, size_t C, size_t N, bool first, typename Popcount>
APB_INLINE void CountWords(const uint64_t* a, const uint64_t* b, uint64_t* sums, Popcount popcount) {
  APB_UNROLL
  for (size_t w = 0; w < N; ++w) {
    const uint64_t word = a[w * A];
    APB_UNROLL
    for (size_t c = 0; c < C; ++c) {
      const uint64_t count = static_cast<uint64_t>(popcount(word ^ b[w * B + c]));
      sums[c] = first && w == 0 ? count : sums[c] + count;
      APB_OPAQUE(sums[c]);
    }
  }
}

// All words of a row and of C columns.
template <size_t A, size_t B, size_t C, typename Popcount>
APB_INLINE void CountRow(const uint64_t* a, const uint64_t* b, size_t words, uint64_t* sums, Popcount popcount) {
  if (words >= kWordsAtOnce) {
    CountWords<A, B, C, kWordsAtOnce, true>(a, b, sums, popcount);
    words -= kWordsAtOnce, a += kWordsAtOnce * A, b += kWordsAtOnce * B;
  } else {
    for (size_t c = 0; c < C; ++c) sums[c] = 0;
  }
  for (; words >= kWordsAtOnce; words -= kWordsAtOnce, a += kWordsAtOnce * A, b += kWordsAtOnce * B)
    CountWords<A, B, C, kWordsAtOnce, false>(a, b, sums, popcount);
  for (; words > 0; --words, a += A, b += B) CountWords<A, B, C, 1, false>(a, b, sums, popcount);
}

// Counts of plane p of all rows against plane u of C columns: the first write results, later ones add to them.
template <size_t A, size_t B, size_t C, bool first, typename Popcount>
APB_NOINLINE void CountPlanes(const BitGemmArgs& args, size_t column, size_t p, size_t u, Popcount popcount) {
  const size_t words = args.words, rows = args.lanes.items, ldo = args.ldo;
  const auto* a = static_cast<const uint64_t*>(args.lanes.words) + p * words * A;
  const auto* b = static_cast<const uint64_t*>(args.columns.words) + u * words * B + column;
  int32_t* out = args.out + column * ldo;
  for (size_t i = 0; i < rows; ++i) {
    uint64_t sums[C];
    CountRow<A, B, C>(a + i, b, words, sums, popcount);
    int32_t* to = out + i;
    APB_UNROLL
    for (size_t c = 0; c < C; ++c, to += ldo) {
      APB_OPAQUE(to);
      const uint32_t count = static_cast<uint32_t>(sums[c]);
      *to = static_cast<int32_t>(first ? count : static_cast<uint32_t>(*to) + (count << (p + u)));
    }
  }
}

// Counts of one column become results: loops of their own, of which compilers make vectors. At the end of a row the
// same would take as long as two words of a result. Without SSE4 there is no product of vectors of 32 bits: factors are
// shifts.
inline void Finish(const BitGemmArgs& args, size_t column, int32_t* out) {
  const uint32_t term = args.column_terms ? static_cast<uint32_t>(args.column_terms[column]) : 0;
  const bool minus = args.factor < 0;
  const unsigned shift = args.factor == 2 || args.factor == -2 ? 1 : 0;
  const size_t rows = args.lanes.items;
  for (size_t i = 0; i < rows; ++i) {
    const uint32_t count = static_cast<uint32_t>(out[i]) << shift;
    out[i] = static_cast<int32_t>(minus ? term - count : term + count);
  }
  if (!args.lane_terms) return;
  for (size_t i = 0; i < rows; ++i)
    out[i] = static_cast<int32_t>(static_cast<uint32_t>(out[i]) + static_cast<uint32_t>(args.lane_terms[i]));
}

// All rows and planes against C columns.
template <size_t A, size_t B, size_t C, typename Popcount>
inline void Columns(const BitGemmArgs& args, size_t column, Popcount popcount) {
  CountPlanes<A, B, C, true>(args, column, 0, 0, popcount);
  for (size_t p = 0; p < args.lanes.planes; ++p)
    for (size_t u = 0; u < args.columns.planes; ++u)
      if (p + u > 0) CountPlanes<A, B, C, false>(args, column, p, u, popcount);
  for (size_t c = column; c < column + C; ++c) Finish(args, c, args.out + c * args.ldo);
}

template <size_t A, size_t B, typename Popcount>
inline void AllColumns(const BitGemmArgs& args, Popcount popcount) {
  size_t column = 0;
  for (; column + kTileColumns <= args.columns.items; column += kTileColumns)
    Columns<A, B, kTileColumns>(args, column, popcount);
  if (args.columns.items - column >= 4) Columns<A, B, 4>(args, column, popcount), column += 4;
  for (; column < args.columns.items; ++column) Columns<A, B, 1>(args, column, popcount);
}

// Products never swap sides where rows are counted one by one (Kernels::row_group), but they may.
template <typename Popcount>
inline void BitGemmByWords(const BitGemmArgs& args, Popcount popcount) {
  if (args.lanes.stride == kTileRows)
    AllColumns<kTileRows, kPanel>(args, popcount);
  else
    AllColumns<kPanel, kTileRows>(args, popcount);
}

}  // namespace
}  // namespace apb
