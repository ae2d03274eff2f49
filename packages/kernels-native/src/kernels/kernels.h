// Which kernel runs: kernels.inc lists all of them, the best one that the instruction set allows is taken.
#ifndef APB_KERNELS_KERNELS_H_
#define APB_KERNELS_KERNELS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/balanced_gemm/op.h"
#include "kernels/bit_gemm/op.h"
#include "kernels/byte_dot/op.h"
#include "kernels/byte_gemm/op.h"
#include "kernels/ceiling/op.h"
#include "kernels/code_panel/op.h"
#include "kernels/copy_patches/op.h"
#include "kernels/correct_panel/op.h"
#include "kernels/cut_panel/op.h"
#include "kernels/cut_tile/op.h"
#include "kernels/expand_signs/op.h"
#include "kernels/finish_panel/op.h"
#include "kernels/finish_rows/op.h"
#include "kernels/float_gemm/op.h"
#include "kernels/fold_panel/op.h"
#include "kernels/lookup/op.h"
#include "kernels/mark_panel/op.h"
#include "kernels/max_window/op.h"
#include "kernels/paper/op.h"
#include "kernels/quantize/op.h"
#include "kernels/quantize_bytes/op.h"
#include "kernels/scale_panel/op.h"
#include "kernels/scale_row/op.h"
#include "kernels/sparse_dot/op.h"
#include "kernels/transpose/op.h"
#include "kernels/turn_bits/op.h"

namespace apb {

// One kernel per operation, all of which this machine can run.
struct Kernels {
  std::size_t threads = 1;  // at most so many for one operation
  unsigned lane_bits = 64;  // of a word of bit panels (bit_gemm/op.h): 32 or 64
  unsigned row_group = 16;  // rows that bit_gemm counts together: fewer take as long
  BitGemm* bit_gemm = nullptr;
  FloatGemm* float_gemm = nullptr;
  ByteGemm* byte_gemm = nullptr;
  ByteDot* byte_dot = nullptr;
  FinishRows* finish_rows = nullptr;
  MaxWindow* max_window = nullptr;
  CopyPatches* copy_patches = nullptr;
  CutPanel* cut_panel = nullptr;  // not called where there is a cut_tile
  ExpandSigns* expand_signs = nullptr;
  Quantize* quantize = nullptr;
  QuantizeBytes* quantize_bytes = nullptr;
  SparseDot* sparse_dot = nullptr;
  ScaleRow* scale_row = nullptr;
  FoldPanel* fold_panel = nullptr;        // optional, together with the bit_gemm that reads what it writes
  CutTile* cut_tile = nullptr;            // optional, together with fold_panel
  BalancedGemm* balanced_gemm = nullptr;  // optional
  FloatGemm* finished_gemm = nullptr;     // optional: float_gemm that scales, shifts and bounds
  LookupKernels* lookup = nullptr;        // optional
  CodePanel* code_panel = nullptr;        // optional
  CorrectPanel* correct_panel = nullptr;  // optional
  ScalePanel* scale_panel = nullptr;      // optional
  FinishPanel* finish_panel = nullptr;    // optional
  MarkPanel* mark_panel = nullptr;        // optional, together with turn_bits
  TurnBits* turn_bits = nullptr;          // optional
  Transpose* transpose = nullptr;
  // For benchmarks only.
  Ceiling* ceiling = nullptr;
  Paper* paper_1x1 = nullptr;
  Paper* paper_1x2 = nullptr;
  Paper* paper_2x2 = nullptr;
};

// Instruction sets that a machine with these CpuFeatures can run, best first; the last is "portable".
std::vector<std::string> UsableIsas(std::uint32_t features);

// The kernels of one of UsableIsas(features), where it brings none those of the next lesser one.
// Throws std::invalid_argument for any other name.
Kernels SelectKernels(const std::string& isa, std::uint32_t features);

}  // namespace apb

#endif  // APB_KERNELS_KERNELS_H_
