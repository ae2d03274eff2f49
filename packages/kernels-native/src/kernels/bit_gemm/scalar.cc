#include "kernels/bit_gemm/op.h"

namespace apb {
namespace {

// Adds within ever wider fields. No multiplication, so that compilers vectorise it on any machine.
inline uint64_t Popcount(uint64_t x) {
  x -= (x >> 1) & 0x5555555555555555u;
  x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
  x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
  x += x >> 8;
  x += x >> 16;
  x += x >> 32;
  return x & 0x7f;
}

}  // namespace

void BitGemmScalar(const BitGemmArgs& args) {
  for (size_t i = 0; i < args.rows; ++i) {
    const uint64_t* a = args.a + i * args.planes * args.words;
    uint64_t sums[kPanel] = {};
    for (size_t p = args.planes; p-- > 0;) {
      for (size_t j = 0; j < kPanel; ++j) sums[j] <<= 1;
      for (size_t w = 0; w < args.words; ++w) {
        const uint64_t bits = a[p * args.words + w];
        const uint64_t* b = args.b + w * kPanel;
        for (size_t j = 0; j < kPanel; ++j) sums[j] += Popcount(bits & b[j]);
      }
    }
    uint32_t* out = args.counts + i * args.stride;
    for (size_t j = 0; j < kPanel; ++j)
      out[j] = (args.accumulate ? out[j] : 0) + (static_cast<uint32_t>(sums[j]) << args.shift);
  }
}

}  // namespace apb
