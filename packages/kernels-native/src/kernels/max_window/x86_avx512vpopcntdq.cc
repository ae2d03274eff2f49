#include "kernels/max_window/loop.h"

namespace apb {

void MaxWindowX86Avx512Vpopcntdq(const MaxWindowArgs& args) { MaxWindowLoop<16>(args); }

}  // namespace apb
