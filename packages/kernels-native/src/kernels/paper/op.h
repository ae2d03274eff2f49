// The matrix products of Nardini et al. (arXiv 2306.08960), as described there, to compare with.
#ifndef APB_KERNELS_PAPER_OP_H_
#define APB_KERNELS_PAPER_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// Rows and columns of a tile.
constexpr size_t kPaperTile = 8;

// A tile of 8 rows x 8 columns. 1-bit values are +-1, 2-bit values -3, -1, 1 or 3 (in units of half a step).
// Words have 64 bits, bits beyond k are 0. A side is [words][matrices][8]; one matrix of signs (1: negative)
// for 1-bit values; for 2-bit values three: M (1: magnitude 3), T (signs within M, 0 elsewhere), H (signs
// outside M, 0 elsewhere).
struct PaperArgs {
  const uint64_t* rows;     // of the left side, broadcast
  const uint64_t* columns;  // of the right side, a vector holds 64 bits of 8 columns
  const int32_t* large;     // [8]: |M| of every column; 1/2 only
  size_t words;
  size_t k;
  int32_t* out;  // [8][ldo]
  size_t ldo;
};

using Paper = void(const PaperArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_PAPER_OP_H_
