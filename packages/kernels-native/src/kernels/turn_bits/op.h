// A matrix of 64 x 64 bits turned around.
#ifndef APB_KERNELS_TURN_BITS_OP_H_
#define APB_KERNELS_TURN_BITS_OP_H_

#include <stdint.h>

namespace apb {

// Bit j of to[i] = bit i of from[j], for i, j < 64; `to` may be `from`. Optional.
using TurnBits = void(const uint64_t* from, uint64_t* to);

}  // namespace apb

#endif  // APB_KERNELS_TURN_BITS_OP_H_
