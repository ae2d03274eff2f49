// AVX2 + FMA: 6 x 16 outputs in 12 registers, two for the panel's row and one for the broadcast.
#include <immintrin.h>

#include "kernels/float_gemm/op.h"

namespace apb {
namespace {

constexpr size_t kLanes = 8;

template <size_t R>
inline void Rows(const FloatGemmArgs& args, size_t first) {
  const float* a = args.a + first * args.lda;
  float* c = args.c + first * args.ldc;
  __m256 sums[R][2];
  for (size_t r = 0; r < R; ++r)
    for (size_t v = 0; v < 2; ++v)
      sums[r][v] = args.accumulate ? _mm256_loadu_ps(c + r * args.ldc + v * kLanes) : _mm256_setzero_ps();
  for (size_t l = 0; l < args.k; ++l) {
    const __m256 b0 = _mm256_loadu_ps(args.b + l * kPanel);
    const __m256 b1 = _mm256_loadu_ps(args.b + l * kPanel + kLanes);
    for (size_t r = 0; r < R; ++r) {
      const __m256 x = _mm256_broadcast_ss(a + r * args.lda + l);
      sums[r][0] = _mm256_fmadd_ps(x, b0, sums[r][0]);
      sums[r][1] = _mm256_fmadd_ps(x, b1, sums[r][1]);
    }
  }
  for (size_t r = 0; r < R; ++r)
    for (size_t v = 0; v < 2; ++v) _mm256_storeu_ps(c + r * args.ldc + v * kLanes, sums[r][v]);
}

}  // namespace

void FloatGemmX86Avx2(const FloatGemmArgs& args) {
  size_t i = 0;
  for (; i + 6 <= args.rows; i += 6) Rows<6>(args, i);
  for (; i + 2 <= args.rows; i += 2) Rows<2>(args, i);
  for (; i < args.rows; ++i) Rows<1>(args, i);
}

}  // namespace apb
