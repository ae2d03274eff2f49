// Bit planes of a panel of codes -> the codes themselves, each in one word: what a sparse weight looks up.
#ifndef APB_KERNELS_CODE_PANEL_OP_H_
#define APB_KERNELS_CODE_PANEL_OP_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/bit_gemm/op.h"

namespace apb {

// For P planes, column c of a row and j = c % P: bits c % 32 - j .. c % 32 - j + P - 1 of
// codes[(c / 32 * P + j) * kTileRows + row] are the column's bits in planes 0 .. P - 1. Neighbouring columns go to
// different words, so that no bit moves further than a plane's number. Optional, for lanes of 32 bits.
struct CodePanelArgs {
  const uint32_t* words;  // [planes][count][kTileRows], as in BitPanel
  size_t count;           // words of one plane of one row
  unsigned planes;        // 2 or 4
  size_t rows;            // at most kTileRows
  uint32_t* codes;        // [count][planes][kTileRows]; written for `rows`, up to the next multiple of 16 may be
};

using CodePanel = void(const CodePanelArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_CODE_PANEL_OP_H_
