// A matrix of 32-bit words turned around.
#ifndef APB_KERNELS_TRANSPOSE_OP_H_
#define APB_KERNELS_TRANSPOSE_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// to[j * to_stride + i] = from[i * from_stride + j] for i < rows, j < columns; nothing else is read or written.
struct TransposeArgs {
  const uint32_t* from;
  size_t from_stride;
  size_t rows;
  size_t columns;
  uint32_t* to;
  size_t to_stride;
};

using Transpose = void(const TransposeArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_TRANSPOSE_OP_H_
