// A sparse row of weights times a panel of activations, read from their bit planes.
#ifndef APB_KERNELS_SPARSE_DOT_OP_H_
#define APB_KERNELS_SPARSE_DOT_OP_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/bit_gemm/op.h"

namespace apb {

// sums[i] = sum over terms of fl(values[t] * q[columns[t]][i]), every addition rounded to float32, in the order
// of the terms from +0, or where `more` from what sums holds: the same bits on every instruction set, so no fused
// multiply-add. q of sign planes is bit ? -1 : 1, of code planes the sum of 2^p * bit p.
// Where acc is given, what is written is fl(fl(scale * float(acc[i])) + fl(step * sums[i])): the exact product of the
// signs and its residual in one pass.
struct SparseDotArgs {
  const uint16_t* columns;  // [terms], ascending
  const float* values;      // [terms]
  size_t terms;
  const void* words;  // a BitPanel of stride kTileRows: [planes][count][kTileRows] words of lane_bits
  size_t count;       // words of one plane of one row
  unsigned planes;    // 1 for signs, 1, 2 or 4 for codes
  bool sign;
  size_t items;  // rows of the panel that matter, at most kTileRows
  // Signs only, or null: a term counts for row i only where inside[taps[t]][i] is all ones, not where it is 0 (zero
  // padding of convolutions; codes are 0 there anyway). A sum that began with +0 is never -0, so a zero of either sign
  // may be added in place of what does not count.
  const uint8_t* taps;           // [terms]
  const uint32_t* inside;        // [taps][kTileRows], aligned to 64 bytes
  float* sums;                   // [kTileRows]; written for `items`, up to the next multiple of 16 may be
  const int32_t* acc = nullptr;  // [kTileRows] or null, read up to the next multiple of 16
  float scale = 1;
  float step = 1;
  // Codes of several planes once more, as CodePanelArgs lays them down, or null: where an instruction set has such a
  // kernel it may read these instead of words.
  const uint32_t* codes = nullptr;
  bool more = false;
};

using SparseDot = void(const SparseDotArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_SPARSE_DOT_OP_H_
