#ifndef APB_OPS_BIT_LAYER_H_
#define APB_OPS_BIT_LAYER_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "kernels/kernels.h"
#include "ops/bit_setup.h"
#include "ops/buffer.h"
#include "ops/lines.h"
#include "ops/weights.h"
#include "ops/window.h"

namespace apb {

// Planes that meet the weights of a layer, turned where a convolution reads them by taps.
struct BitInput {
  // The window is that of all positions.
  BitInput(const Kernels& kernels, const Buffer& x, const Weights& weights, const Window& window);

  const Buffer& x;
  std::optional<BitLines> lines;
  std::shared_ptr<const BitSetup> setup;
};

// Whether RunBitLayer can write the signs of a float output beside it.
bool CanWriteSigns(const Kernels& kernels, const Weights& weights, const Buffer& out);

// Layers with quantized input, shapes checked; the window is MatrixWindow for a matrix product. Every float
// operation rounds once, in the order of the contract (@apb/core, Epilogue), so that all backends give the
// same bits. `signs` (may be null unless CanWriteSigns) are sign planes of the output's shape.
void RunBitLayer(const Kernels& kernels, const Epilogue& epilogue, const BitInput& input, const Weights& weights,
                 const Window& window, const Buffer* residual, Buffer& out, Buffer* signs);

// The integer products alone, [rows of x][output channels]; weights of a matrix product.
void RunBitProducts(const Kernels& kernels, const Buffer& x, const Weights& weights, std::int32_t* out);

}  // namespace apb

#endif  // APB_OPS_BIT_LAYER_H_
