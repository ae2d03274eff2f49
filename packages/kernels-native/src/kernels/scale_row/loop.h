// The loop of ScaleRow, which compilers vectorise. Included by one file per instruction set: internal linkage keeps
// code of wider instruction sets out of the others.
#include "kernels/scale_row/op.h"

namespace apb {
namespace {

inline void ScaleRowLoop(const ScaleRowArgs& args) {
  const size_t count = (args.count + 15) / 16 * 16;
  for (size_t i = 0; i < count; ++i) args.y[i] = args.scale * static_cast<float>(args.acc[i]);
  if (!args.sums) return;
  for (size_t i = 0; i < count; ++i) {
    const float part = args.step * args.sums[i];
    args.y[i] += part;
  }
}

}  // namespace
}  // namespace apb
