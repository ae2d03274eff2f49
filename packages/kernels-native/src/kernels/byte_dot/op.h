// A sparse row of weights times rows of 8-bit codes.
#ifndef APB_KERNELS_BYTE_DOT_OP_H_
#define APB_KERNELS_BYTE_DOT_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// Rows of a tile of 8-bit codes.
constexpr size_t kByteRows = 64;

// sums[i] = sum over terms of fl(values[t] * q[columns[t]][i]), every addition rounded to float32, in the order of the
// terms from +0, or where `more` from what sums holds: the same bits on every instruction set, so no fused
// multiply-add.
struct ByteDotArgs {
  const uint16_t* columns;  // [terms]
  const float* values;      // [terms]
  size_t terms;
  const uint32_t* codes;  // [ceil(k / 4)][kByteRows]: code l of row i is byte l % 4, the lowest first, of [l / 4][i]
  size_t rows;            // that matter, at most kByteRows
  float* sums;            // [kByteRows]; written for `rows`, up to the next multiple of 16 may be
  bool more = false;
};

using ByteDot = void(const ByteDotArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_BYTE_DOT_OP_H_
