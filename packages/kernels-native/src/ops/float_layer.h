#ifndef APB_OPS_FLOAT_LAYER_H_
#define APB_OPS_FLOAT_LAYER_H_

#include "kernels/kernels.h"
#include "ops/buffer.h"
#include "ops/weights.h"
#include "ops/window.h"

namespace apb {

// Layers with float input, shapes checked; the window is MatrixWindow for a matrix product.
void RunFloatLayer(const Kernels& kernels, const Epilogue& epilogue, const Buffer& x, const Weights& weights,
                   const Window& window, const Buffer* residual, Buffer& out);

}  // namespace apb

#endif  // APB_OPS_FLOAT_LAYER_H_
