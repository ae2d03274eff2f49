#include <string.h>

#include "kernels/copy_patches/op.h"

namespace apb {

void CopyPatchesScalar(const CopyPatchesArgs& args) {
  for (size_t i = 0; i < args.rows; ++i)
    for (size_t y = 0; y < args.lines; ++y)
      memcpy(args.to + i * args.to_stride + y * args.run, args.from + i * args.step + y * args.pitch, args.run);
}

}  // namespace apb
