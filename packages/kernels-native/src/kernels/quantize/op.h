// Float activations -> bit planes, the same bits on every instruction set.
#ifndef APB_KERNELS_QUANTIZE_OP_H_
#define APB_KERNELS_QUANTIZE_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// sign: bit = x < 0. code: q = round to nearest even of fl(fl(clip(x, lo, hi) - lo) * inv); plane p holds
// bit p of q. Requires fl(fl(hi - lo) * inv) < 2^bits - 0.5, so that q needs no clipping.
struct QuantizeArgs {
  const float* x;  // [rows][stride], k of each row are read
  size_t rows;
  size_t k;
  size_t stride;
  bool sign;
  unsigned bits;  // 1 for sign
  float lo;
  float hi;
  float inv;
  uint64_t* out;  // [rows][bits][(k + 63) / 64], written whole, padding bits zero
};

using Quantize = void(const QuantizeArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_QUANTIZE_OP_H_
