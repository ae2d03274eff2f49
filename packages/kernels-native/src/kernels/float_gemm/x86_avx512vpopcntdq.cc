// AVX-512: 12 x 16 outputs in 12 registers; the broadcast is the memory operand of the multiply-add.
#include <immintrin.h>

#include "kernels/float_gemm/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

template <size_t R>
inline void Rows(const FloatGemmArgs& args, size_t first) {
  const size_t lda = args.lda, ldc = args.ldc, k = args.k;
  const float* a = args.a + first * lda;
  const float* b = args.b;
  float* c = args.c + first * ldc;
  __m512 sums[R];
  APB_UNROLL
  for (size_t r = 0; r < R; ++r)
    sums[r] = args.accumulate ? _mm512_loadu_ps(c + r * ldc) : _mm512_setzero_ps();
  for (size_t l = 0; l < k; ++l) {
    const __m512 row = _mm512_loadu_ps(b + l * kPanel);
    APB_UNROLL
    for (size_t r = 0; r < R; ++r) sums[r] = _mm512_fmadd_ps(_mm512_set1_ps(a[r * lda + l]), row, sums[r]);
  }
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) _mm512_storeu_ps(c + r * ldc, sums[r]);
}

}  // namespace

void FloatGemmX86Avx512Vpopcntdq(const FloatGemmArgs& args) {
  size_t i = 0;
  for (; i + 12 <= args.rows; i += 12) Rows<12>(args, i);
  for (; i + 4 <= args.rows; i += 4) Rows<4>(args, i);
  for (; i < args.rows; ++i) Rows<1>(args, i);
}

}  // namespace apb
