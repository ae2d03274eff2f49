// Packed signs -> a panel of float weights, for products with float input.
#ifndef APB_KERNELS_EXPAND_SIGNS_OP_H_
#define APB_KERNELS_EXPAND_SIGNS_OP_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/bit_gemm/op.h"

namespace apb {

// out[l][j] = bit j of signs[l] ? -scales[j] : scales[j]
struct ExpandSignsArgs {
  const uint16_t* signs;  // [k], one bit per weight row of the panel
  const float* scales;    // [kPanel]
  size_t k;
  float* out;  // [k][kPanel], 64-byte aligned
};

using ExpandSigns = void(const ExpandSignsArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_EXPAND_SIGNS_OP_H_
