// Float rows, read where they lie, times panels of float weights.
#ifndef APB_KERNELS_FLOAT_GEMM_OP_H_
#define APB_KERNELS_FLOAT_GEMM_OP_H_

#include <stddef.h>

#include "kernels/bit_gemm/op.h"

namespace apb {

// Values of a row that lie side by side and the weights that they meet: columns first .. first + count - 1 of the
// product are the floats from `from` on, counted from the start of the row.
struct FloatRun {
  size_t from;
  size_t first;
  size_t count;
};

// c[i][p * kPanel + j] (+)= sum over runs r and l < r.count of a[i * lda + r.from + l] * b[p][r.first + l][j], summed
// in this order for every output, so that a result does not depend on the rows and panels beside it. With or without
// fused multiply-add, as the instruction set has it. A matrix has one run, a patch of a picture one for each of its
// lines (im2col without a copy).
struct FloatGemmArgs {
  const float* a;
  size_t lda;  // floats from the start of one row to the next; rows may overlap
  const FloatRun* runs;
  size_t run_count;     // may be 0
  const float* b;       // [panels][columns][kPanel]
  size_t panel_stride;  // of b: floats from one panel to the next
  size_t panels;        // two at a time pay
  size_t rows;
  bool accumulate;  // start from c instead of +0
  float* c;         // [rows][ldc], panels * kPanel of each row are written
  size_t ldc;
  // What is written, where scale is not null, in place of a sum y, as FinishRowsArgs says: fl(fl(y * scale) + shift),
  // then where bounded y > low ? y : low and y < high ? y : high. For Kernels::finished_gemm only.
  const float* scale = nullptr;  // [panels * kPanel]
  const float* shift = nullptr;
  bool bounded = false;
  float low = 0, high = 0;
};

using FloatGemm = void(const FloatGemmArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_FLOAT_GEMM_OP_H_
