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

}  // namespace

void TransposeX86Avx512Vpopcntdq(const TransposeArgs& args) {
  for (size_t i = 0; i < args.rows; i += kBlock)
    for (size_t j = 0; j < args.columns; j += kBlock) Block(args, i, j);
}

}  // namespace apb
