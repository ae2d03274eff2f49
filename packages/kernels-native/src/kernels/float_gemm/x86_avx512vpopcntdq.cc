// AVX-512: 12 x 16 outputs in 12 registers; the broadcast is the memory operand of the multiply-add.
#include <immintrin.h>

#include "kernels/float_gemm/op.h"

namespace apb {
namespace {

template <size_t R>
inline void Rows(const FloatGemmArgs& args, size_t first) {
  const float* a = args.a + first * args.lda;
  float* c = args.c + first * args.ldc;
  __m512 sums[R];
  for (size_t r = 0; r < R; ++r)
    sums[r] = args.accumulate ? _mm512_loadu_ps(c + r * args.ldc) : _mm512_setzero_ps();
  for (size_t l = 0; l < args.k; ++l) {
    const __m512 b = _mm512_loadu_ps(args.b + l * kPanel);
    for (size_t r = 0; r < R; ++r)
      sums[r] = _mm512_fmadd_ps(_mm512_set1_ps(a[r * args.lda + l]), b, sums[r]);
  }
  for (size_t r = 0; r < R; ++r) _mm512_storeu_ps(c + r * args.ldc, sums[r]);
}

}  // namespace

void FloatGemmX86Avx512Vpopcntdq(const FloatGemmArgs& args) {
  size_t i = 0;
  for (; i + 12 <= args.rows; i += 12) Rows<12>(args, i);
  for (; i + 4 <= args.rows; i += 4) Rows<4>(args, i);
  for (; i < args.rows; ++i) Rows<1>(args, i);
}

}  // namespace apb
