// AVX2: the bit of a column is shifted into the sign position of the packed words of eight rows at once; there it turns
// r around (signs) or becomes a mask for the plane's weight (codes).
#include <immintrin.h>

#include "kernels/sparse_dot/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 8;
constexpr size_t kVectors = 2;  // kVectors * kLanes = 16 rows at a time

// The words of a column, its bit in bit 31.
inline __m256i Shifted(const SparseDotArgs& args, uint32_t column, size_t plane, size_t lane) {
  const uint32_t* words = static_cast<const uint32_t*>(args.words) + (plane * args.count + column / 32) * kTileRows;
  const __m256i word = _mm256_load_si256(reinterpret_cast<const __m256i*>(words + lane));
  return _mm256_sll_epi32(word, _mm_cvtsi32_si128(static_cast<int>(~column & 31)));
}

inline __m256 SignTerm(const SparseDotArgs& args, size_t t, size_t lane) {
  const __m256 sign = _mm256_and_ps(_mm256_castsi256_ps(Shifted(args, args.columns[t], 0, lane)), _mm256_set1_ps(-0.0f));
  return _mm256_xor_ps(_mm256_set1_ps(args.values[t]), sign);
}

inline __m256 CodeTerm(const SparseDotArgs& args, size_t t, size_t lane) {
  __m256 q = _mm256_setzero_ps();
  for (size_t p = 0; p < args.planes; ++p) {
    const __m256i mask = _mm256_srai_epi32(Shifted(args, args.columns[t], p, lane), 31);
    const __m256 weight = _mm256_set1_ps(static_cast<float>(1u << p));
    q = _mm256_add_ps(q, _mm256_and_ps(_mm256_castsi256_ps(mask), weight));
  }
  return _mm256_mul_ps(_mm256_set1_ps(args.values[t]), q);
}

// Whether the tap of a term lies inside, as a mask.
inline __m256 Inside(const SparseDotArgs& args, size_t t, size_t lane) {
  const __m256i inside = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(args.inside + lane));
  const __m256i bit = _mm256_sll_epi32(inside, _mm_cvtsi32_si128(31 - args.taps[t]));
  return _mm256_castsi256_ps(bit);
}

inline void Store(const SparseDotArgs& args, size_t lane, __m256 sums) {
  if (args.acc) {
    const __m256i acc = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(args.acc + lane));
    const __m256 product = _mm256_mul_ps(_mm256_set1_ps(args.scale), _mm256_cvtepi32_ps(acc));
    sums = _mm256_add_ps(product, _mm256_mul_ps(_mm256_set1_ps(args.step), sums));
  }
  _mm256_storeu_ps(args.sums + lane, sums);
}

template <bool sign, bool bordered>
inline void Rows(const SparseDotArgs& args, size_t lane) {
  __m256 sums[kVectors];
  APB_UNROLL
  for (size_t v = 0; v < kVectors; ++v) sums[v] = _mm256_setzero_ps();
  for (size_t t = 0; t < args.terms; ++t) {
    APB_UNROLL
    for (size_t v = 0; v < kVectors; ++v) {
      const size_t first = lane + v * kLanes;
      const __m256 sum = _mm256_add_ps(sums[v], sign ? SignTerm(args, t, first) : CodeTerm(args, t, first));
      sums[v] = bordered ? _mm256_blendv_ps(sums[v], sum, Inside(args, t, first)) : sum;
    }
  }
  APB_UNROLL
  for (size_t v = 0; v < kVectors; ++v) Store(args, lane + v * kLanes, sums[v]);
}

}  // namespace

void SparseDotX86Avx2(const SparseDotArgs& args) {
  for (size_t lane = 0; lane < args.items; lane += kVectors * kLanes) {
    if (!args.sign)
      Rows<false, false>(args, lane);
    else if (args.taps)
      Rows<true, true>(args, lane);
    else
      Rows<true, false>(args, lane);
  }
}

}  // namespace apb
