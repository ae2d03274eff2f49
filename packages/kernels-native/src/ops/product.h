// A whole integer product of packed operands, for benchmarks: what a layer does between packing and epilogue.
#ifndef APB_OPS_PRODUCT_H_
#define APB_OPS_PRODUCT_H_

#include <cstdint>
#include <vector>

#include "base/aligned.h"
#include "kernels/kernels.h"
#include "ops/integer.h"
#include "ops/weights.h"

namespace apb {

struct PackedActivations {
  std::size_t rows, k;
  unsigned planes;
  bool sign;
  // [ceil(rows / kTileRows)] panels, as products read them
  AlignedArray<std::uint8_t> panels;
  AlignedArray<std::uint64_t> pixels;  // rows as they came, where products are looked up, else empty
  // [rows rounded up to kTileRows], what products that are looked up begin with, else empty
  AlignedArray<std::int32_t> terms;

  ActivationTile Tile(const Kernels& kernels, std::size_t index) const;
};

// rows: [count][planes][words of 64 bits], bits beyond k zero. Codes of `planes` bits, or signs, to meet these weights.
PackedActivations PackActivations(const Kernels& kernels, const std::uint64_t* rows, std::size_t count, unsigned planes,
                                  bool sign, const Weights& weights);

// Room for the products: stride of out in MultiplyPacked. Not a multiple of 2 KiB, at which the rows of a panel
// would all fall into one set of the first-level cache.
inline std::size_t ProductStride(std::size_t rows) {
  const std::size_t stride = (rows + kTileRows - 1) / kTileRows * kTileRows;
  return stride % 512 == 0 ? stride + kTileRows : stride;
}

// out[n][i] for output channels n and rows i: [weights.rows][ProductStride(rows)]. Weights of one group, made by
// PackWeights for these kernels.
void MultiplyPacked(const Kernels& kernels, const PackedActivations& a, const Weights& weights, std::int32_t* out);

// out[n][i] = fl(scale * product) + T, T the sparse part of channel n, from rows of signs as they come: what
// full-precision weights cost. Shapes as above, 1-bit weights; no more than one thread.
void MultiplySparse(const Kernels& kernels, const std::uint64_t* rows, std::size_t count, const Weights& weights,
                    float* out);

}  // namespace apb

#endif  // APB_OPS_PRODUCT_H_
