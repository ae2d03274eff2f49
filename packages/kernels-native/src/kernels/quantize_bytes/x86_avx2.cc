#include <immintrin.h>

#include "kernels/quantize_bytes/op.h"

namespace apb {
namespace {

constexpr size_t kLanes = 8;

struct Rule {
  __m256 lo, hi, inv;
};

// Converts by the default rounding mode: to nearest, ties to even.
inline __m256i Codes(__m256 x, const Rule& rule) {
  const __m256 clipped = _mm256_min_ps(_mm256_max_ps(x, rule.lo), rule.hi);
  return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_sub_ps(clipped, rule.lo), rule.inv));
}

// Packing works within halves of registers; the permutation brings groups of four codes back into order.
inline void Store32(const float* x, const Rule& rule, uint8_t* out) {
  const __m256i a = _mm256_packs_epi32(Codes(_mm256_loadu_ps(x), rule), Codes(_mm256_loadu_ps(x + 8), rule));
  const __m256i b = _mm256_packs_epi32(Codes(_mm256_loadu_ps(x + 16), rule), Codes(_mm256_loadu_ps(x + 24), rule));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permutevar8x32_epi32(_mm256_packus_epi16(a, b), order));
}

// At most eight values.
inline void StoreFew(const float* x, const Rule& rule, size_t count, uint8_t* out) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i wanted = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lanes);
  alignas(32) uint32_t codes[kLanes];
  _mm256_store_si256(reinterpret_cast<__m256i*>(codes), Codes(_mm256_maskload_ps(x, wanted), rule));
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<uint8_t>(codes[i]);
}

}  // namespace

void QuantizeBytesX86Avx2(const QuantizeBytesArgs& args) {
  const Rule rule = {_mm256_set1_ps(args.lo), _mm256_set1_ps(args.hi), _mm256_set1_ps(args.inv)};
  for (size_t i = 0; i < args.rows; ++i) {
    const float* x = args.x + i * args.stride;
    uint8_t* out = args.out + i * args.k;
    size_t l = 0;
    for (; l + 32 <= args.k; l += 32) Store32(x + l, rule, out + l);
    for (; l < args.k; l += kLanes) StoreFew(x + l, rule, args.k - l < kLanes ? args.k - l : kLanes, out + l);
  }
}

}  // namespace apb
