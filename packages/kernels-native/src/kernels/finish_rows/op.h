// Exact products -> floats, and what every output channel's scale and shift make of them, row by row.
#ifndef APB_KERNELS_FINISH_ROWS_OP_H_
#define APB_KERNELS_FINISH_ROWS_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// out[i][n] = fl(fl(x * scale[n]) + shift[n]), then + residual[i][n] where there is one, then where bounded
// y = y > low ? y : low and y < high ? y : high; every operation rounded to float32, no fused multiply-add (@apb/core,
// Epilogue). x = products[i][n], or where integers are given
// fl(integer_scale[n] * float(integers[i][n])) in place of it.
struct FinishRowsArgs {
  const float* products;    // [rows][stride], or null
  const int32_t* integers;  // [rows][stride] where products is null
  const float* integer_scale;
  size_t stride;
  size_t rows;
  size_t channels;
  const float* scale;     // [channels]
  const float* shift;     // [channels]
  const float* residual;  // [rows][channels] or null
  float* out;             // [rows][out_stride]; may be products
  size_t out_stride;
  bool bounded;  // relu: from 0 to infinity, clamp
  float low, high;
};

using FinishRows = void(const FinishRowsArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_FINISH_ROWS_OP_H_
