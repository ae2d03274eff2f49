#include "kernels/finish_rows/loop.h"

namespace apb {

void FinishRowsX86Avx512Vpopcntdq(const FinishRowsArgs& args) { FinishRowsLoop(args); }

}  // namespace apb
