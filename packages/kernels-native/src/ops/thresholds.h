// Where the codes of a quantizer begin.
#ifndef APB_OPS_THRESHOLDS_H_
#define APB_OPS_THRESHOLDS_H_

#include <array>

#include "ops/types.h"

namespace apb {

// Element j, of 2^bits - 1: the least float whose code, the activation first, is more than j; for signs the least that
// is not negative. NaN where there is none. Codes of 1 or 2 bits; all of an activation but prelu, whose slopes belong
// to channels. Both only ever grow with their input, so that these floats say all of them, bit for bit.
std::array<float, 3> ThresholdsOf(const Quantizer& quantizer, const Activation& activation);

// Of finite y: the least with z = fl(fl(y * scale) + shift) >= threshold, or, where scale is negative and z falls, with
// z not so. -infinity where all are, +infinity where none is. scale and shift are finite.
float ProductThreshold(float threshold, float scale, float shift);

}  // namespace apb

#endif  // APB_OPS_THRESHOLDS_H_
