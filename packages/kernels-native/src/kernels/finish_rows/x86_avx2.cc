#include "kernels/finish_rows/loop.h"

namespace apb {

void FinishRowsX86Avx2(const FinishRowsArgs& args) { FinishRowsLoop(args); }

}  // namespace apb
