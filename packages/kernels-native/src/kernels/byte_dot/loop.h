// The loop of ByteDot, which compilers vectorise. Included by one file per instruction set: internal linkage keeps code
// of wider instruction sets out of the others.
#include "kernels/byte_dot/op.h"

namespace apb {
namespace {

constexpr size_t kBlock = 16;

inline void ByteDotLoop(const ByteDotArgs& args) {
  for (size_t first = 0; first < args.rows; first += kBlock) {
    float sums[kBlock] = {};
    for (size_t t = 0; t < args.terms; ++t) {
      const uint32_t* codes = args.codes + args.columns[t] / 4 * kByteRows + first;
      const unsigned shift = args.columns[t] % 4 * 8;
      const float value = args.values[t];
      for (size_t i = 0; i < kBlock; ++i) {
        const float product = value * static_cast<float>(static_cast<int32_t>((codes[i] >> shift) & 255));
        sums[i] += product;
      }
    }
    for (size_t i = 0; i < kBlock; ++i) args.sums[first + i] = sums[i];
  }
}

}  // namespace
}  // namespace apb
