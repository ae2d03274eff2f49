#include "ops/bit_input.h"

namespace apb {

BitInput::BitInput(const Kernels& kernels, const Buffer& x, const Weights& weights, const Window& window) : x(x) {
  if (!LieInMemory(window, weights.groups)) lines.emplace(kernels, x, window);
  setup = weights.setups->Find(kernels, weights, x.encoding(), window, lines ? &*lines : nullptr);
}

}  // namespace apb
