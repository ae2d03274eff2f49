// What the processor can run *and* the operating system saves across context switches.
#ifndef APB_BASE_CPU_H_
#define APB_BASE_CPU_H_

#include <cstdint>

namespace apb {

// Bits of a mask: groups of extensions that kernel files are compiled for (binding.gyp holds their flags).
enum CpuFeature : std::uint32_t {
  kPopcnt = 1u << 0,
  // AVX2 and FMA.
  kAvx2 = 1u << 1,
  // AVX-512 F, BW, DQ, VL, VNNI and VPOPCNTDQ.
  kAvx512Vpopcntdq = 1u << 2,
  // NEON of 64-bit ARM.
  kNeon = 1u << 3,
  // AVX-512 VBMI and all of kAvx512Vpopcntdq.
  kAvx512Vbmi = 1u << 4,
};

// Features of this machine; always the same answer.
std::uint32_t DetectCpu();

}  // namespace apb

#endif  // APB_BASE_CPU_H_
