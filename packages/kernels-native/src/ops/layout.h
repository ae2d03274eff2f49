// Operations that move values and change none. All throw ContractError when shapes do not fit.
#ifndef APB_OPS_LAYOUT_H_
#define APB_OPS_LAYOUT_H_

#include "ops/buffer.h"

namespace apb {

// [N, H, W, C] -> [N, ceil(H / sy), ceil(W / sx), C]: every strides-th pixel, starting at the first.
void RunSubsample(const Pair& strides, const Buffer& x, Buffer& out);
// Zero channels before and after those of the last axis.
void RunPadChannels(std::size_t before, std::size_t after, const Buffer& x, Buffer& out);
// The same values in the same row-major order; planes are repacked where the last axis changes.
void RunReshape(const Buffer& x, Buffer& out);

}  // namespace apb

#endif  // APB_OPS_LAYOUT_H_
