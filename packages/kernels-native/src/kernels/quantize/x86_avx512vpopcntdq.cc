#include "kernels/quantize/op.h"
#include "kernels/unroll.h"
#include "kernels/x86_avx512_lanes.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;

inline __m512i Codes(__m512 x, __m512 lo, __m512 hi, __m512 inv) {
  const __m512 clipped = _mm512_min_ps(_mm512_max_ps(x, lo), hi);
  // Converts by the default rounding mode: to nearest, ties to even.
  return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_sub_ps(clipped, lo), inv));
}

// Bits of 64 values, at first as bytes side by side: a test of all of them makes a plane's word.
template <unsigned bits>
inline void Word(const float* x, __m512 lo, __m512 hi, __m512 inv, size_t words, uint64_t* out) {
  const __m512i low =
      _mm512_packs_epi32(Codes(_mm512_loadu_ps(x), lo, hi, inv), Codes(_mm512_loadu_ps(x + kLanes), lo, hi, inv));
  const __m512i high = _mm512_packs_epi32(Codes(_mm512_loadu_ps(x + 2 * kLanes), lo, hi, inv),
                                          Codes(_mm512_loadu_ps(x + 3 * kLanes), lo, hi, inv));
  // Packing stays within 128-bit quarters: quarter q has words 4 * v + q, of vector v.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i codes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high));
  APB_UNROLL
  for (unsigned p = 0; p < bits; ++p)
    out[p * words] = _mm512_test_epi8_mask(codes, _mm512_set1_epi8(static_cast<char>(1u << p)));
}

template <bool sign, unsigned bits>
inline void Rows(const QuantizeArgs& args) {
  const __m512 lo = _mm512_set1_ps(args.lo);
  const __m512 hi = _mm512_set1_ps(args.hi);
  const __m512 inv = _mm512_set1_ps(args.inv);
  const size_t words = (args.k + 63) / 64;
  for (size_t i = 0; i < args.rows; ++i) {
    const float* x = args.x + i * args.stride;
    uint64_t* out = args.out + i * bits * words;
    for (size_t w = 0; w < words; ++w) {
      const size_t left = args.k - w * 64;
      const size_t count = left < 64 ? left : 64;
      if (!sign && count == 64) {
        Word<bits>(x + w * 64, lo, hi, inv, words, out + w);
        continue;
      }
      uint64_t planes[bits] = {};
      for (size_t b = 0; b < count; b += kLanes) {
        const __mmask16 lanes = FirstOf(count - b);
        const __m512 values = _mm512_maskz_loadu_ps(lanes, x + w * 64 + b);
        if (sign) {
          const __mmask16 negative = _mm512_mask_cmp_ps_mask(lanes, values, _mm512_setzero_ps(), _CMP_LT_OQ);
          planes[0] |= static_cast<uint64_t>(negative) << b;
          continue;
        }
        const __m512i codes = Codes(values, lo, hi, inv);
        APB_UNROLL
        for (unsigned p = 0; p < bits; ++p) {
          const __m512i bit = _mm512_set1_epi32(static_cast<int>(1u << p));
          planes[p] |= static_cast<uint64_t>(_mm512_mask_test_epi32_mask(lanes, codes, bit)) << b;
        }
      }
      APB_UNROLL
      for (unsigned p = 0; p < bits; ++p) out[p * words + w] = planes[p];
    }
  }
}

}  // namespace

void QuantizeX86Avx512Vpopcntdq(const QuantizeArgs& args) {
  if (args.sign) return Rows<true, 1>(args);
  switch (args.bits) {
    case 1: return Rows<false, 1>(args);
    case 2: return Rows<false, 2>(args);
    case 4: return Rows<false, 4>(args);
    default: return Rows<false, 8>(args);
  }
}

}  // namespace apb
