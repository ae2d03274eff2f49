// Exact products of a panel of output channels -> floats, their sparse parts added: scale_row and sparse_dot for all
// channels in one call. Optional: an instruction set where calls per channel weigh little does without.
#ifndef APB_KERNELS_SCALE_PANEL_OP_H_
#define APB_KERNELS_SCALE_PANEL_OP_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/sparse_dot/op.h"

namespace apb {

// For every channel c: y[c * ldy + i] = fl(fl(scales[c] * step) * float(acc[c * kTileRows + i])), and where it has
// terms (row_start[c] .. row_start[c + 1] of columns, values and taps) + fl(step * sums[i]) with the step and sums of
// SparseDotArgs.
struct ScalePanelArgs {
  const int32_t* acc;         // [channels][kTileRows]
  size_t channels;            // at most kPanel
  const uint8_t* order;       // [channels]: the order to work in, those of fewer terms first
  const float* scales;        // [channels]
  const uint32_t* row_start;  // [channels + 1]
  // columns, values and taps of all channels, the panel of activations, the rows, the number of all terms; acc, scale
  // and sums are not used, and there is no `more`.
  const SparseDotArgs& sparse;
  float* y;  // [channels][ldy]; written for sparse.items, up to the next multiple of 16 may be
  size_t ldy;
};

using ScalePanel = void(const ScalePanelArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_SCALE_PANEL_OP_H_
