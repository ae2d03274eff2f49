// AVX2 + FMA: 6 x 16 outputs in 12 registers, two for the panel's row and one for the broadcast.
#include <immintrin.h>

#include "kernels/float_gemm/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 8;

template <size_t R>
inline void Rows(const FloatGemmArgs& args, size_t first) {
  const size_t lda = args.lda, ldc = args.ldc, k = args.k;
  const float* a = args.a + first * lda;
  const float* b = args.b;
  float* c = args.c + first * ldc;
  __m256 left[R], right[R];
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    left[r] = args.accumulate ? _mm256_loadu_ps(c + r * ldc) : _mm256_setzero_ps();
    right[r] = args.accumulate ? _mm256_loadu_ps(c + r * ldc + kLanes) : _mm256_setzero_ps();
  }
  for (size_t l = 0; l < k; ++l) {
    const __m256 b0 = _mm256_loadu_ps(b + l * kPanel);
    const __m256 b1 = _mm256_loadu_ps(b + l * kPanel + kLanes);
    APB_UNROLL
    for (size_t r = 0; r < R; ++r) {
      const __m256 x = _mm256_broadcast_ss(a + r * lda + l);
      left[r] = _mm256_fmadd_ps(x, b0, left[r]);
      right[r] = _mm256_fmadd_ps(x, b1, right[r]);
    }
  }
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    _mm256_storeu_ps(c + r * ldc, left[r]);
    _mm256_storeu_ps(c + r * ldc + kLanes, right[r]);
  }
}

}  // namespace

void FloatGemmX86Avx2(const FloatGemmArgs& args) {
  size_t i = 0;
  for (; i + 6 <= args.rows; i += 6) Rows<6>(args, i);
  for (; i + 2 <= args.rows; i += 2) Rows<2>(args, i);
  for (; i < args.rows; ++i) Rows<1>(args, i);
}

}  // namespace apb
