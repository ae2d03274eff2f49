#include "kernels/byte_dot/loop.h"

namespace apb {

void ByteDotScalar(const ByteDotArgs& args) { ByteDotLoop(args); }

}  // namespace apb
