// Rows in blocks that registers hold. Internal linkage keeps code of wider instruction sets out of other files.
#ifndef APB_KERNELS_ROW_BLOCKS_H_
#define APB_KERNELS_ROW_BLOCKS_H_

#include <stddef.h>

#include "kernels/unroll.h"

namespace apb {
namespace {

// Calls visit(first, count) for blocks of at most `most` rows, as equal as can be: short ones wait for their own
// additions and loads.
template <size_t most, typename Visit>
APB_INLINE void ForEachRowBlock(size_t rows, Visit visit) {
  const size_t blocks = (rows + most - 1) / most;
  for (size_t b = 0; b < blocks; ++b) {
    const size_t first = rows * b / blocks;
    visit(first, rows * (b + 1) / blocks - first);
  }
}

}  // namespace
}  // namespace apb

#endif  // APB_KERNELS_ROW_BLOCKS_H_
