#include "base/cpu.h"

#ifdef _MSC_VER
#include <immintrin.h>
#include <intrin.h>
#else
#include <cpuid.h>
#endif

namespace apb {
namespace {

struct Registers {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zero when the processor does not know the leaf.
Registers Cpuid(std::uint32_t leaf, std::uint32_t subleaf) {
  Registers r;
#ifdef _MSC_VER
  int out[4];
  __cpuid(out, 0);
  if (static_cast<std::uint32_t>(out[0]) < leaf) return r;
  __cpuidex(out, static_cast<int>(leaf), static_cast<int>(subleaf));
  r = {static_cast<std::uint32_t>(out[0]), static_cast<std::uint32_t>(out[1]), static_cast<std::uint32_t>(out[2]),
       static_cast<std::uint32_t>(out[3])};
#else
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
#endif
  return r;
}

// XCR0, the register state that the operating system saves. Only valid when CPUID reports OSXSAVE.
std::uint64_t EnabledState() {
#ifdef _MSC_VER
  return _xgetbv(0);
#else
  std::uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
#endif
}

constexpr bool Has(std::uint64_t value, std::uint64_t bits) { return (value & bits) == bits; }
constexpr std::uint32_t Bit(int i) { return 1u << i; }

}  // namespace

std::uint32_t DetectCpu() {
  const Registers one = Cpuid(1, 0);
  const Registers seven = Cpuid(7, 0);
  std::uint32_t features = 0;
  if (Has(one.ecx, Bit(23))) features |= kPopcnt;

  const bool os_xsave = Has(one.ecx, Bit(27));
  const std::uint64_t state = os_xsave ? EnabledState() : 0;
  // XCR0: 1 XMM, 2 upper halves of YMM; 5 mask registers, 6 upper halves of ZMM 0-15, 7 ZMM 16-31.
  const bool os_ymm = Has(state, Bit(1) | Bit(2));
  const bool os_zmm = os_ymm && Has(state, Bit(5) | Bit(6) | Bit(7));

  // Leaf 1 ECX: 12 FMA, 28 AVX. Leaf 7 EBX: 5 AVX2. The AVX2 files are compiled with POPCNT too.
  const bool avx2 = os_ymm && Has(one.ecx, Bit(12) | Bit(23) | Bit(28)) && Has(seven.ebx, Bit(5));
  if (avx2) features |= kAvx2;

  // Leaf 7 EBX: 16 AVX512F, 17 DQ, 30 BW, 31 VL. ECX: 1 VBMI, 11 VNNI, 14 VPOPCNTDQ.
  if (avx2 && os_zmm && Has(seven.ebx, Bit(16) | Bit(17) | Bit(30) | Bit(31)) && Has(seven.ecx, Bit(11) | Bit(14))) {
    features |= kAvx512Vpopcntdq;
    if (Has(seven.ecx, Bit(1))) features |= kAvx512Vbmi;
  }
  return features;
}

}  // namespace apb
