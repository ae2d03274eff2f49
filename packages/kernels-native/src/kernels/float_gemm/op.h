// Float rows times panels of float weights.
#ifndef APB_KERNELS_FLOAT_GEMM_OP_H_
#define APB_KERNELS_FLOAT_GEMM_OP_H_

#include <stddef.h>

#include "kernels/bit_gemm/op.h"

namespace apb {

// c[i][p * kPanel + j] (+)= sum over l of a[i][l] * b[p][l][j], summed in the order of l for every output, so that a
// result does not depend on the rows and panels beside it. With or without fused multiply-add, as the instruction set
// has it.
struct FloatGemmArgs {
  const float* a;  // [rows][lda], k of each row are read
  size_t lda;
  const float* b;       // [panels][k][kPanel]
  size_t panel_stride;  // of b: floats from one panel to the next
  size_t panels;        // two at a time pay
  size_t rows;
  size_t k;
  bool accumulate;  // start from c instead of +0
  float* c;         // [rows][ldc], panels * kPanel of each row are written
  size_t ldc;
};

using FloatGemm = void(const FloatGemmArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_FLOAT_GEMM_OP_H_
