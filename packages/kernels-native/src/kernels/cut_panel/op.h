// Patches of a convolution, as lanes of a panel of bits, cut from pictures whose pixels of a line lie side by side.
#ifndef APB_KERNELS_CUT_PANEL_OP_H_
#define APB_KERNELS_CUT_PANEL_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// Bits that lie together on both sides: panel word = ((line word >> right) & mask) << left.
struct Piece {
  size_t from;    // words from the start of the lines to the line word of the first lane
  uint64_t mask;  // all bits where the whole word is taken
  uint32_t word;  // of the panel
  uint8_t right, left;
  bool first;  // the first piece of its panel word sets it, others are added (OR)
};

// For every plane p, piece and lane i < lanes:
//   panel[(p * words + piece.word) * kTileRows + i] (|)= piece of lines[piece.from + p * plane + i]
// Words have as many bits as the instruction set's lane. Nothing else is written.
struct CutPanelArgs {
  const void* lines;
  size_t plane;  // line words from one plane to the next
  const Piece* pieces;
  size_t count;
  bool whole;  // all pieces are whole words: mask full, shifts 0, first
  unsigned planes;
  size_t words;  // of one plane of the panel
  void* panel;   // at the first lane
  size_t lanes;  // 1 .. kTileRows
};

using CutPanel = void(const CutPanelArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_CUT_PANEL_OP_H_
