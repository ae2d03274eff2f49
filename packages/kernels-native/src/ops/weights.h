// Weights of one layer, repacked once into panels of kPanel output channels.
#ifndef APB_OPS_WEIGHTS_H_
#define APB_OPS_WEIGHTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/aligned.h"
#include "kernels/kernels.h"
#include "ops/types.h"

namespace apb {

// The sparse residual R with W_hat = scale * S + R: compressed rows, one an output channel, columns ascending. A row is
// cut into blocks of columns, nearly always one, so that a column within its block takes two bytes.
struct SparseRows {
  static constexpr std::size_t kBlockColumns = 65536;  // words of planes and of codes begin with a block
  static constexpr std::size_t kMostTaps = 32;         // of a kernel whose taps are kept with the terms

  std::size_t blocks = 1;                // of a row
  std::vector<std::uint32_t> row_start;  // [rows][blocks], then the number of terms
  std::vector<std::uint16_t> columns;    // of every term within its block
  std::vector<float> values;
  std::vector<std::uint8_t> taps;  // the tap of every column; empty when there are more than kMostTaps

  std::size_t terms(std::size_t row) const { return row_start[(row + 1) * blocks] - row_start[row * blocks]; }

  // Calls visit(first term, terms, block) for the blocks of a row.
  template <typename Visit>
  void ForEachBlock(std::size_t row, Visit visit) const {
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::size_t first = row_start[row * blocks + b];
      visit(first, row_start[row * blocks + b + 1] - first, b);
    }
  }

  // Calls visit(column, value) for the terms of a row.
  template <typename Visit>
  void ForEachTerm(std::size_t row, Visit visit) const {
    ForEachBlock(row, [&](std::size_t first, std::size_t count, std::size_t block) {
      for (std::size_t t = first; t < first + count; ++t) visit(block * kBlockColumns + columns[t], values[t]);
    });
  }
};

// 1- or 2-bit weights that meet quantized activations.
struct BitWeights {
  unsigned planes = 1;    // 1: bit set where s = -1; 2: code p, standing for 2p - 3
  bool balanced = false;  // as IsBalanced says: plane 0 is set where |2p - 3| is 1
  // [groups][panels of a group][planes][LaneWords][kPanel] lane words, folded (fold_panel/op.h) where kernels can and
  // they are not balanced
  AlignedArray<std::uint8_t> panels;
  // In place of panels where products are looked up: [blocks][taps][groups of a tap][kLookupChannels] patterns of
  // index_bits bits.
  AlignedArray<std::uint8_t> indices;
  std::vector<float> scales;           // [rows]
  std::vector<std::int32_t> tap_sums;  // [taps][rows]: sum of s or 2p - 3 over the channels of a tap
  // [groups][panels of a group][kPanel]: what products with codes start from, c = 2^activation_bits - 1:
  // c * (sum(s) - k) / 2 of 1-bit weights, c * (3k + sum(2p - 3)) / 2 of 2-bit ones. Empty where products are looked
  // up.
  std::vector<std::int32_t> code_terms;
  SparseRows sparse;
  // [groups][panels of a group][kPanel]: channels of a panel by number of sparse terms, so that loops over the terms
  // of one after another end where the processor expects it (a mispredicted end costs as much as several terms).
  std::vector<std::uint8_t> order;
};

// 1-bit weights that meet 8-bit codes. Sums over taps are not kept: for few channels they would weigh half as much as
// the signs themselves.
struct ByteWeights {
  AlignedArray<std::uint64_t> signs;  // [groups][panels of a group][quads], bit 4j + b: channel j is negative there
  std::vector<float> scales;          // [rows]
  SparseRows sparse;                  // without taps
};

