#include "kernels/scale_panel/op.h"
#include "kernels/sparse_dot/x86_avx512.h"

namespace apb {
namespace {

inline void Scale(const int32_t* acc, float scale, size_t items, float* y) {
  const __m512 factor = _mm512_set1_ps(scale);
  for (size_t lane = 0; lane < items; lane += kLanes)
    _mm512_storeu_ps(y + lane, _mm512_mul_ps(factor, _mm512_cvtepi32_ps(_mm512_loadu_si512(acc + lane))));
}

}  // namespace

void ScalePanelX86Avx512Vpopcntdq(const ScalePanelArgs& args) {
  SparseDotArgs row = args.sparse;
  row.step = args.step;
  for (size_t i = 0; i < args.channels; ++i) {
    const size_t c = args.order[i];
    const size_t start = args.row_start[c];
    row.terms = args.row_start[c + 1] - start;
    row.acc = args.acc + c * kTileRows;
    row.sums = args.y + c * args.ldy;
    row.scale = args.scales[c] * args.step;
    if (row.terms == 0) {
      Scale(row.acc, row.scale, row.items, row.sums);
      continue;
    }
    row.columns = args.sparse.columns + start;
    row.values = args.sparse.values + start;
    row.taps = args.sparse.taps ? args.sparse.taps + start : nullptr;
    AllRows(row);
  }
}

}  // namespace apb
