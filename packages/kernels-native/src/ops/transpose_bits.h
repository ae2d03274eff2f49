#ifndef APB_OPS_TRANSPOSE_BITS_H_
#define APB_OPS_TRANSPOSE_BITS_H_

#include <cstdint>

namespace apb {

// In place: bit j of words[i] becomes bit i of words[j].
void TransposeBits(std::uint64_t words[64]);

}  // namespace apb

#endif  // APB_OPS_TRANSPOSE_BITS_H_
