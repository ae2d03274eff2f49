// Patches of a convolution for a whole tile, in every form that its kernels read: cut_panel, fold_panel and code_panel
// in one pass, since each of them alone spends its time on loads and stores.
#ifndef APB_KERNELS_CUT_TILE_OP_H_
#define APB_KERNELS_CUT_TILE_OP_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/bit_gemm/op.h"
#include "kernels/cut_panel/op.h"

namespace apb {

// Rows of a tile that lie side by side on one line of a picture.
struct LineRun {
  size_t from;        // words from the start of the lines to the place of the first row
  size_t row, count;  // count: at least 1
};

// The panel of cut_panel for lanes of 32 bits, and what is made of it. Optional, together with the bit_gemm that reads
// folded panels.
struct CutTileArgs {
  const uint32_t* lines;
  size_t plane;         // line words from one plane to the next
  const Piece* pieces;  // as in cut_panel, in the order of their words: every word has some
  size_t count;         // of pieces
  bool whole;           // all pieces are whole words, one for each word
  unsigned planes;      // 1, 2 or 4
  size_t words;         // of one plane of the panel
  const LineRun* runs;  // of the rows 0 .. rows - 1, in their order
  size_t rows;          // 1 .. kTileRows
  // Aligned to 64 bytes; of all forms, rows up to the next multiple of 16 are written.
  uint32_t* panel;   // [planes][words][kTileRows], or null
  uint32_t* folded;  // the same folded (fold_panel/op.h), or null
  uint32_t* codes;   // [words][planes][kTileRows] (code_panel/op.h), or null; null for one plane
};

using CutTile = void(const CutTileArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_CUT_TILE_OP_H_
