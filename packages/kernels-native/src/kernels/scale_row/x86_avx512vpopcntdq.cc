#include "kernels/scale_row/loop.h"

namespace apb {

void ScaleRowX86Avx512Vpopcntdq(const ScaleRowArgs& args) { ScaleRowLoop(args); }

}  // namespace apb
