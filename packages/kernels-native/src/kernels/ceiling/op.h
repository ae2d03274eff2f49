// How fast this machine can count one word at a time: the densest loop of XOR (or AND), popcount and add, for
// benchmarks.
#ifndef APB_KERNELS_CEILING_OP_H_
#define APB_KERNELS_CEILING_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// Runs `rounds` times over independent sums, as many as are fastest in this loop, and writes something that
// depends on all of them to `sink`. Returns the bits combined and counted.
//
// One side comes from memory, so that the compiler cannot move the combination out of the loop: it stays in
// the first-level cache, and loads have ports of their own. Hand-written assembly on registers alone is no
// faster (Zen 4, GMAC/s at 3.7 GHz: 1,261, 630 and 313 for AVX-512, AVX2 and POPCNT, whatever the number of
// sums and unrolling).
using Ceiling = uint64_t(bool exclusive, size_t rounds, uint64_t* sink);

}  // namespace apb

// After a vector sum was added to: the compiler adds in this order, without it GCC regroups the sums of a
// step, which takes more registers than there are.
#if defined(__GNUC__)
#define APB_CEILING_KEEP(sum) __asm__("" : "+v"(sum))
#else
#define APB_CEILING_KEEP(sum) static_cast<void>(sum)
#endif

#endif  // APB_KERNELS_CEILING_OP_H_
