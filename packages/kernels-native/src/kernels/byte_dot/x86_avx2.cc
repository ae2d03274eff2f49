#include "kernels/byte_dot/loop.h"

namespace apb {

void ByteDotX86Avx2(const ByteDotArgs& args) { ByteDotLoop(args); }

}  // namespace apb
