// Operations on each value, on float buffers, rows on at most `threads` threads. All throw ContractError when
// shapes or vectors do not fit.
#ifndef APB_OPS_ELEMENTWISE_H_
#define APB_OPS_ELEMENTWISE_H_

#include <vector>

#include "ops/buffer.h"

namespace apb {

// fl(a + b), then the activation.
void RunAdd(std::size_t threads, const Activation& activation, const Buffer& a, const Buffer& b, Buffer& out);
// fl(fl(x * scale[c]) + shift[c]), then the activation.
void RunAffine(std::size_t threads, const std::vector<float>& scale, const std::vector<float>& shift,
               const Activation& activation, const Buffer& x, Buffer& out);
void RunActivate(std::size_t threads, const Activation& activation, const Buffer& x, Buffer& out);
// exp(x - max) / sum over the last axis, in float64, rounded once.
void RunSoftmax(std::size_t threads, const Buffer& x, Buffer& out);

}  // namespace apb

#endif  // APB_OPS_ELEMENTWISE_H_
