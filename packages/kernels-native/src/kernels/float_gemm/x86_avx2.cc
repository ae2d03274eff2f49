// AVX2 + FMA: 6 x 16 outputs in 12 registers, two for the panel's row and one for the broadcast.
#include <immintrin.h>

#include "kernels/float_gemm/op.h"
#include "kernels/row_blocks.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 8;
constexpr size_t kMostRows = 6;

template <size_t R>
void Rows(const FloatGemmArgs& args, size_t first, size_t panel) {
  const size_t lda = args.lda, ldc = args.ldc;
  const float* a = args.a + first * lda;
  float* c = args.c + first * ldc + panel * kPanel;
  __m256 left[R], right[R];
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    left[r] = args.accumulate ? _mm256_loadu_ps(c + r * ldc) : _mm256_setzero_ps();
    right[r] = args.accumulate ? _mm256_loadu_ps(c + r * ldc + kLanes) : _mm256_setzero_ps();
  }
  for (const FloatRun* run = args.runs; run != args.runs + args.run_count; ++run) {
    const float* from = a + run->from;
    const float* b = args.b + panel * args.panel_stride + run->first * kPanel;
    for (size_t l = 0; l < run->count; ++l, b += kPanel) {
      const __m256 b0 = _mm256_loadu_ps(b);
      const __m256 b1 = _mm256_loadu_ps(b + kLanes);
      APB_UNROLL
      for (size_t r = 0; r < R; ++r) {
        const __m256 x = _mm256_broadcast_ss(from + r * lda + l);
        left[r] = _mm256_fmadd_ps(x, b0, left[r]);
        right[r] = _mm256_fmadd_ps(x, b1, right[r]);
      }
    }
  }
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    _mm256_storeu_ps(c + r * ldc, left[r]);
    _mm256_storeu_ps(c + r * ldc + kLanes, right[r]);
  }
}

using Block = void(const FloatGemmArgs& args, size_t first, size_t panel);
Block* const kBlocks[kMostRows] = {Rows<1>, Rows<2>, Rows<3>, Rows<4>, Rows<5>, Rows<6>};

}  // namespace

void FloatGemmX86Avx2(const FloatGemmArgs& args) {
  for (size_t p = 0; p < args.panels; ++p)
    ForEachRowBlock<kMostRows>(args.rows, [&](size_t first, size_t rows) { kBlocks[rows - 1](args, first, p); });
}

}  // namespace apb
