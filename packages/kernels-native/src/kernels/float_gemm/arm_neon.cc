// NEON: 6 x 16 outputs in 24 registers, four for the panel's row and one for an element of a, which the
// multiply-add itself broadcasts.
#include <arm_neon.h>

#include "kernels/float_gemm/op.h"
#include "kernels/row_blocks.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 4;
constexpr size_t kVectors = kPanel / kLanes;
constexpr size_t kMostRows = 6;

template <size_t R>
void Rows(const FloatGemmArgs& args, size_t first, size_t panel) {
  const size_t lda = args.lda, ldc = args.ldc;
  const float* a = args.a + first * lda;
  float* c = args.c + first * ldc + panel * kPanel;
  float32x4_t sums[R][kVectors];
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    APB_UNROLL
    for (size_t v = 0; v < kVectors; ++v)
      sums[r][v] = args.accumulate ? vld1q_f32(c + r * ldc + v * kLanes) : vdupq_n_f32(0);
  }
  for (const FloatRun* run = args.runs; run != args.runs + args.run_count; ++run) {
    const float* from = a + run->from;
    const float* b = args.b + panel * args.panel_stride + run->first * kPanel;
    for (size_t l = 0; l < run->count; ++l, b += kPanel) {
      float32x4_t y[kVectors];
      APB_UNROLL
      for (size_t v = 0; v < kVectors; ++v) y[v] = vld1q_f32(b + v * kLanes);
      APB_UNROLL
      for (size_t r = 0; r < R; ++r) {
        const float x = from[r * lda + l];
        APB_UNROLL
        for (size_t v = 0; v < kVectors; ++v) sums[r][v] = vfmaq_n_f32(sums[r][v], y[v], x);
      }
    }
  }
  APB_UNROLL
  for (size_t r = 0; r < R; ++r) {
    APB_UNROLL
    for (size_t v = 0; v < kVectors; ++v) vst1q_f32(c + r * ldc + v * kLanes, sums[r][v]);
  }
}

using Block = void(const FloatGemmArgs& args, size_t first, size_t panel);
Block* const kBlocks[kMostRows] = {Rows<1>, Rows<2>, Rows<3>, Rows<4>, Rows<5>, Rows<6>};

}  // namespace

void FloatGemmArmNeon(const FloatGemmArgs& args) {
  for (size_t p = 0; p < args.panels; ++p)
    ForEachRowBlock<kMostRows>(args.rows, [&](size_t first, size_t rows) { kBlocks[rows - 1](args, first, p); });
}

}  // namespace apb
