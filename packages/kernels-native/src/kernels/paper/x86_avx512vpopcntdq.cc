// The paper's register tiles: a vector holds 64 bits of eight columns, a word of a row is broadcast, sums
// have 64 bits. Every masked XOR is one ternary-logic instruction.
#include <immintrin.h>

#include "kernels/paper/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

// Truth tables over (a, b, c): (a ^ b) & c and (a ^ b) & ~c.
constexpr int kXorWithin = 0x28;
constexpr int kXorOutside = 0x14;

inline __m512i Row(const uint64_t* word) { return _mm512_set1_epi64(static_cast<int64_t>(*word)); }

inline void Add(__m512i& sum, __m512i bits) { sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(bits)); }

inline void Store(int32_t* out, __m256i values) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), values); }

inline __m256i Narrow(__m512i sums) { return _mm512_cvtepi64_epi32(sums); }

// count - 2 * negative
inline __m256i Difference(__m256i count, __m256i negative) {
  return _mm256_sub_epi32(count, _mm256_add_epi32(negative, negative));
}

// R rows of the 2-bit side against eight columns, eight sums a row.
template <size_t R>
inline void Rows2x2(const PaperArgs& args, size_t first) {
  __m512i masks[R][4], counts[R][4];
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    APB_UNROLL
    for (size_t m = 0; m < 4; ++m) masks[r][m] = counts[r][m] = _mm512_setzero_si512();
  }
  for (size_t w = 0; w < args.words; ++w) {
    const uint64_t* column = args.columns + w * 3 * kPaperTile;
    const uint64_t* row = args.rows + w * 3 * kPaperTile + first;
    const __m512i n = _mm512_loadu_si512(column), u = _mm512_loadu_si512(column + kPaperTile),
                  g = _mm512_loadu_si512(column + 2 * kPaperTile);
    APB_UNROLL
    for (size_t r = 0; r < R; ++r) {
      const __m512i m = Row(row + r), t = Row(row + kPaperTile + r), h = Row(row + 2 * kPaperTile + r);
      const __m512i both = _mm512_and_si512(m, n), left = _mm512_andnot_si512(n, m), right = _mm512_andnot_si512(m, n),
                    either = _mm512_or_si512(m, n);
      Add(masks[r][0], both);
      Add(masks[r][1], left);
      Add(masks[r][2], right);
      Add(masks[r][3], either);
      Add(counts[r][0], _mm512_ternarylogic_epi64(t, u, both, kXorWithin));
      Add(counts[r][1], _mm512_ternarylogic_epi64(t, g, left, kXorWithin));
      Add(counts[r][2], _mm512_ternarylogic_epi64(h, u, right, kXorWithin));
      Add(counts[r][3], _mm512_ternarylogic_epi64(h, g, either, kXorOutside));
    }
  }
  const __m256i k = _mm256_set1_epi32(static_cast<int>(args.k));
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    const __m256i nine = Difference(Narrow(masks[r][0]), Narrow(counts[r][0]));
    const __m256i three = _mm256_add_epi32(Difference(Narrow(masks[r][1]), Narrow(counts[r][1])),
                                           Difference(Narrow(masks[r][2]), Narrow(counts[r][2])));
    const __m256i one = Difference(_mm256_sub_epi32(k, Narrow(masks[r][3])), Narrow(counts[r][3]));
    const __m256i sum = _mm256_add_epi32(_mm256_mullo_epi32(nine, _mm256_set1_epi32(9)),
                                         _mm256_mullo_epi32(three, _mm256_set1_epi32(3)));
    Store(args.out + (first + r) * args.ldo, _mm256_add_epi32(sum, one));
  }
}

}  // namespace

void Paper1x1X86Avx512Vpopcntdq(const PaperArgs& args) {
  __m512i sums[kPaperTile];
  APB_UNROLL
  for (size_t r = 0; r < kPaperTile; ++r) sums[r] = _mm512_setzero_si512();
  for (size_t w = 0; w < args.words; ++w) {
    const __m512i column = _mm512_loadu_si512(args.columns + w * kPaperTile);
    APB_UNROLL
    for (size_t r = 0; r < kPaperTile; ++r) Add(sums[r], _mm512_xor_si512(column, Row(args.rows + w * kPaperTile + r)));
  }
  const __m256i k = _mm256_set1_epi32(static_cast<int>(args.k));
  APB_UNROLL
  for (size_t r = 0; r < kPaperTile; ++r) Store(args.out + r * args.ldo, Difference(k, Narrow(sums[r])));
}

void Paper1x2X86Avx512Vpopcntdq(const PaperArgs& args) {
  __m512i within[kPaperTile], outside[kPaperTile];
  APB_UNROLL
  for (size_t r = 0; r < kPaperTile; ++r) within[r] = outside[r] = _mm512_setzero_si512();
  for (size_t w = 0; w < args.words; ++w) {
    const uint64_t* column = args.columns + w * 3 * kPaperTile;
    const __m512i mask = _mm512_loadu_si512(column), t = _mm512_loadu_si512(column + kPaperTile),
                  h = _mm512_loadu_si512(column + 2 * kPaperTile);
    APB_UNROLL
    for (size_t r = 0; r < kPaperTile; ++r) {
      const __m512i row = Row(args.rows + w * kPaperTile + r);
      Add(within[r], _mm512_ternarylogic_epi64(row, t, mask, kXorWithin));
      Add(outside[r], _mm512_ternarylogic_epi64(row, h, mask, kXorOutside));
    }
  }
  // 3 * (|M| - 2 c_M) + (k - |M|) - 2 c_notM = k + 2 |M| - 6 c_M - 2 c_notM
  const __m256i large = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(args.large));
  const __m256i constant =
      _mm256_add_epi32(_mm256_set1_epi32(static_cast<int>(args.k)), _mm256_add_epi32(large, large));
  APB_UNROLL
  for (size_t r = 0; r < kPaperTile; ++r) {
    const __m256i c = Narrow(within[r]);
    const __m256i three = _mm256_add_epi32(c, _mm256_add_epi32(c, c));
    Store(args.out + r * args.ldo, Difference(constant, _mm256_add_epi32(three, Narrow(outside[r]))));
  }
}

void Paper2x2X86Avx512Vpopcntdq(const PaperArgs& args) {
  Rows2x2<2>(args, 0);
  Rows2x2<2>(args, 2);
  Rows2x2<2>(args, 4);
  Rows2x2<2>(args, 6);
}

}  // namespace apb
