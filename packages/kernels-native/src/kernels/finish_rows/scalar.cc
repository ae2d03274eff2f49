#include "kernels/finish_rows/loop.h"

namespace apb {

void FinishRowsScalar(const FinishRowsArgs& args) { FinishRowsLoop(args); }

}  // namespace apb
