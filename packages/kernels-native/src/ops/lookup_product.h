// Exact products of 1-bit weights with signs or codes by looking sums up (kernels/lookup/op.h).
#ifndef APB_OPS_LOOKUP_PRODUCT_H_
#define APB_OPS_LOOKUP_PRODUCT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/scratch.h"
#include "kernels/kernels.h"
#include "ops/bit_tiles.h"
#include "ops/lookup_tables.h"
#include "ops/weights.h"
#include "ops/window.h"

namespace apb {

// Works on one tile of output positions after another.
class LookupProduct {
 public:
  // Weights with indices; all must outlive it.
  LookupProduct(const Kernels& kernels, const Weights& weights, const PixelPlanes& pixels, const Window& window);
  LookupProduct(const LookupProduct&) = delete;
  LookupProduct& operator=(const LookupProduct&) = delete;

  // Sums for all rows of a tile and all channels.
  void Sum(const BitTile& tile);

  // out[j][i] = sum(s * a) for signs inside the picture, sum(s * q) for codes, for channel j of a block of
  // kLookupChannels channels and row i of the tile summed last.
  //   terms: [kTileRows] signs inside the picture, or for codes from SumCodes
  //   out: [channels of the block][ldo], kTileRows of each row may be written
  void Products(std::size_t block, std::size_t rows, const std::int32_t* terms, std::int32_t* out,
                std::size_t ldo) const;

  std::size_t blocks() const { return blocks_; }

 private:
  // Neighbouring taps, and of each the same groups: what is summed in one go.
  struct Part {
    TapRange y, x;
    std::size_t first, groups;
  };

  std::vector<Part> Parts() const;
  void SumPixels(std::size_t pixel, std::size_t row, std::size_t rows);
  void SumPatches(const TapRange& inside, std::size_t column, std::size_t row, std::size_t rows);
  void SumPart(const Part& part, const TapRange& y, bool add);
  void SetRows(std::size_t row, std::size_t rows);

  const Lookup& lookup_;
  const Weights& weights_;
  const PixelPlanes pixels_;
  const Window& window_;
  const std::size_t groups_;  // of a tap
  const std::size_t blocks_;
  std::optional<LookupTables> tables_;           // none where output positions are pixels
  ScratchArray<std::uint8_t> pixel_tables_;      // of rows that are pixels, for one part of k
  std::vector<Part> parts_;                      // of what an output position sees
  std::vector<const std::uint8_t*> lines_;       // of tables that it sees, by ky
  std::vector<const std::uint8_t*> part_lines_;  // the same of one part, from its first ky on
  ScratchArray<std::uint16_t> sums_;             // [kTileRows][blocks][kLookupChannels]
  LookupSumsArgs args_ = {};                     // of what is summed next
};

}  // namespace apb

#endif  // APB_OPS_LOOKUP_PRODUCT_H_
