#include "kernels/float_gemm/op.h"

namespace apb {
namespace {

// R rows at once: enough independent sums to hide the latency of an addition, few enough for 16 vector
// registers.
template <size_t R>
void Rows(const FloatGemmArgs& args, size_t first, size_t panel) {
  const float* a = args.a + first * args.lda;
  float* c = args.c + first * args.ldc + panel * kPanel;
  float sums[R][kPanel] = {};
  if (args.accumulate)
    for (size_t r = 0; r < R; ++r)
      for (size_t j = 0; j < kPanel; ++j) sums[r][j] = c[r * args.ldc + j];
  for (const FloatRun* run = args.runs; run != args.runs + args.run_count; ++run) {
    const float* x = a + run->from;
    const float* b = args.b + panel * args.panel_stride + run->first * kPanel;
    for (size_t l = 0; l < run->count; ++l, b += kPanel)
      for (size_t r = 0; r < R; ++r)
        for (size_t j = 0; j < kPanel; ++j) sums[r][j] += x[r * args.lda + l] * b[j];
  }
  for (size_t r = 0; r < R; ++r)
    for (size_t j = 0; j < kPanel; ++j) c[r * args.ldc + j] = sums[r][j];
}

}  // namespace

void FloatGemmScalar(const FloatGemmArgs& args) {
  for (size_t p = 0; p < args.panels; ++p) {
    size_t i = 0;
    for (; i + 2 <= args.rows; i += 2) Rows<2>(args, i, p);
    for (; i < args.rows; ++i) Rows<1>(args, i, p);
  }
}

}  // namespace apb
