// AVX-512: 13 rows x 2 panels in 26 registers, two for the panels' rows and one for the broadcast. On Zen 4 that is
// within 5 % of one multiply-add a cycle; one panel at a time, with a broadcast to every multiply-add, is 3 % slower on
// large products, 14 rows are no faster.
#include <immintrin.h>

#include "kernels/float_gemm/op.h"
#include "kernels/row_blocks.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kMostRows = 13;
// Rows that are reached from one pointer: multiples 0 to 4 of the stride are one addressing mode each, given 3 strides.
constexpr size_t kGroup = 5;

inline __m512 Finished(const FloatGemmArgs& args, __m512 y, size_t n) {
  y = _mm512_add_ps(_mm512_mul_ps(y, _mm512_loadu_ps(args.scale + n)), _mm512_loadu_ps(args.shift + n));
  if (!args.bounded) return y;
  return _mm512_min_ps(_mm512_max_ps(y, _mm512_set1_ps(args.low)), _mm512_set1_ps(args.high));
}

template <size_t R, size_t P>
void Rows(const FloatGemmArgs& args, size_t first, size_t panel) {
  constexpr size_t kGroups = (R + kGroup - 1) / kGroup;
  const size_t lda = args.lda, lda3 = 3 * args.lda, ldc = args.ldc;
  float* c = args.c + first * ldc + panel * kPanel;
  __m512 sums[R][P];
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    APB_UNROLL
    for (size_t p = 0; p < P; ++p)
      sums[r][p] = args.accumulate ? _mm512_loadu_ps(c + r * ldc + p * kPanel) : _mm512_setzero_ps();
  }
  for (const FloatRun* run = args.runs; run != args.runs + args.run_count; ++run) {
    const float* a[kGroups];
    APB_UNROLL
    for (size_t g = 0; g < kGroups; ++g) a[g] = args.a + (first + g * kGroup) * lda + run->from;
    const float* b = args.b + panel * args.panel_stride + run->first * kPanel;
    for (size_t l = run->count; l > 0; --l, b += kPanel) {
      __m512 row[P];
      APB_UNROLL
      for (size_t p = 0; p < P; ++p) row[p] = _mm512_loadu_ps(b + p * args.panel_stride);
      APB_UNROLL
      for (size_t r = 0; r < R; ++r) {
        const float* at = a[r / kGroup];
        const __m512 x = _mm512_set1_ps(r % kGroup == 3 ? at[lda3] : at[r % kGroup * lda]);
        APB_UNROLL
        for (size_t p = 0; p < P; ++p) sums[r][p] = _mm512_fmadd_ps(x, row[p], sums[r][p]);
      }
      APB_UNROLL
      for (size_t g = 0; g < kGroups; ++g) {
        ++a[g];
        APB_OPAQUE(a[g]);
      }
    }
  }
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    APB_UNROLL
    for (size_t p = 0; p < P; ++p) {
      const __m512 y = args.scale ? Finished(args, sums[r][p], (panel + p) * kPanel) : sums[r][p];
      _mm512_storeu_ps(c + r * ldc + p * kPanel, y);
    }
  }
}

using Block = void(const FloatGemmArgs& args, size_t first, size_t panel);

template <size_t P>
void Panels(const FloatGemmArgs& args, size_t panel) {
  static Block* const kBlocks[kMostRows] = {Rows<1, P>,  Rows<2, P>,  Rows<3, P>, Rows<4, P>, Rows<5, P>,
                                            Rows<6, P>,  Rows<7, P>,  Rows<8, P>, Rows<9, P>, Rows<10, P>,
                                            Rows<11, P>, Rows<12, P>, Rows<13, P>};
  ForEachRowBlock<kMostRows>(args.rows, [&](size_t first, size_t rows) { kBlocks[rows - 1](args, first, panel); });
}

}  // namespace

void FloatGemmX86Avx512Vpopcntdq(const FloatGemmArgs& args) {
  size_t p = 0;
  for (; p + 2 <= args.panels; p += 2) Panels<2>(args, p);
  if (p < args.panels) Panels<1>(args, p);
}

}  // namespace apb
