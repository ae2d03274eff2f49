#include "base/cpu.h"

namespace apb {

// NEON is part of the 64-bit architecture, and every operating system saves it.
std::uint32_t DetectCpu() { return kNeon; }

}  // namespace apb
