#include "ops/bit_layer.h"

#include <algorithm>
#include <cstring>

#include "ops/epilogue.h"
#include "ops/gather.h"
#include "ops/integer.h"
#include "ops/sparse.h"

namespace apb {
namespace {

constexpr std::size_t kTileRows = kSparseRows;

// Integer products of one group of one tile.
struct GroupProducts {
  const Tile& tile;
  std::size_t group;
  const std::uint64_t* bits;    // [rows][planes][words]
  const Inside* const* inside;  // [rows]
  const std::int32_t* acc;      // [rows][RowStride(weights)], column 0 is channel 0 of group 0
};

// Calls visit(products) for all groups of a tile, ascending, and done(tile) after them, for all tiles.
template <typename Visit, typename Done>
void ForEachProduct(const Kernels& kernels, const Buffer& x, const Weights& weights, const Window& window,
                    Visit visit, Done done) {
  BitRows source(x, weights, window, kTileRows);
  InsideSums sums(weights, x.encoding());
  AlignedArray<std::int32_t> acc(kTileRows * RowStride(weights));
  const Inside* inside[kTileRows];
  ForEachTile(window, kTileRows, [&](const Tile& tile) {
    for (std::size_t i = 0; i < tile.rows(); ++i) inside[i] = &sums.Of(tile.patches[i]);
    for (std::size_t group = 0; group < weights.groups; ++group) {
      const std::uint64_t* bits = source.Of(tile, group);
      IntegerTile(kernels, weights, x.encoding(), group, bits, tile.rows(), inside, acc.data());
      visit(GroupProducts{tile, group, bits, inside, acc.data()});
    }
    done(tile);
  });
}

// fl(fl(alpha * step) * float(acc)) + fl(fl(alpha * base) * float(S)); the second term only when base is not
// 0.
void BinaryPart(const std::vector<float>& alpha_steps, const std::int32_t* acc, const Inside& inside,
                std::size_t first, std::size_t last, float* products) {
  for (std::size_t n = first; n < last; ++n) products[n] = alpha_steps[n] * static_cast<float>(acc[n]);
  if (inside.base_terms.empty()) return;
  for (std::size_t n = first; n < last; ++n) products[n] += inside.base_terms[n];
}

}  // namespace

void RunBitLayer(const Kernels& kernels, const Epilogue& epilogue, const Buffer& x, const Weights& weights,
                 const Window& window, const Buffer* residual, Buffer& out) {
  std::vector<float> alpha_steps = std::get<BitWeights>(weights.packed).scales;
  for (float& alpha : alpha_steps) alpha *= x.encoding().step;
  const std::size_t stride = RowStride(weights);
  AlignedArray<float> products(kTileRows * stride);
  SparsePart sparse(kernels, weights, x.encoding());
  ForEachProduct(
      kernels, x, weights, window,
      [&](const GroupProducts& p) {
        const std::size_t begin = p.group * weights.rows_per_group();
        for (std::size_t i = 0; i < p.tile.rows(); ++i)
          BinaryPart(alpha_steps, p.acc + i * stride, *p.inside[i], begin, begin + weights.rows_per_group(),
                     products.data() + i * stride);
        sparse.Add(p.group, p.bits, p.tile.rows(), p.inside, products.data(), stride);
      },
      [&](const Tile& tile) {
        Finish(kernels, epilogue, products.data(), stride, tile.first, tile.rows(), residual, out);
      });
}

void RunBitProducts(const Kernels& kernels, const Buffer& x, const Weights& weights, std::int32_t* out) {
  ForEachProduct(
      kernels, x, weights, MatrixWindow(x.rows()),
      [&](const GroupProducts& p) {
        for (std::size_t i = 0; i < p.tile.rows(); ++i)
          std::memcpy(out + (p.tile.first + i) * weights.rows, p.acc + i * RowStride(weights),
                      weights.rows * sizeof(std::int32_t));
      },
      [](const Tile&) {});
}

}  // namespace apb
