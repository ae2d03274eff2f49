#ifndef APB_OPS_BYTE_LAYER_H_
#define APB_OPS_BYTE_LAYER_H_

#include <cstdint>

#include "kernels/kernels.h"
#include "ops/buffer.h"
#include "ops/weights.h"
#include "ops/window.h"

namespace apb {

// Layers of 1-bit weights with 8-bit input, shapes checked; the window is MatrixWindow for a matrix product. Every
// float operation rounds once, in the order of the contract (@apb/core, Epilogue), so that all backends give the same
// bits.
void RunByteLayer(const Kernels& kernels, const Epilogue& epilogue, const Buffer& x, const Weights& weights,
                  const Window& window, const Buffer* residual, Buffer& out);

// The integer products alone, [rows of x][output channels]; weights of a matrix product.
void RunByteProducts(const Kernels& kernels, const Buffer& x, const Weights& weights, std::int32_t* out);

}  // namespace apb

#endif  // APB_OPS_BYTE_LAYER_H_
