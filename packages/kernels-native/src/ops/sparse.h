// The sparse residual's part of a product with quantized input.
#ifndef APB_OPS_SPARSE_H_
#define APB_OPS_SPARSE_H_

#include <cstdint>

#include "kernels/kernels.h"
#include "ops/inside.h"
#include "ops/integer.h"
#include "ops/weights.h"

namespace apb {

// sums[i] = T of output channel n and row i of the tile: sum of fl(r * q) in float32 in the order of the compressed
// row from +0, taps outside skipped.
//   inside: [rows]   bordered: whether taps of any row lie outside
//   sums: [kTileRows], up to the next multiple of 16 may be written
//   acc: [kTileRows] products of the signs or null: then fl(fl(scale * acc) + fl(step * T)) is written instead
void SparseSums(const Kernels& kernels, const Weights& weights, std::size_t n, const ActivationTile& tile,
                const Inside* const* inside, bool bordered, float* sums, const std::int32_t* acc = nullptr, float scale = 1,
                float step = 1);

}  // namespace apb

#endif  // APB_OPS_SPARSE_H_
