#include "kernels/transpose/op.h"

namespace apb {

// Writes run along a row of the result; reads stay in the first-level cache for the tiles that are turned here.
void TransposeScalar(const TransposeArgs& args) {
  for (size_t j = 0; j < args.columns; ++j)
    for (size_t i = 0; i < args.rows; ++i) args.to[j * args.to_stride + i] = args.from[i * args.from_stride + j];
}

}  // namespace apb
