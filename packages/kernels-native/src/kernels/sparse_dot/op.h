// A sparse row times a tile of activations.
#ifndef APB_KERNELS_SPARSE_DOT_OP_H_
#define APB_KERNELS_SPARSE_DOT_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// Activation rows of a tile.
constexpr size_t kSparseRows = 64;

// sums[i] = sum over terms of fl(values[term] * q[columns[term]][i]), every addition rounded to float32, in
// the order of the terms from +0: the same bits on every instruction set, so no fused multiply-add.
struct SparseDotArgs {
  const uint32_t* columns;
  const float* values;
  size_t terms;
  const float* q;  // [k][kSparseRows]
  float* sums;     // [kSparseRows]
};

using SparseDot = void(const SparseDotArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_SPARSE_DOT_OP_H_
