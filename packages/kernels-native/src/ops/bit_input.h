// Planes that meet the weights of a layer.
#ifndef APB_OPS_BIT_INPUT_H_
#define APB_OPS_BIT_INPUT_H_

#include <memory>
#include <optional>

#include "kernels/kernels.h"
#include "ops/bit_setup.h"
#include "ops/buffer.h"
#include "ops/lines.h"
#include "ops/weights.h"
#include "ops/window.h"

namespace apb {

// Turned where a convolution reads them by taps. All parts of a layer share one.
struct BitInput {
  // The window is that of all positions.
  BitInput(const Kernels& kernels, const Buffer& x, const Weights& weights, const Window& window);

  const Buffer& x;
  std::optional<BitLines> lines;
  std::shared_ptr<const BitSetup> setup;
};

}  // namespace apb

#endif  // APB_OPS_BIT_INPUT_H_
