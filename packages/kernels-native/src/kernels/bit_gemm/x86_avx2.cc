// AVX2: popcounts by nibble lookup, by tables of a column's nibbles (x86_avx2_tables.h) where there are more than 16
// rows. For fewer, which would leave half of such a vector empty, both sides are split into nibbles beforehand, so that
// XOR itself gives the index: two logical operations, two lookups and two additions per 256 bits, where
// counting a whole word takes eight.
#include <immintrin.h>

#include "kernels/bit_gemm/op.h"
#include "kernels/bit_gemm/x86_avx2_tables.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 8;  // 32-bit words of a vector
constexpr size_t kColumns = 4;
constexpr size_t kVectors = kTileRows / kLanes;
// A word adds at most 8 to a byte, and 31 * 8 = 248 still fits.
constexpr size_t kBlock = 31;

// Low and high nibbles of a block of words of kColumns columns.
struct Nibbles {
  alignas(16) uint32_t low[kBlock][kColumns];
  alignas(16) uint32_t high[kBlock][kColumns];
};

// Columns beyond the last are read too, their counts are not used: a stride is a multiple of kColumns.
inline void Split(const uint32_t* b, size_t ldb, size_t words, Nibbles& nibbles) {
  const __m128i mask = _mm_set1_epi8(15);
  for (size_t w = 0; w < words; ++w) {
    const __m128i word = _mm_loadu_si128(reinterpret_cast<const __m128i*>(b + w * ldb));
    _mm_store_si128(reinterpret_cast<__m128i*>(nibbles.low[w]), _mm_and_si128(word, mask));
    _mm_store_si128(reinterpret_cast<__m128i*>(nibbles.high[w]), _mm_and_si128(_mm_srli_epi16(word, 4), mask));
  }
}

inline __m256i Index(__m256i x, uint32_t column) {
  return _mm256_xor_si256(x, _mm256_set1_epi32(static_cast<int>(column)));
}

// sums[c] += counts of one vector of rows against kColumns columns, at most kBlock words.
inline void Block(const uint32_t* a, size_t lda, const Nibbles& nibbles, size_t words, __m256i* sums) {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                         0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i mask = _mm256_set1_epi8(15);
  __m256i bytes[kColumns];
  APB_UNROLL
  for (size_t c = 0; c < kColumns; ++c) bytes[c] = _mm256_setzero_si256();
  for (size_t w = 0; w < words; ++w) {
    const __m256i x = _mm256_load_si256(reinterpret_cast<const __m256i*>(a + w * lda));
    const __m256i low = _mm256_and_si256(x, mask);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(x, 4), mask);
    APB_UNROLL
    for (size_t c = 0; c < kColumns; ++c) {
      const __m256i low_count = _mm256_shuffle_epi8(table, Index(low, nibbles.low[w][c]));
      const __m256i high_count = _mm256_shuffle_epi8(table, Index(high, nibbles.high[w][c]));
      bytes[c] = _mm256_add_epi8(bytes[c], _mm256_add_epi8(low_count, high_count));
    }
  }
  APB_UNROLL
  for (size_t c = 0; c < kColumns; ++c) {
    const __m256i pairs = _mm256_maddubs_epi16(bytes[c], _mm256_set1_epi8(1));
    sums[c] = _mm256_add_epi32(sums[c], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
}

// All rows against kColumns columns, one plane on either side. sums: [vectors][kColumns]
inline void Pass(const uint32_t* a, size_t lda, size_t vectors, const uint32_t* b, size_t ldb, size_t words,
                 __m256i* sums) {
  Nibbles nibbles;
  for (size_t start = 0; start < words; start += kBlock) {
    const size_t count = words - start < kBlock ? words - start : kBlock;
    Split(b + start * ldb, ldb, count, nibbles);
    for (size_t v = 0; v < vectors; ++v) Block(a + start * lda + v * kLanes, lda, nibbles, count, sums + v * kColumns);
  }
}

// out = terms + factor * sums of one column.
inline void Store(const BitGemmArgs& args, size_t vectors, size_t column, const __m256i* sums) {
  const __m256i factor = _mm256_set1_epi32(args.factor);
  const __m256i term = _mm256_set1_epi32(args.column_terms ? args.column_terms[column] : 0);
  for (size_t v = 0; v < vectors; ++v) {
    __m256i out = _mm256_add_epi32(term, _mm256_mullo_epi32(factor, sums[v * kColumns]));
    if (args.lane_terms)
      out = _mm256_add_epi32(out, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(args.lane_terms + v * kLanes)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(args.out + column * args.ldo + v * kLanes), out);
  }
}

// Planes of one weight 2^(p + u) are added up before the sums are doubled for the next lower weight.
inline void Columns(const BitGemmArgs& args, size_t column, size_t columns) {
  const uint32_t* a = static_cast<const uint32_t*>(args.lanes.words);
  const uint32_t* b = static_cast<const uint32_t*>(args.columns.words) + column;
  const size_t lda = args.lanes.stride, ldb = args.columns.stride, words = args.words;
  const size_t vectors = (args.lanes.items + kLanes - 1) / kLanes;
  __m256i sums[kVectors * kColumns];
  for (size_t i = 0; i < vectors * kColumns; ++i) sums[i] = _mm256_setzero_si256();
  for (size_t level = args.lanes.planes + args.columns.planes - 1; level-- > 0;) {
    for (size_t i = 0; i < vectors * kColumns; ++i) sums[i] = _mm256_add_epi32(sums[i], sums[i]);
    for (size_t u = 0; u < args.columns.planes && u <= level; ++u)
      if (level - u < args.lanes.planes)
        Pass(a + (level - u) * words * lda, lda, vectors, b + u * words * ldb, ldb, words, sums);
  }
  for (size_t c = 0; c < columns; ++c) Store(args, vectors, column + c, sums + c);
}

}  // namespace

void BitGemmX86Avx2(const BitGemmArgs& args) {
  const size_t done = TableRows(args);
  if (done >= args.lanes.items) return;
  BitGemmArgs rest = args;
  rest.lanes.words = static_cast<const uint32_t*>(args.lanes.words) + done;
  rest.lanes.items -= done;
  if (rest.lane_terms) rest.lane_terms += done;
  rest.out += done;
  for (size_t column = 0; column < rest.columns.items; column += kColumns) {
    const size_t columns = rest.columns.items - column;
    Columns(rest, column, columns < kColumns ? columns : kColumns);
  }
}

}  // namespace apb
