// A matrix of 64 rows of bits, transposed.
#ifndef APB_KERNELS_TURN_BITS_OP_H_
#define APB_KERNELS_TURN_BITS_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// Bit j of to[i * words + w] = bit i of from[w * 64 + j], for rows i < 64, words w and their bits j < 64. `to` is not
// `from`. Optional.
using TurnBits = void(const uint64_t* from, size_t words, uint64_t* to);

}  // namespace apb

#endif  // APB_KERNELS_TURN_BITS_OP_H_
