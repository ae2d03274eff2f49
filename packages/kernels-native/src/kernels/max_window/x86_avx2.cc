#include "kernels/max_window/loop.h"

namespace apb {

void MaxWindowX86Avx2(const MaxWindowArgs& args) { MaxWindowLoop<8>(args); }

}  // namespace apb
