// Exact products of a panel of output channels -> bits of the codes of a quantizer, in one pass: scale_panel, then
// comparisons with the products at which codes begin. Optional.
#ifndef APB_KERNELS_MARK_PANEL_OP_H_
#define APB_KERNELS_MARK_PANEL_OP_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/scale_panel/op.h"

namespace apb {

// With y of scale_panel, which is finite: a code is the number of its channel's thresholds that y is not below; where
// `sign`, it is 1 where y is below the only one. A threshold of +infinity is never reached.
struct MarkPanelArgs {
  ScalePanelArgs products;  // all but y
  bool sign;
  unsigned bits;            // 1 or 2; 1 for sign
  const float* thresholds;  // [2^bits - 1][stride], of each channel ascending
  size_t stride;            // of thresholds
  // Bit i of marks[p * plane + c]: bit p of the code of row i. Those of rows up to the next multiple of 16 are written,
  // what stands beyond `items` is anything.
  uint64_t* marks;
  size_t plane;
};

using MarkPanel = void(const MarkPanelArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_MARK_PANEL_OP_H_
