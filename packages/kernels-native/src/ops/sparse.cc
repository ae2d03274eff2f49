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

// Where a block of columns begins in a panel.
const void* WordsOf(const void* panel, std::size_t block) {
  return static_cast<const std::uint8_t*>(panel) + block * (SparseRows::kBlockColumns / 8) * kTileRows;
}

}  // namespace

SparseDotArgs SparseTerms(const Kernels& kernels, const Weights& weights, const ActivationTile& tile,
                          const std::uint32_t* inside, const std::uint32_t* codes) {
  const SparseRows& sparse = std::get<BitWeights>(weights.packed).sparse;
  SparseDotArgs args = {};
  args.columns = sparse.columns.data();
  args.values = sparse.values.data();
  args.terms = sparse.values.size();
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

void SparseSums(const Kernels& kernels, const Weights& weights, std::size_t n, SparseDotArgs& args, float* sums) {
  const SparseRows& sparse = std::get<BitWeights>(weights.packed).sparse;
  const void* words = args.words;
  const std::uint32_t* codes = args.codes;
  const std::int32_t* acc = args.acc;
  sparse.ForEachBlock(n, [&](std::size_t first, std::size_t count, std::size_t block) {
    args.columns = sparse.columns.data() + first;
    args.values = sparse.values.data() + first;
    if (args.taps) args.taps = sparse.taps.data() + first;
    args.terms = count;
    args.words = WordsOf(words, block);
    if (codes) args.codes = codes + block * (SparseRows::kBlockColumns / 32) * args.planes * kTileRows;
    args.acc = block + 1 < sparse.blocks ? nullptr : acc;
    args.more = block > 0;
    args.sums = sums;
    kernels.sparse_dot(args);
  });
  args.words = words;
  args.codes = codes;
}

void SparseSumsOfManyTaps(const Kernels& kernels, const Weights& weights, std::size_t n, const ActivationTile& tile,
                          const Inside* const* inside, float* sums) {
  const SparseRows& sparse = std::get<BitWeights>(weights.packed).sparse;
  for (std::size_t i = 0; i < tile.rows; ++i) {
    sums[i] = 0;
    sparse.ForEachTerm(n, [&](std::size_t column, float value) {
      if (!inside[i]->Has(column / weights.tap_channels(), weights.tap_columns())) return;
      sums[i] += BitOf(kernels, tile, column, i) ? -value : value;
    });
  }
}

}  // namespace apb
