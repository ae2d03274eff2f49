#include "base/cpu.h"

namespace apb {

// Architectures without kernels of their own run the portable ones.
std::uint32_t DetectCpu() { return 0; }

}  // namespace apb
