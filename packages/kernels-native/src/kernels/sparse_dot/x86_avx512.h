// AVX-512: the bit of a column is tested in the packed words of sixteen rows at once and picks r or -r (signs), or
// adds its weight to q (codes); no copy of the activations is made. For files of this instruction set only.
#include <immintrin.h>

#include "kernels/sparse_dot/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 16;

// Column c is bit c % 32 of word c / 32.
inline __m512i WordsOf(const SparseDotArgs& args, uint32_t column, size_t plane, size_t lane) {
  const uint32_t* words = static_cast<const uint32_t*>(args.words);
  return _mm512_load_si512(words + (plane * args.count + column / 32) * kTileRows + lane);
}

// In vectors, so that nothing waits for a value to cross over from a general register.
inline __m512i BitOf(const uint32_t& column) {
  const __m512i shift = _mm512_and_si512(_mm512_set1_epi32(static_cast<int>(column)), _mm512_set1_epi32(31));
  return _mm512_sllv_epi32(_mm512_set1_epi32(1), shift);
}

template <size_t V>
inline void Store(const SparseDotArgs& args, size_t lane, const __m512* sums) {
  const __m512 scale = _mm512_set1_ps(args.scale), step = _mm512_set1_ps(args.step);
  APB_UNROLL
  for (size_t v = 0; v < V; ++v) {
    const size_t first = lane + v * kLanes;
    __m512 y = sums[v];
    if (args.acc) {
      const __m512 product = _mm512_mul_ps(scale, _mm512_cvtepi32_ps(_mm512_loadu_si512(args.acc + first)));
      y = _mm512_add_ps(product, _mm512_mul_ps(step, y));
    }
    _mm512_storeu_ps(args.sums + first, y);
  }
}

// V vectors of rows from `lane`; independent sums, so that additions overlap.
template <size_t V, bool bordered>
inline void Signs(const SparseDotArgs& args, size_t lane) {
  __m512 sums[V];
  APB_UNROLL
  for (size_t v = 0; v < V; ++v) sums[v] = _mm512_setzero_ps();
  const __m512 sign = _mm512_set1_ps(-0.0f);
  for (size_t t = 0; t < args.terms; ++t) {
    const __m512 r = _mm512_set1_ps(args.values[t]);
    const __m512i bit = BitOf(args.columns[t]);
    const __m512i tap = _mm512_set1_epi32(bordered ? static_cast<int>(1u << args.taps[t]) : 0);
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      const size_t first = lane + v * kLanes;
      const __mmask16 set = _mm512_test_epi32_mask(WordsOf(args, args.columns[t], 0, first), bit);
      const __m512 term = _mm512_mask_xor_ps(r, set, r, sign);
      if (bordered) {
        const __mmask16 inside = _mm512_test_epi32_mask(_mm512_loadu_si512(args.inside + first), tap);
        sums[v] = _mm512_mask_add_ps(sums[v], inside, sums[v], term);
      } else {
        sums[v] = _mm512_add_ps(sums[v], term);
      }
    }
  }
  Store<V>(args, lane, sums);
}

template <size_t V>
inline void Codes(const SparseDotArgs& args, size_t lane) {
  __m512 sums[V];
  APB_UNROLL
  for (size_t v = 0; v < V; ++v) sums[v] = _mm512_setzero_ps();
  for (size_t t = 0; t < args.terms; ++t) {
    const __m512 r = _mm512_set1_ps(args.values[t]);
    const __m512i bit = BitOf(args.columns[t]);
    __m512 q[V];
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) q[v] = _mm512_setzero_ps();
    for (size_t p = 0; p < args.planes; ++p) {
      const __m512 weight = _mm512_set1_ps(static_cast<float>(1u << p));
      APB_UNROLL
      for (size_t v = 0; v < V; ++v) {
        const __mmask16 set = _mm512_test_epi32_mask(WordsOf(args, args.columns[t], p, lane + v * kLanes), bit);
        q[v] = _mm512_mask_add_ps(q[v], set, q[v], weight);
      }
    }
    // The product is rounded by itself: no fused multiply-add.
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) sums[v] = _mm512_add_ps(sums[v], _mm512_mul_ps(r, q[v]));
  }
  Store<V>(args, lane, sums);
}

template <size_t V>
inline void Rows(const SparseDotArgs& args, size_t lane) {
  if (!args.sign) return Codes<V>(args, lane);
  if (args.taps) return Signs<V, true>(args, lane);
  Signs<V, false>(args, lane);
}

inline void AllRows(const SparseDotArgs& args) {
  size_t lane = 0;
  for (; lane + 3 * kLanes < args.items; lane += 4 * kLanes) Rows<4>(args, lane);
  for (; lane + kLanes < args.items; lane += 2 * kLanes) Rows<2>(args, lane);
  for (; lane < args.items; lane += kLanes) Rows<1>(args, lane);
}

}  // namespace
}  // namespace apb
