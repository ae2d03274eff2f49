#include "kernels/quantize_bytes/op.h"

namespace apb {
namespace {

// Nearest integer, ties to even, for 0 <= t < 2^22: adding 2^23 leaves no fraction bits, so the sum itself is rounded
// by the default rounding mode and its low mantissa bits are the integer.
inline uint8_t RoundHalfEven(float t) { return static_cast<uint8_t>(static_cast<int32_t>(t + 8388608.0f) - 8388608); }

}  // namespace

void QuantizeBytesScalar(const QuantizeBytesArgs& args) {
  for (size_t i = 0; i < args.rows; ++i) {
    const float* x = args.x + i * args.stride;
    uint8_t* out = args.out + i * args.k;
    for (size_t l = 0; l < args.k; ++l) {
      const float raised = x[l] > args.lo ? x[l] : args.lo;
      const float clipped = raised < args.hi ? raised : args.hi;
      out[l] = RoundHalfEven((clipped - args.lo) * args.inv);
    }
  }
}

}  // namespace apb
