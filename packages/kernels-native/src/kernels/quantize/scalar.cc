#include "kernels/quantize/op.h"

namespace apb {
namespace {

// Nearest integer, ties to even, for 0 <= t < 2^22: adding 2^23 leaves no fraction bits, so the sum itself is
// rounded by the default rounding mode and its low mantissa bits are the integer.
inline uint32_t RoundHalfEven(float t) { return static_cast<uint32_t>(t + 8388608.0f) - 8388608u; }

inline uint32_t Code(float x, const QuantizeArgs& args) {
  const float raised = x > args.lo ? x : args.lo;
  const float clipped = raised < args.hi ? raised : args.hi;
  return RoundHalfEven((clipped - args.lo) * args.inv);
}

inline uint32_t Value(float x, const QuantizeArgs& args) {
  return args.sign ? static_cast<uint32_t>(x < 0) : Code(x, args);
}

}  // namespace

void QuantizeScalar(const QuantizeArgs& args) {
  const size_t words = (args.k + 63) / 64;
  for (size_t i = 0; i < args.rows; ++i) {
    const float* x = args.x + i * args.stride;
    uint64_t* out = args.out + i * args.bits * words;
    for (size_t w = 0; w < words; ++w) {
      const size_t count = args.k - w * 64 < 64 ? args.k - w * 64 : 64;
      uint64_t planes[8] = {};
      for (size_t b = 0; b < count; ++b) {
        const uint64_t q = Value(x[w * 64 + b], args);
        for (unsigned p = 0; p < args.bits; ++p) planes[p] |= ((q >> p) & 1) << b;
      }
      for (unsigned p = 0; p < args.bits; ++p) out[p * words + w] = planes[p];
    }
  }
}

}  // namespace apb
