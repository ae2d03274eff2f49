// Products of a panel of output channels -> what the layer writes: floats row by row, or bit planes.
#ifndef APB_KERNELS_FINISH_PANEL_OP_H_
#define APB_KERNELS_FINISH_PANEL_OP_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/bit_gemm/op.h"

namespace apb {

// The epilogue of @apb/core, every operation rounded to float32, no fused multiply-add:
//   y = fl(fl(products[c][i] * scale[c]) + shift[c]);  y = fl(y + residual[starts[i] + c]);  y = activation(y)
// then out[starts[i] + c] = y, or its code in planes. Optional: instruction sets do without by other kernels.
struct FinishPanelArgs {
  enum class Activation { kNone, kRelu, kClamp, kPrelu };

  const float* products;  // [channels][kTileRows]
  size_t channels;        // at most kPanel
  size_t rows;            // at most kTileRows
  const float* scale;     // [channels]
  const float* shift;     // [channels]
  const size_t* starts;   // [rows]; not read where there are neither residual nor out
  const float* residual;  // or null
  Activation activation;
  float min, max;       // of clamp
  const float* slopes;  // [channels] of prelu

  float* out;  // or null where planes are written
  // The signs of out once more, or null: bit c of signs[sign_starts[i]] is set where out[starts[i] + c] < 0, bits from
  // `channels` on are 0.
  uint16_t* signs;
  const size_t* sign_starts;  // [rows]

  // As in QuantizeArgs; bits is 1, 2 or 4.
  bool sign;
  unsigned bits;
  float lo, hi, inv;
  // Plane p of row i: bits first_bit .. first_bit + channels - 1, at most 31, of planes[p * plane + i] are set,
  // first_bit 0 sets the others to 0. kTileRows of each plane may be written.
  uint32_t* planes;
  size_t plane;
  unsigned first_bit;
};

using FinishPanel = void(const FinishPanelArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_FINISH_PANEL_OP_H_
