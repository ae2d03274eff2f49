// Constants that differ by row and channel, added to a panel of exact products: what padding took away from signs.
#ifndef APB_KERNELS_CORRECT_PANEL_OP_H_
#define APB_KERNELS_CORRECT_PANEL_OP_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/bit_gemm/op.h"

namespace apb {

// Cases that rows can be of: a vector of 32-bit lanes on the widest instruction set.
constexpr size_t kMostCases = 16;

// acc[c * kTileRows + i] += corrections[cases[i]][first + c]. Optional: instruction sets do without, row by row.
struct CorrectPanelArgs {
  const int32_t* const* corrections;  // [case_count] -> [first + channels]
  size_t case_count;                  // at most kMostCases
  size_t first;
  size_t channels;        // at most kPanel
  const uint32_t* cases;  // [kTileRows], of rows that matter below case_count
  size_t rows;            // at most kTileRows
  int32_t* acc;           // [channels][kTileRows]; up to the next multiple of 16 of the rows, anything may be written
};

using CorrectPanel = void(const CorrectPanelArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_CORRECT_PANEL_OP_H_
