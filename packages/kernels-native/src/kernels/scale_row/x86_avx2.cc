#include "kernels/scale_row/loop.h"

namespace apb {

void ScaleRowX86Avx2(const ScaleRowArgs& args) { ScaleRowLoop(args); }

}  // namespace apb
