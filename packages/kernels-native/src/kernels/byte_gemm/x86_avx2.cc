// AVX2: signs are expanded to bytes part by part and shared by all rows; pairs of products are added to 16 bits, at
// most 510 each, so that 64 of them fit before they are widened.
#include <immintrin.h>
#include <string.h>

#include "kernels/byte_gemm/op.h"
#include "kernels/row_blocks.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kMostRows = 6;
constexpr size_t kQuads = 64;  // 64 * 510 < 2^15

struct Part {
  __m256i signs[kQuads][2];  // +-1: channels 0 to 7, 8 to 15, four bytes each
  size_t quads;
  bool first;  // of k
};

inline __m256i Signs(uint32_t bits) {
  const __m256i bytes =
      _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
  const __m256i bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ull));
  const __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(bits)), bytes);
  const __m256i negative = _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
  return _mm256_or_si256(negative, _mm256_set1_epi8(1));
}

inline void Expand(const uint64_t* signs, Part& part) {
  for (size_t t = 0; t < part.quads; ++t) {
    part.signs[t][0] = Signs(static_cast<uint32_t>(signs[t]));
    part.signs[t][1] = Signs(static_cast<uint32_t>(signs[t] >> 32));
  }
}

template <size_t R>
void Rows(const Part& part, const uint8_t* a, size_t lda, int32_t* out, size_t ldo) {
  __m256i sums[R][2];
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) sums[r][0] = sums[r][1] = _mm256_setzero_si256();
  for (size_t t = 0; t < part.quads; ++t) {
    const __m256i s0 = part.signs[t][0], s1 = part.signs[t][1];
    APB_UNROLL
    for (size_t r = 0; r < R; ++r) {
      int four;
      memcpy(&four, a + r * lda + 4 * t, 4);
      const __m256i q = _mm256_set1_epi32(four);
      sums[r][0] = _mm256_add_epi16(sums[r][0], _mm256_maddubs_epi16(q, s0));
      sums[r][1] = _mm256_add_epi16(sums[r][1], _mm256_maddubs_epi16(q, s1));
    }
  }
  const __m256i ones = _mm256_set1_epi16(1);
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    APB_UNROLL
    for (size_t h = 0; h < 2; ++h) {
      __m256i* to = reinterpret_cast<__m256i*>(out + r * ldo + 8 * h);
      const __m256i wide = _mm256_madd_epi16(sums[r][h], ones);
      _mm256_storeu_si256(to, part.first ? wide : _mm256_add_epi32(wide, _mm256_loadu_si256(to)));
    }
  }
}

using Block = void(const Part& part, const uint8_t* a, size_t lda, int32_t* out, size_t ldo);
Block* const kBlocks[kMostRows] = {Rows<1>, Rows<2>, Rows<3>, Rows<4>, Rows<5>, Rows<6>};

}  // namespace

void ByteGemmX86Avx2(const ByteGemmArgs& args) {
  Part part;
  for (size_t p = 0; p < args.panels; ++p)
    for (size_t t = 0; t < args.quads; t += kQuads) {
      part.quads = args.quads - t < kQuads ? args.quads - t : kQuads;
      part.first = t == 0;
      Expand(args.signs + p * args.quads + t, part);
      ForEachRowBlock<kMostRows>(args.rows, [&](size_t first, size_t rows) {
        kBlocks[rows - 1](part, args.a + first * args.lda + 4 * t, args.lda, args.out + first * args.ldo + p * kPanel,
                          args.ldo);
      });
    }
}

}  // namespace apb
