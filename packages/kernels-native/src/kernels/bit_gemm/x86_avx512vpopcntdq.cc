// AVX-512 VPOPCNTDQ: a vector holds 64 bits of eight weight rows, an activation word is broadcast
// (Nardini et al., arXiv 2306.08960, section 4, with AND in place of XOR).
#include <immintrin.h>

#include "kernels/bit_gemm/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 8;  // 64-bit words of a vector; a panel's row is two of them

// Low halves of eight 64-bit sums, shifted, to eight 32-bit counts.
inline void Store(__m512i sums, unsigned shift, bool accumulate, uint32_t* out) {
  __m256i counts = _mm256_sll_epi32(_mm512_cvtepi64_epi32(sums), _mm_cvtsi32_si128(static_cast<int>(shift)));
  __m256i* to = reinterpret_cast<__m256i*>(out);
  if (accumulate) counts = _mm256_add_epi32(counts, _mm256_loadu_si256(to));
  _mm256_storeu_si256(to, counts);
}

// R rows x kPanel columns, 2 * R accumulators in registers.
template <size_t R>
inline void Rows(const BitGemmArgs& args, size_t first) {
  const size_t planes = args.planes, words = args.words;
  const uint64_t* a = args.a + first * planes * words;
  const uint64_t* b = args.b;
  __m512i left[R], right[R];
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) left[r] = right[r] = _mm512_setzero_si512();
  for (size_t p = planes; p-- > 0;) {
    APB_UNROLL
    for (size_t r = 0; r < R; ++r) {
      left[r] = _mm512_slli_epi64(left[r], 1);
      right[r] = _mm512_slli_epi64(right[r], 1);
    }
    for (size_t w = 0; w < words; ++w) {
      const __m512i b0 = _mm512_loadu_si512(b + w * kPanel);
      const __m512i b1 = _mm512_loadu_si512(b + w * kPanel + kLanes);
      APB_UNROLL
      for (size_t r = 0; r < R; ++r) {
        const __m512i bits = _mm512_set1_epi64(static_cast<int64_t>(a[(r * planes + p) * words + w]));
        left[r] = _mm512_add_epi64(left[r], _mm512_popcnt_epi64(_mm512_and_si512(bits, b0)));
        right[r] = _mm512_add_epi64(right[r], _mm512_popcnt_epi64(_mm512_and_si512(bits, b1)));
      }
    }
  }
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    uint32_t* out = args.counts + (first + r) * args.stride;
    Store(left[r], args.shift, args.accumulate, out);
    Store(right[r], args.shift, args.accumulate, out + kLanes);
  }
}

}  // namespace

void BitGemmX86Avx512Vpopcntdq(const BitGemmArgs& args) {
  size_t i = 0;
  for (; i + 8 <= args.rows; i += 8) Rows<8>(args, i);
  for (; i + 2 <= args.rows; i += 2) Rows<2>(args, i);
  for (; i < args.rows; ++i) Rows<1>(args, i);
}

}  // namespace apb
