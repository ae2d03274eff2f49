#include <immintrin.h>

#include "kernels/sparse_dot/op.h"

namespace apb {
namespace {

constexpr size_t kLanes = 8;
constexpr size_t kVectors = kSparseRows / kLanes;

}  // namespace

void SparseDotX86Avx2(const SparseDotArgs& args) {
  __m256 sums[kVectors];
  for (size_t v = 0; v < kVectors; ++v) sums[v] = _mm256_setzero_ps();
  for (size_t term = 0; term < args.terms; ++term) {
    const __m256 r = _mm256_set1_ps(args.values[term]);
    const float* q = args.q + args.columns[term] * kSparseRows;
    for (size_t v = 0; v < kVectors; ++v)
      sums[v] = _mm256_add_ps(sums[v], _mm256_mul_ps(r, _mm256_loadu_ps(q + v * kLanes)));
  }
  for (size_t v = 0; v < kVectors; ++v) _mm256_storeu_ps(args.sums + v * kLanes, sums[v]);
}

}  // namespace apb
