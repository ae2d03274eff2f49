// Pooling over pixels of [N, H, W, C], on float buffers, output pixels on at most `threads` threads. All
// throw ContractError when shapes do not fit.
#ifndef APB_OPS_POOL_H_
#define APB_OPS_POOL_H_

#include "kernels/kernels.h"
#include "ops/buffer.h"

namespace apb {

// The largest in-bounds value, the first of equals (+0 and -0).
void RunMaxPool(const Kernels& kernels, const PoolGeometry& geometry, const Buffer& x, Buffer& out);
// float32 sum of the in-bounds pixels in row-major order from +0, times fl(1 / count).
void RunAvgPool(std::size_t threads, const PoolGeometry& geometry, bool count_padding, const Buffer& x, Buffer& out);
// The same over all pixels: [N, H, W, C] -> [N, C].
void RunGlobalAvgPool(std::size_t threads, const Buffer& x, Buffer& out);

}  // namespace apb

#endif  // APB_OPS_POOL_H_
