// Scaled products of a panel of output channels -> outputs of a layer.
#ifndef APB_OPS_PANEL_FINISHER_H_
#define APB_OPS_PANEL_FINISHER_H_

#include <cstddef>
#include <cstdint>

#include "base/scratch.h"
#include "kernels/kernels.h"
#include "ops/bit_tiles.h"
#include "ops/buffer.h"
#include "ops/epilogue.h"
#include "ops/weights.h"

namespace apb {

// Writes the outputs of one panel of channels after another, by the kernel for that. `residual` and `signs` may be
// null.
class PanelFinisher {
 public:
  PanelFinisher(const Kernels& kernels, const Epilogue& epilogue, const Buffer* residual, Buffer& out, Buffer* signs);

  // Whether there is such a kernel for this layer: panels of a group must not share a word of planes.
  static bool Fits(const Kernels& kernels, const Weights& weights, const Buffer& out);

  // To be called before the panels of a tile.
  void Begin(const BitTile& tile);

  // products: [channels][kTileRows]
  void Panel(const Channels& channels, const BitTile& tile, const float* products);

  // Once all panels of a tile are done: planes go to their rows.
  void Finish(const BitTile& tile);

 private:
  const Kernels& kernels_;
  const Epilogue& epilogue_;
  const Buffer* residual_;
  Buffer& out_;
  Buffer* signs_;
  ScratchArray<std::uint32_t> planes_;  // of a tile, [planes][words of 32 bits][kTileRows]
  bool even_ = false;                   // the rows of the tile before were neighbours
  std::size_t first_ = 0;               // position from which starts are counted
  std::size_t starts_[kTileRows];       // of the rows of a tile, in values of the output
  std::size_t sign_starts_[kTileRows];  // the same in quarters of words of signs
};

}  // namespace apb

#endif  // APB_OPS_PANEL_FINISHER_H_
