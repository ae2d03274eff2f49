// AVX-512: blocks of 16 x 16 words in registers, ragged edges by masks.
#include "kernels/transpose/op.h"
#include "kernels/transpose/x86_avx512_turn.h"

namespace apb {
namespace {

inline void Block(const TransposeArgs& args, size_t i, size_t j) {
  const size_t rows = args.rows - i, columns = args.columns - j;
  const __mmask16 read = FirstOf(columns), write = FirstOf(rows);
  const uint32_t* from = args.from + i * args.from_stride + j;
  uint32_t* to = args.to + j * args.to_stride + i;
  __m512i r[kBlock];
  APB_UNROLL
  for (size_t l = 0; l < kBlock; ++l)
    r[l] = l < rows ? _mm512_maskz_loadu_epi32(read, from + l * args.from_stride) : _mm512_setzero_si512();
  Turn(r);
  APB_UNROLL
  for (size_t l = 0; l < kBlock; ++l)
    if (l < columns) _mm512_mask_storeu_epi32(to + l * args.to_stride, write, r[l]);
}

// Rows of two or four words that follow each other, of which columns are taken: every second or fourth word of a
// run of memory, picked by permutations of two vectors.
template <size_t stride>
inline void Narrow(const TransposeArgs& args) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i every =
      stride == 2 ? _mm512_slli_epi32(lanes, 1) : _mm512_slli_epi32(_mm512_and_si512(lanes, _mm512_set1_epi32(7)), 2);
  for (size_t i = 0; i < args.rows; i += kBlock) {
    const size_t rows = args.rows - i < kBlock ? args.rows - i : kBlock;
    // The last row ends with its last column.
    const size_t words = (rows - 1) * stride + args.columns;
    const uint32_t* from = args.from + i * stride;
    __m512i x[stride];
    APB_UNROLL
    for (size_t v = 0; v < stride; ++v)
      x[v] = _mm512_maskz_loadu_epi32(words > v * kBlock ? FirstOf(words - v * kBlock) : 0, from + v * kBlock);
    for (size_t j = 0; j < args.columns; ++j) {
      const __m512i index = _mm512_add_epi32(every, _mm512_set1_epi32(static_cast<int>(j)));
      __m512i column = _mm512_permutex2var_epi32(x[0], index, x[1]);
      // Sixteen rows of four words: the first eight from two vectors, the others from the next two.
      if (stride == 4)
        column = _mm512_shuffle_i64x2(column, _mm512_permutex2var_epi32(x[stride - 2], index, x[stride - 1]), 0x44);
      _mm512_mask_storeu_epi32(args.to + j * args.to_stride + i, FirstOf(rows), column);
    }
  }
}

// Two or four rows whose words come to lie side by side.
template <size_t rows>
inline void Interleave(const TransposeArgs& args) {
  const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
  const __m512i low_pairs = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
  const __m512i high_pairs = _mm512_add_epi64(low_pairs, _mm512_set1_epi64(4));
  for (size_t j = 0; j < args.columns; j += kBlock) {
    const size_t words = (args.columns - j < kBlock ? args.columns - j : kBlock) * rows;
    const __mmask16 read = FirstOf(args.columns - j);
    __m512i x[rows], y[rows];
    APB_UNROLL
    for (size_t i = 0; i < rows; ++i) x[i] = _mm512_maskz_loadu_epi32(read, args.from + i * args.from_stride + j);
    APB_UNROLL
    for (size_t i = 0; i < rows; i += 2) {
      y[i] = _mm512_permutex2var_epi32(x[i], low, x[i + 1]);
      y[i + 1] = _mm512_permutex2var_epi32(x[i], high, x[i + 1]);
    }
    if (rows == 4) {
      x[0] = _mm512_permutex2var_epi64(y[0], low_pairs, y[rows - 2]);
      x[1] = _mm512_permutex2var_epi64(y[0], high_pairs, y[rows - 2]);
      x[rows - 2] = _mm512_permutex2var_epi64(y[1], low_pairs, y[rows - 1]);
      x[rows - 1] = _mm512_permutex2var_epi64(y[1], high_pairs, y[rows - 1]);
    }
    APB_UNROLL
    for (size_t v = 0; v < rows; ++v)
      if (words > v * kBlock)
        _mm512_mask_storeu_epi32(args.to + j * rows + v * kBlock, FirstOf(words - v * kBlock), rows == 4 ? x[v] : y[v]);
  }
}

}  // namespace

void TransposeX86Avx512Vpopcntdq(const TransposeArgs& args) {
  if (args.rows == 0 || args.columns == 0) return;
  if (args.from_stride == 2 && args.columns <= 2) return Narrow<2>(args);
  if (args.from_stride == 4 && args.columns <= 4) return Narrow<4>(args);
  if (args.rows == 2 && args.to_stride == 2) return Interleave<2>(args);
  if (args.rows == 4 && args.to_stride == 4) return Interleave<4>(args);
  for (size_t i = 0; i < args.rows; i += kBlock)
    for (size_t j = 0; j < args.columns; j += kBlock) Block(args, i, j);
}

}  // namespace apb
