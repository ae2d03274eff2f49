// The portable 64-bit path with the POPCNT instruction. Compiled with wider flags: intrinsics only.
#include <nmmintrin.h>

#include "kernels/bit_gemm/op.h"

namespace apb {
namespace {

constexpr size_t kColumns = 4;

// One row against kColumns of the panel's columns: sums in registers, one load of `a` for all of them.
inline void Row(const uint64_t* a, const uint64_t* b, size_t planes, size_t words, uint64_t* sums) {
  uint64_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (size_t p = planes; p-- > 0;) {
    s0 <<= 1;
    s1 <<= 1;
    s2 <<= 1;
    s3 <<= 1;
    const uint64_t* bits = a + p * words;
    for (size_t w = 0; w < words; ++w) {
      const uint64_t* column = b + w * kPanel;
      s0 += static_cast<uint64_t>(_mm_popcnt_u64(bits[w] & column[0]));
      s1 += static_cast<uint64_t>(_mm_popcnt_u64(bits[w] & column[1]));
      s2 += static_cast<uint64_t>(_mm_popcnt_u64(bits[w] & column[2]));
      s3 += static_cast<uint64_t>(_mm_popcnt_u64(bits[w] & column[3]));
    }
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

}  // namespace

void BitGemmX86Popcnt(const BitGemmArgs& args) {
  for (size_t i = 0; i < args.rows; ++i) {
    const uint64_t* a = args.a + i * args.planes * args.words;
    uint32_t* out = args.counts + i * args.stride;
    for (size_t j = 0; j < kPanel; j += kColumns) {
      uint64_t sums[kColumns];
      Row(a, args.b + j, args.planes, args.words, sums);
      for (size_t c = 0; c < kColumns; ++c)
        out[j + c] = (args.accumulate ? out[j + c] : 0) + (static_cast<uint32_t>(sums[c]) << args.shift);
    }
  }
}

}  // namespace apb