// Binary weights that meet float activations: still a bit per weight; panels are expanded when they are used.
struct SignWeights {
  // A full-precision weight that replaces scale * sign.
  struct Exception {
    std::uint32_t column;
    std::uint32_t lane;  // output channel within its panel
    float value;
  };
  AlignedArray<std::uint16_t> signs;         // [groups][panels of a group][k], bit j: channel j is negative
  AlignedArray<float> scales;                // [groups][panels of a group][kPanel], 0 beyond the last channel
  std::vector<std::size_t> exception_start;  // [groups * panels of a group + 1]
  std::vector<Exception> exceptions;         // by panel, then column
};

struct FloatWeights {
  AlignedArray<float> panels;  // [groups][panels of a group][k][kPanel], 0 beyond the last channel
};

class BitSetups;
class MarkSetups;
class Windows;

struct Weights {
  std::size_t rows = 0;  // output channels
  std::size_t k = 0;     // weights per output channel
  std::size_t groups = 1;
  unsigned weight_bits = 32;      // 1, 2 or 32
  unsigned activation_bits = 32;  // 1, 2, 4, 8 or 32
  std::optional<ConvGeometry> geometry;
  std::variant<BitWeights, ByteWeights, SignWeights, FloatWeights> packed;
  // Of BitWeights; not counted in bytes(), which are what is prepared: runs add a few sums a channel for their size of
  // pictures, and 12 to 21 bytes a channel where they write codes.
  std::shared_ptr<BitSetups> setups;
  std::shared_ptr<MarkSetups> mark_setups;
  std::shared_ptr<Windows> windows;  // of convolutions

  std::size_t rows_per_group() const { return rows / groups; }
  std::size_t panels_per_group() const { return (rows_per_group() + kPanel - 1) / kPanel; }
  std::size_t taps() const { return geometry ? geometry->kernel.y * geometry->kernel.x : 1; }
  std::size_t tap_columns() const { return geometry ? geometry->kernel.x : 1; }
  // Input channels of one group.
  std::size_t tap_channels() const { return k / taps(); }
  // Words of ByteWeights for one panel.
  std::size_t quads() const { return (k + 3) / 4; }
  std::size_t bytes() const;
  // Full-precision ones among BitWeights.
  std::size_t sparse_terms() const { return std::get<BitWeights>(packed).sparse.values.size(); }
  // Whether products with these weights, of bits, are looked up.
  bool looked_up() const { return std::get<BitWeights>(packed).indices.size() > 0; }
};

// A panel of output channels of one group.
struct Channels {
  std::size_t panel, first, count;
};

// Whether weights and codes of so many bits meet in balanced_gemm, in panels that are laid out for it.
inline bool IsBalanced(const Kernels& kernels, unsigned weight_bits, unsigned activation_bits) {
  return kernels.balanced_gemm && weight_bits == 2 && activation_bits == 2;
}

// Room for a row of products of all groups: panels may write beyond the last channel.
inline std::size_t RowStride(const Weights& weights) { return weights.rows + kPanel; }

// Weights as the caller has them. Planes are canonical: [bits][rows][words of 32 bits], padding bits zero.
struct SourceWeights {
  std::size_t rows = 0, k = 0;
  unsigned bits = 32;                     // 1 signs, 2 codes, 32 floats
  const std::uint32_t* planes = nullptr;  // bits * rows * ceil(k / 32) words
  const float* scales = nullptr;          // of planes: one, or one per row
  std::size_t scale_count = 0;
  const std::uint32_t* positions = nullptr;  // of full-precision weights (1 bit): flat, ascending, distinct
  const float* values = nullptr;             // at positions, or all of them (32 bits)
  std::size_t value_count = 0;
};

// Throws ContractError when shapes, scales, positions or values are wrong, when an integer sum could reach
// 2^31, or when the contract has no such product. The layout is what these kernels take, on any number of threads.
Weights PackWeights(const SourceWeights& source, unsigned activation_bits, const std::optional<ConvGeometry>& geometry,
                    const Kernels& kernels);

}  // namespace apb

#endif  // APB_OPS_WEIGHTS_H_
