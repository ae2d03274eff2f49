#include "kernels/scale_row/loop.h"

namespace apb {

void ScaleRowScalar(const ScaleRowArgs& args) { ScaleRowLoop(args); }

}  // namespace apb
