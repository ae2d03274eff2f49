// Exact products of a panel of output channels -> bits of the codes of a quantizer, in one pass: scale_panel, then
// batch norm and comparisons with the thresholds of codes. Optional.
#ifndef APB_KERNELS_MARK_PANEL_OP_H_
#define APB_KERNELS_MARK_PANEL_OP_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/scale_panel/op.h"

namespace apb {

// With y of scale_panel and z = fl(fl(y * scale[c]) + shift[c]), every operation rounded to float32: a code is the
// number of thresholds that z is not below; where `sign`, it is 1 where z is below the only one. Where y or z overflow
// to NaN, nothing is marked.
struct MarkPanelArgs {
  ScalePanelArgs products;  // all but y
  const float* scale;       // [channels]
  const float* shift;       // [channels]
  bool sign;
  unsigned bits;            // 1 or 2; 1 for sign
  const float* thresholds;  // [2^bits - 1], ascending; those that are never reached are NaN, last
  // Bit i of marks[p * plane + c]: bit p of the code of row i. Those of rows up to the next multiple of 16 are written,
  // what stands beyond `items` is anything.
  uint64_t* marks;
  size_t plane;
};

using MarkPanel = void(const MarkPanelArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_MARK_PANEL_OP_H_
