// Float activations -> 8-bit codes, the same on every instruction set.
#ifndef APB_KERNELS_QUANTIZE_BYTES_OP_H_
#define APB_KERNELS_QUANTIZE_BYTES_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// out = round to nearest even of fl(fl(clip(x, lo, hi) - lo) * inv). Requires fl(fl(hi - lo) * inv) < 255.5, so that
// codes need no clipping.
struct QuantizeBytesArgs {
  const float* x;  // [rows][stride], k of each row are read
  size_t rows;
  size_t k;
  size_t stride;
  float lo;
  float hi;
  float inv;
  uint8_t* out;  // [rows][k]
};

using QuantizeBytes = void(const QuantizeBytesArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_QUANTIZE_BYTES_OP_H_
