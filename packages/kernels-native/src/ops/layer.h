// Matrix products and convolutions.
#ifndef APB_OPS_LAYER_H_
#define APB_OPS_LAYER_H_

#include <cstdint>

#include "kernels/kernels.h"
#include "ops/buffer.h"
#include "ops/weights.h"

namespace apb {

// [m, k] x weights -> [m, n], or [N, H, W, C] x weights -> [N, H', W', outChannels], as the weights were
// prepared. `residual` (may be null) is float, of the output's shape; `signs` (may be null) are sign planes of that
// shape, which take those of a float output. Throws ContractError when something does not fit.
void RunLayer(const Kernels& kernels, const Epilogue& epilogue, bool convolution, const Buffer& x,
              const Weights& weights, const Buffer* residual, Buffer& out, Buffer* signs);

// out[i * rows + j], exact; `size` is the number of values that out holds.
void RunGemmInt(const Kernels& kernels, const Buffer& x, const Weights& weights, std::int32_t* out, std::size_t size);

}  // namespace apb

#endif  // APB_OPS_LAYER_H_
