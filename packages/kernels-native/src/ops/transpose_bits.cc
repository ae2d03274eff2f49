#include "ops/transpose_bits.h"

namespace apb {

// Swaps the off-diagonal quarters of the 64 x 64 matrix, then of its quarters, and so on down to single bits.
void TransposeBits(std::uint64_t words[64]) {
  std::uint64_t low = 0x00000000ffffffffu;  // the lower half of every group of 2 * size bits
  for (unsigned size = 32; size > 0; size >>= 1, low ^= low << size)
    for (unsigned group = 0; group < 64; group += 2 * size)
      for (unsigned i = group; i < group + size; ++i) {
        const std::uint64_t swap = ((words[i] >> size) ^ words[i + size]) & low;
        words[i] ^= swap << size;
        words[i + size] ^= swap;
      }
}

}  // namespace apb
