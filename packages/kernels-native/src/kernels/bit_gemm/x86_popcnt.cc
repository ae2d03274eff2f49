// The portable 64-bit path with the POPCNT instruction. Compiled with wider flags: intrinsics only.
#include <nmmintrin.h>

#include "kernels/bit_gemm/words.h"

namespace apb {

void BitGemmX86Popcnt(const BitGemmArgs& args) {
  BitGemmByWords(args, [](uint64_t x) { return _mm_popcnt_u64(x); });
}

}  // namespace apb
