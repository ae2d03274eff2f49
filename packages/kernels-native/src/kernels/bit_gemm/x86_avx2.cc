// AVX2: popcounts by nibble lookup, summed in bytes and widened before a byte can overflow.
#include <immintrin.h>

#include "kernels/bit_gemm/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 4;                  // 64-bit words of a vector
constexpr size_t kVectors = kPanel / kLanes;  // vectors of a panel's row
// A word adds at most 8 to a byte, and 31 * 8 = 248 still fits.
constexpr size_t kBlock = 31;

inline __m256i BytePopcount(__m256i x, __m256i table, __m256i low_nibbles) {
  const __m256i low = _mm256_and_si256(x, low_nibbles);
  const __m256i high = _mm256_and_si256(_mm256_srli_epi16(x, 4), low_nibbles);
  return _mm256_add_epi8(_mm256_shuffle_epi8(table, low), _mm256_shuffle_epi8(table, high));
}

// Two vectors of sums for each of R rows.
template <size_t R>
struct Sums {
  __m256i left[R], right[R];
};

// R rows against two vectors of columns, 2 * R byte accumulators in registers.
template <size_t R>
inline Sums<R> Tile(const uint64_t* a, const uint64_t* b, size_t planes, size_t words) {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                         0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low_nibbles = _mm256_set1_epi8(15);
  const __m256i zero = _mm256_setzero_si256();
  Sums<R> sums;
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) sums.left[r] = sums.right[r] = zero;
  for (size_t p = planes; p-- > 0;) {
    APB_UNROLL
    for (size_t r = 0; r < R; ++r) {
      sums.left[r] = _mm256_slli_epi64(sums.left[r], 1);
      sums.right[r] = _mm256_slli_epi64(sums.right[r], 1);
    }
    for (size_t start = 0; start < words; start += kBlock) {
      const size_t end = words - start < kBlock ? words : start + kBlock;
      __m256i left[R], right[R];
      APB_UNROLL
      for (size_t r = 0; r < R; ++r) left[r] = right[r] = zero;
      for (size_t w = start; w < end; ++w) {
        const __m256i b0 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b + w * kPanel));
        const __m256i b1 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b + w * kPanel + kLanes));
        APB_UNROLL
        for (size_t r = 0; r < R; ++r) {
          const __m256i bits = _mm256_set1_epi64x(static_cast<int64_t>(a[(r * planes + p) * words + w]));
          left[r] = _mm256_add_epi8(left[r], BytePopcount(_mm256_and_si256(bits, b0), table, low_nibbles));
          right[r] = _mm256_add_epi8(right[r], BytePopcount(_mm256_and_si256(bits, b1), table, low_nibbles));
        }
      }
      APB_UNROLL
      for (size_t r = 0; r < R; ++r) {
        sums.left[r] = _mm256_add_epi64(sums.left[r], _mm256_sad_epu8(left[r], zero));
        sums.right[r] = _mm256_add_epi64(sums.right[r], _mm256_sad_epu8(right[r], zero));
      }
    }
  }
  return sums;
}

// Low halves of four 64-bit sums, shifted, to four 32-bit counts.
inline void Store(__m256i sums, unsigned shift, bool accumulate, uint32_t* out) {
  const __m256i picks = _mm256_setr_epi32(0, 2, 4, 6, 0, 0, 0, 0);
  const __m128i low = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(sums, picks));
  __m128i counts = _mm_sll_epi32(low, _mm_cvtsi32_si128(static_cast<int>(shift)));
  __m128i* to = reinterpret_cast<__m128i*>(out);
  if (accumulate) counts = _mm_add_epi32(counts, _mm_loadu_si128(to));
  _mm_storeu_si128(to, counts);
}

template <size_t R>
inline void Rows(const BitGemmArgs& args, size_t first) {
  const uint64_t* a = args.a + first * args.planes * args.words;
  for (size_t v = 0; v < kVectors; v += 2) {
    const Sums<R> sums = Tile<R>(a, args.b + v * kLanes, args.planes, args.words);
    APB_UNROLL
    for (size_t r = 0; r < R; ++r) {
      uint32_t* out = args.counts + (first + r) * args.stride + v * kLanes;
      Store(sums.left[r], args.shift, args.accumulate, out);
      Store(sums.right[r], args.shift, args.accumulate, out + kLanes);
    }
  }
}

}  // namespace

void BitGemmX86Avx2(const BitGemmArgs& args) {
  size_t i = 0;
  for (; i + 3 <= args.rows; i += 3) Rows<3>(args, i);
  for (; i < args.rows; ++i) Rows<1>(args, i);
}

}  // namespace apb
