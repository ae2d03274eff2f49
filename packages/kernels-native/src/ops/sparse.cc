#include "ops/sparse.h"

#include "ops/panel.h"

namespace apb {
namespace {

// Bit of a column in plane 0 of a tile's row.
bool BitOf(const Kernels& kernels, const ActivationTile& tile, std::size_t column, std::size_t row) {
  const std::size_t at = column / kernels.lane_bits * kTileRows + row;
  const std::uint64_t word = kernels.lane_bits == 32 ? static_cast<const std::uint32_t*>(tile.words)[at]
                                                     : static_cast<const std::uint64_t*>(tile.words)[at];
  return (word >> (column % kernels.lane_bits)) & 1;
}

}  // namespace

SparseDotArgs SparseTerms(const Kernels& kernels, const Weights& weights, const ActivationTile& tile,
                          const std::uint32_t* inside, const std::uint32_t* codes) {
  const SparseRows& sparse = std::get<BitWeights>(weights.packed).sparse;
  SparseDotArgs args = {};
  args.columns = sparse.columns.data();
  args.values = sparse.values.data();
  args.terms = sparse.columns.size();
  args.words = tile.words;
  args.count = LaneWords(kernels, weights.k);
  args.planes = tile.planes;
  args.sign = tile.sign;
  args.items = tile.rows;
  args.taps = inside ? sparse.taps.data() : nullptr;
  args.inside = inside;
  args.codes = codes;
  return args;
}

void SparseSums(const Kernels& kernels, const Weights& weights, std::size_t n, const SparseDotArgs& terms,
                float* sums) {
  const SparseRows& sparse = std::get<BitWeights>(weights.packed).sparse;
  const std::size_t start = sparse.row_start[n];
  SparseDotArgs args = terms;
  args.columns += start;
  args.values += start;
  if (args.taps) args.taps += start;
  args.terms = sparse.terms(n);
  args.sums = sums;
  kernels.sparse_dot(args);
}

void SparseSumsOfManyTaps(const Kernels& kernels, const Weights& weights, std::size_t n, const ActivationTile& tile,
                          const Inside* const* inside, float* sums) {
  const SparseRows& sparse = std::get<BitWeights>(weights.packed).sparse;
  for (std::size_t i = 0; i < tile.rows; ++i) {
    sums[i] = 0;
    for (std::size_t t = sparse.row_start[n]; t < sparse.row_start[n + 1]; ++t) {
      const std::uint32_t column = sparse.columns[t];
      if (!inside[i]->Has(column / weights.tap_channels(), weights.tap_columns())) continue;
      sums[i] += BitOf(kernels, tile, column, i) ? -sparse.values[t] : sparse.values[t];
    }
  }
}

}  // namespace apb
