// The activations of one tile after another, packed in every form that kernels read.
#ifndef APB_OPS_TILE_PANEL_H_
#define APB_OPS_TILE_PANEL_H_

#include <cstddef>
#include <cstdint>

#include "base/scratch.h"
#include "kernels/kernels.h"
#include "ops/bit_input.h"
#include "ops/bit_tiles.h"
#include "ops/integer.h"
#include "ops/weights.h"
#include "ops/window.h"

namespace apb {

class TilePanel {
 public:
  // All must outlive it.
  TilePanel(const Kernels& kernels, const BitInput& input, const Weights& weights, const Window& window);

  // The channels of one group; valid until the next call.
  void Pack(const BitTile& tile, std::size_t group);

  // The tile packed last; its words may be anything where sparse weights read codes().
  const ActivationTile& tile() const { return tile_; }
  // What sparse weights read in place of the tile's words (SparseDotArgs), or null.
  const std::uint32_t* codes() const { return codes_.size() > 0 ? codes_.data() : nullptr; }

 private:
  bool WeavesCodes() const;
  bool ReadsPlainWords() const;
  bool WholeWords() const;
  void CutForms(const BitTile& tile, std::size_t group);
  void Cut(const BitTile& tile, std::size_t group);
  std::uint8_t* arranged() { return arranged_.size() > 0 ? arranged_.data() : panel_.data(); }

  const Kernels& kernels_;
  const BitInput& input_;
  const Weights& weights_;
  const Window& window_;
  const unsigned planes_;
  const std::size_t words_;              // of one plane
  ScratchArray<std::uint8_t> panel_;     // words as they come
  ScratchArray<std::uint8_t> arranged_;  // as products read them; empty where they are arranged in place
  ScratchArray<std::uint32_t> codes_;    // empty without use
  ActivationTile tile_{};
};

}  // namespace apb

#endif  // APB_OPS_TILE_PANEL_H_
