// Memory that one operation needs for its time only. Taken from the heap each time, large pieces go back to the system
// and come again page by page, which may take longer than the work on them.
#ifndef APB_BASE_SCRATCH_H_
#define APB_BASE_SCRATCH_H_

#include <cstddef>

#include "base/aligned.h"

namespace apb {

// Blocks that a thread gave back are kept for it, a few of each size: powers of two up to 1 MiB, 8 MiB a thread at
// most. A block is to be given back by the thread that took it.
struct Scratch {
  static void* Take(std::size_t bytes);
  static void Give(void* block, std::size_t bytes);
};

template <typename T>
using ScratchArray = AlignedArray<T, Scratch>;

}  // namespace apb

#endif  // APB_BASE_SCRATCH_H_
