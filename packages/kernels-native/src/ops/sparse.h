// The sparse residual's part of a product with quantized input.
#ifndef APB_OPS_SPARSE_H_
#define APB_OPS_SPARSE_H_

#include <cstdint>

#include "kernels/kernels.h"
#include "ops/inside.h"
#include "ops/integer.h"
#include "ops/weights.h"

namespace apb {

// What sparse kernels read: the terms of all channels and the panel of a tile.
//   inside: [taps][kTileRows], all ones where a tap lies inside the picture, aligned to 64 bytes, or null where all are
//   or where the activations are codes, which are 0 outside: adding r * 0 changes no bit, since a sum that starts from
//   +0 is never -0, and x + (+-0) = x
//   codes: as in SparseDotArgs
SparseDotArgs SparseTerms(const Kernels& kernels, const Weights& weights, const ActivationTile& tile,
                          const std::uint32_t* inside, const std::uint32_t* codes);

// sums[i] = T of output channel n and row i of the tile: sum of fl(r * q) in float32 in the order of the compressed
// row from +0, taps outside skipped; with acc, products and their sparse part as SparseDotArgs says.
//   args: SparseTerms, of which what is the row's own is set: one for all rows, since a copy takes as long as a term
//   sums: [kTileRows], up to the next multiple of 16 may be written
void SparseSums(const Kernels& kernels, const Weights& weights, std::size_t n, SparseDotArgs& args, float* sums);

// The same for signs under kernels of more than 32 taps at the border of a picture: rare, so term by term.
//   inside: [rows]
void SparseSumsOfManyTaps(const Kernels& kernels, const Weights& weights, std::size_t n, const ActivationTile& tile,
                          const Inside* const* inside, float* sums);

}  // namespace apb

#endif  // APB_OPS_SPARSE_H_
