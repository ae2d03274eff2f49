// Rows of a matrix product from 8-bit codes: those of a matrix as they lie, those of a convolution gathered for a tile
// of output positions at a time (im2col is never built whole).
#ifndef APB_OPS_GATHER_H_
#define APB_OPS_GATHER_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/scratch.h"
#include "kernels/kernels.h"
#include "ops/buffer.h"
#include "ops/weights.h"
#include "ops/window.h"

namespace apb {

// Neighbouring output positions that are worked on together.
struct Tile {
  std::size_t first;
  std::vector<Patch> patches;

  std::size_t rows() const { return patches.size(); }
};

// Calls visit(tile) for the window's positions from begin to end, at most `most` at a time.
template <typename Visit>
void ForEachTile(const Window& window, std::size_t most, Visit visit) {
  const std::size_t total = std::min(window.end, window.positions());
  Tile tile;
  for (tile.first = window.begin; tile.first < total; tile.first += most) {
    tile.patches.resize(total - tile.first < most ? total - tile.first : most);
    window.Fill(tile.first, tile.patches.size(), tile.patches.data());
    visit(static_cast<const Tile&>(tile));
  }
}

// Rows of k codes in the order (kh, kw, c of the group); taps outside the picture are 0.
class ByteRows {
 public:
  // Tiles have at most `most` rows.
  ByteRows(const Kernels& kernels, const Buffer& x, const Weights& weights, const Window& window, std::size_t most);
  // [rows][stride()], zeros from k up to the next multiple of four; valid until the next call.
  const std::uint8_t* Of(const Tile& tile, std::size_t group);
  std::size_t stride() const { return stride_; }

 private:
  void Gather(const Patch& patch, std::size_t group, std::uint8_t* to) const;
  std::size_t GatherAlike(const Patch* patches, std::size_t count, std::uint8_t* to) const;

  const Kernels& kernels_;
  const std::uint8_t* x_;
  const std::size_t pixel_;  // codes of one pixel of x
  const Weights& weights_;
  const Window& window_;
  std::size_t stride_;
  ScratchArray<std::uint8_t> rows_;  // empty where rows are read as they lie
};

}  // namespace apb

#endif  // APB_OPS_GATHER_H_
