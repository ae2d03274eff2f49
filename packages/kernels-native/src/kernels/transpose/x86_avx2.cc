// AVX2: blocks of 8 x 8 words in registers; ragged edges word by word.
#include "kernels/transpose/op.h"
#include "kernels/transpose/x86_avx2_turn.h"

namespace apb {
namespace {

inline void Block(const uint32_t* from, size_t from_stride, uint32_t* to, size_t to_stride) {
  __m256i r[kBlock];
  APB_UNROLL
  for (size_t i = 0; i < kBlock; ++i)
    r[i] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i * from_stride));
  Turn(r);
  APB_UNROLL
  for (size_t i = 0; i < kBlock; ++i) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i * to_stride), r[i]);
}

inline void Edge(const TransposeArgs& args, size_t i, size_t rows, size_t j, size_t columns) {
  for (; i < rows; ++i)
    for (size_t l = j; l < columns; ++l) args.to[l * args.to_stride + i] = args.from[i * args.from_stride + l];
}

}  // namespace

void TransposeX86Avx2(const TransposeArgs& args) {
  const size_t rows = args.rows / kBlock * kBlock, columns = args.columns / kBlock * kBlock;
  for (size_t i = 0; i < rows; i += kBlock)
    for (size_t j = 0; j < columns; j += kBlock)
      Block(args.from + i * args.from_stride + j, args.from_stride, args.to + j * args.to_stride + i, args.to_stride);
  Edge(args, 0, rows, columns, args.columns);
  Edge(args, rows, args.rows, 0, args.columns);
}

}  // namespace apb
