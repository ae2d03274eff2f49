// Where the values of a network lie in one block of memory, of which those that are needed at the same time
// have different parts.
#ifndef APB_OPS_PLACEMENT_H_
#define APB_OPS_PLACEMENT_H_

#include <cstddef>
#include <vector>

namespace apb {

// A value and the steps during which it is needed, both included.
struct Lifetime {
  std::size_t bytes;
  std::size_t first, last;
};

struct Placement {
  std::vector<std::size_t> offsets;  // of each value, multiples of kAlignment
  std::size_t bytes = 0;             // of the block, at most the sum of all values rounded up to kAlignment each
};

// Largest values first, each into the smallest gap that is free as long as it is needed, else behind its
// neighbours in time. Takes time in the square of their number.
Placement Place(const std::vector<Lifetime>& values);

}  // namespace apb

#endif  // APB_OPS_PLACEMENT_H_
