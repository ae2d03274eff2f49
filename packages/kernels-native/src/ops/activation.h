#ifndef APB_OPS_ACTIVATION_H_
#define APB_OPS_ACTIVATION_H_

#include <cstddef>

#include "ops/types.h"

namespace apb {

// In place on `size` values whose last axis has `channels` entries; size is a multiple of channels.
void Activate(const Activation& activation, std::size_t channels, float* values, std::size_t size);

}  // namespace apb

#endif  // APB_OPS_ACTIVATION_H_
