// AVX2: blocks of 8 x 8 words in registers; ragged edges word by word.
#include <immintrin.h>

#include "kernels/transpose/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kBlock = 8;

inline void Block(const uint32_t* from, size_t from_stride, uint32_t* to, size_t to_stride) {
  __m256i r[kBlock], t[kBlock];
  APB_UNROLL
  for (size_t i = 0; i < kBlock; ++i)
    r[i] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i * from_stride));
  APB_UNROLL
  for (size_t i = 0; i < kBlock; i += 2) {
    t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
  }
  APB_UNROLL
  for (size_t i = 0; i < kBlock; i += 4) {
    r[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  APB_UNROLL
  for (size_t c = 0; c < 4; ++c) {
    __m256i* low = reinterpret_cast<__m256i*>(to + c * to_stride);
    __m256i* high = reinterpret_cast<__m256i*>(to + (4 + c) * to_stride);
    _mm256_storeu_si256(low, _mm256_permute2x128_si256(r[c], r[4 + c], 0x20));
    _mm256_storeu_si256(high, _mm256_permute2x128_si256(r[c], r[4 + c], 0x31));
  }
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
