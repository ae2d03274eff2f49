// Rows of 8-bit codes times panels of signs.
#ifndef APB_KERNELS_BYTE_GEMM_OP_H_
#define APB_KERNELS_BYTE_GEMM_OP_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/bit_gemm/op.h"

namespace apb {

// out[i][p * kPanel + j] = sum over l of s * a[i][l], exact, with s = -1 where bit 4 * j + l % 4 of
// signs[p][l / 4] is set and 1 elsewhere: one word holds what four neighbouring codes meet in all channels of a panel.
struct ByteGemmArgs {
  // [rows][lda], 4 * quads of each row are read; codes beyond k are 0, so that their signs do not count.
  const uint8_t* a;
  size_t lda;
  const uint64_t* signs;  // [panels][quads]
  size_t panels;          // two at a time pay
  size_t rows;
  size_t quads;  // ceil(k / 4), below 2^31 / 1020
  int32_t* out;  // [rows][ldo], panels * kPanel of each row are written
  size_t ldo;
};

using ByteGemm = void(const ByteGemmArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_BYTE_GEMM_OP_H_
