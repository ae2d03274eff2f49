#include <immintrin.h>

#include "kernels/quantize/op.h"

namespace apb {
namespace {

constexpr size_t kLanes = 8;

// Eight values; lanes from `count` on are zero and their bits are cut off by the caller.
inline __m256 Load(const float* x, size_t count) {
  if (count >= kLanes) return _mm256_loadu_ps(x);
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_maskload_ps(x, _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lanes));
}

inline __m256i Codes(__m256 x, __m256 lo, __m256 hi, __m256 inv) {
  const __m256 clipped = _mm256_min_ps(_mm256_max_ps(x, lo), hi);
  // Converts by the default rounding mode: to nearest, ties to even.
  return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_sub_ps(clipped, lo), inv));
}

// Bit p of each of the eight codes, as the low eight bits of the result.
inline uint64_t Plane(__m256i codes, unsigned p) {
  const __m256i top = _mm256_sll_epi32(codes, _mm_cvtsi32_si128(static_cast<int>(31 - p)));
  return static_cast<uint64_t>(_mm256_movemask_ps(_mm256_castsi256_ps(top)));
}

// Codes of 32 values as bytes side by side.
inline __m256i Bytes(const float* x, __m256 lo, __m256 hi, __m256 inv) {
  const auto codes = [&](size_t v) { return Codes(_mm256_loadu_ps(x + v * kLanes), lo, hi, inv); };
  const __m256i low = _mm256_packs_epi32(codes(0), codes(1)), high = _mm256_packs_epi32(codes(2), codes(3));
  const __m256i packed = _mm256_packus_epi16(low, high);
  // Packing stays within 128-bit halves: half h has words 2 * v + h, of vector v.
  return _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

// Bit p of 32 codes.
inline uint64_t PlaneOfBytes(__m256i codes, unsigned p) {
  const __m256i top = _mm256_sll_epi16(codes, _mm_cvtsi32_si128(static_cast<int>(7 - p)));
  return static_cast<uint32_t>(_mm256_movemask_epi8(top));
}

}  // namespace

void QuantizeX86Avx2(const QuantizeArgs& args) {
  const __m256 lo = _mm256_set1_ps(args.lo);
  const __m256 hi = _mm256_set1_ps(args.hi);
  const __m256 inv = _mm256_set1_ps(args.inv);
  const size_t words = (args.k + 63) / 64;
  for (size_t i = 0; i < args.rows; ++i) {
    const float* x = args.x + i * args.stride;
    uint64_t* out = args.out + i * args.bits * words;
    for (size_t w = 0; w < words; ++w) {
      const size_t left = args.k - w * 64;
      const size_t count = left < 64 ? left : 64;
      if (!args.sign && count == 64) {
        const __m256i low = Bytes(x + w * 64, lo, hi, inv), high = Bytes(x + w * 64 + 32, lo, hi, inv);
        for (unsigned p = 0; p < args.bits; ++p)
          out[p * words + w] = PlaneOfBytes(high, p) << 32 | PlaneOfBytes(low, p);
        continue;
      }
      uint64_t planes[8] = {};
      for (size_t b = 0; b < count; b += kLanes) {
        const __m256 values = Load(x + w * 64 + b, count - b);
        if (args.sign) {
          const __m256 negative = _mm256_cmp_ps(values, _mm256_setzero_ps(), _CMP_LT_OQ);
          planes[0] |= static_cast<uint64_t>(_mm256_movemask_ps(negative)) << b;
        } else {
          const __m256i codes = Codes(values, lo, hi, inv);
          for (unsigned p = 0; p < args.bits; ++p) planes[p] |= Plane(codes, p) << b;
        }
      }
      const uint64_t valid = count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
      for (unsigned p = 0; p < args.bits; ++p) out[p * words + w] = planes[p] & valid;
    }
  }
}

}  // namespace apb
