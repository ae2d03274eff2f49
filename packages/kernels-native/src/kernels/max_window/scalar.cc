#include "kernels/max_window/loop.h"

namespace apb {

void MaxWindowScalar(const MaxWindowArgs& args) { MaxWindowLoop<4>(args); }

}  // namespace apb
