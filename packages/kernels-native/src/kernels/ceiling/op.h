// How fast this machine can count at all: the densest loop of XOR (or AND), popcount and add, for benchmarks.
#ifndef APB_KERNELS_CEILING_OP_H_
#define APB_KERNELS_CEILING_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// Bits of one word that are combined and counted; kCeilingWords of them are loaded in turn, so that the compiler cannot
// move the combination out of the loop. They stay in the first-level cache and their loads have ports of their own.
constexpr size_t kCeilingWords = 16;

// Runs `rounds` times over independent sums, as many as are fastest in this loop, and writes something that depends on
// all of them to `sink`. Returns the bits combined and counted.
using Ceiling = uint64_t(bool exclusive, size_t rounds, uint64_t* sink);

}  // namespace apb

#endif  // APB_KERNELS_CEILING_OP_H_
