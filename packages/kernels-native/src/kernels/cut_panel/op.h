// Patches of a convolution, as lanes of a panel of bits, cut from pictures whose pixels of a line lie side by side.
#ifndef APB_KERNELS_CUT_PANEL_OP_H_
#define APB_KERNELS_CUT_PANEL_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// Bits that lie together on both sides: those of `mask` in the panel word come from the line word, turned to the left.
struct Piece {
  size_t from;    // words from the start of the lines to the line word of the first lane
  uint64_t mask;  // of the panel word; all bits where the whole word is taken
  uint32_t word;  // of the panel; pieces of one word follow each other
  uint8_t turn;   // to the left, below the bits of a word
};

// For every plane p, word w and lane i < lanes:
//   panel[(p * words + w) * kTileRows + i] =
//     OR of (lines[piece.from + p * plane + i] turned left by piece.turn) & piece.mask over the pieces of w
// Words have as many bits as the instruction set's lane. Nothing else is written.
struct CutPanelArgs {
  const void* lines;
  size_t plane;  // line words from one plane to the next
  const Piece* pieces;
  size_t count;
  bool whole;  // all pieces are whole words: every mask is full, no turns
  unsigned planes;
  size_t words;  // of one plane of the panel
  void* panel;   // at the first lane
  size_t lanes;  // 1 .. kTileRows
};

using CutPanel = void(const CutPanelArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_CUT_PANEL_OP_H_
