// Exact products of one output channel -> floats, the residual's part added.
#ifndef APB_KERNELS_SCALE_ROW_OP_H_
#define APB_KERNELS_SCALE_ROW_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// y[i] = fl(scale * float(acc[i])), then + fl(step * sums[i]) where sums is not null; every operation rounded to
// float32, no fused multiply-add (@apb/core, Epilogue).
struct ScaleRowArgs {
  const int32_t* acc;
  const float* sums;  // or null
  float scale;
  float step;
  size_t count;  // values are read and written up to the next multiple of 16
  float* y;
};

using ScaleRow = void(const ScaleRowArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_SCALE_ROW_OP_H_
