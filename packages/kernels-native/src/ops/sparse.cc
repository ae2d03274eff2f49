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

// Signs under kernels of more than 32 taps, at the border of a picture: rare, so term by term.
void SignsOfManyTaps(const Kernels& kernels, const Weights& weights, std::size_t n, const ActivationTile& tile,
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

}  // namespace

// Codes are 0 outside, and adding r * 0 changes no bit: a sum that starts from +0 is never -0, and x + (+-0) = x.
void SparseSums(const Kernels& kernels, const Weights& weights, std::size_t n, const ActivationTile& tile,
                const Inside* const* inside, bool bordered, float* sums, const std::int32_t* acc, float scale,
                float step) {
  const SparseRows& sparse = std::get<BitWeights>(weights.packed).sparse;
  const bool masked = bordered && tile.sign;
  if (masked && weights.taps() > 32) {
    SignsOfManyTaps(kernels, weights, n, tile, inside, sums);
    if (acc) kernels.scale_row({acc, sums, scale, step, tile.rows, sums});
    return;
  }
  std::uint32_t taps[kTileRows];
  if (masked) {
    for (std::size_t i = 0; i < kTileRows; ++i) taps[i] = i < tile.rows ? inside[i]->taps : 0;
  }
  const std::size_t start = sparse.row_start[n];
  kernels.sparse_dot({sparse.columns.data() + start, sparse.values.data() + start, sparse.terms(n), tile.words,
                      LaneWords(kernels, weights.k), tile.planes, tile.sign, tile.rows,
                      masked ? sparse.taps.data() + start : nullptr, masked ? taps : nullptr, sums, acc, scale, step});
}

}  // namespace apb
