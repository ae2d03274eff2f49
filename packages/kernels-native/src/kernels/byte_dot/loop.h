// The loop of ByteDot, which compilers vectorise. Included by one file per instruction set: internal linkage keeps code
// of wider instruction sets out of the others.
#include "kernels/byte_dot/op.h"

namespace apb {
namespace {

constexpr size_t kBlock = 16;

inline void ByteDotLoop(const ByteDotArgs& args) {
  for (size_t first = 0; first < args.rows; first += kBlock) {
    float sums[kBlock];
    for (size_t i = 0; i < kBlock; ++i) sums[i] = args.more ? args.sums[first + i] : 0;
    for (size_t t = 0; t < args.terms; ++t) {
      const size_t column = args.columns[t];
      const uint32_t* codes = args.codes + column / 4 * kByteRows + first;
      const size_t shift = column % 4 * 8;
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
