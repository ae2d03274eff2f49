#include "kernels/scale_panel/op.h"
#include "kernels/sparse_dot/x86_avx512.h"

namespace apb {
namespace {

inline void Scale(const int32_t* acc, float scale, size_t items, float* y) {
  const __m512 factor = _mm512_set1_ps(scale);
  for (size_t lane = 0; lane < items; lane += kLanes)
    _mm512_storeu_ps(y + lane, _mm512_mul_ps(factor, _mm512_cvtepi32_ps(_mm512_loadu_si512(acc + lane))));
}

// The sparse row of channel c and where its result goes.
inline SparseDotArgs RowOf(const ScalePanelArgs& args, size_t c) {
  SparseDotArgs row = args.sparse;
  const size_t start = args.row_start[c];
  row.columns += start;
  row.values += start;
  if (row.taps) row.taps += start;
  row.terms = args.row_start[c + 1] - start;
  row.acc = args.acc + c * kTileRows;
  row.sums = args.y + c * args.ldy;
  row.scale = args.scales[c] * args.step;
  row.step = args.step;
  return row;
}

}  // namespace

void ScalePanelX86Avx512Vpopcntdq(const ScalePanelArgs& args) {
  SparseDotArgs rows[2];
  size_t waiting = 0;
  for (size_t i = 0; i < args.channels; ++i) {
    SparseDotArgs& row = rows[waiting];
    row = RowOf(args, args.order[i]);
    if (row.terms == 0) {
      Scale(row.acc, row.scale, row.items, row.sums);
    } else if (++waiting == 2) {
      SparseRows<2>(rows);
      waiting = 0;
    }
  }
  if (waiting > 0) SparseRows<1>(rows);
}

}  // namespace apb
