// Neighbouring patches of a picture, laid side by side.
#ifndef APB_KERNELS_COPY_PATCHES_OP_H_
#define APB_KERNELS_COPY_PATCHES_OP_H_

#include <stddef.h>
#include <stdint.h>

namespace apb {

// to[i * to_stride + y * run + b] = from[i * step + y * pitch + b] for i < rows, y < lines, b < run; all in bytes.
// Nothing else is read or written.
struct CopyPatchesArgs {
  const uint8_t* from;
  size_t step;   // from one patch to the next
  size_t pitch;  // from one line of a patch to the next
  size_t rows;
  size_t lines;
  size_t run;
  uint8_t* to;
  size_t to_stride;
};

using CopyPatches = void(const CopyPatchesArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_COPY_PATCHES_OP_H_
