#include "ops/thresholds.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "ops/activation.h"

namespace apb {
namespace {

// Floats by their order: 0 is +0, 1 the least above it, -1 the largest below; -0 has no place of its own.
constexpr std::int32_t kInfinity = 0x7f800000;

float FloatAt(std::int32_t place) {
  const std::uint32_t bits = static_cast<std::uint32_t>(place < 0 ? -place : place);
  float magnitude;
  std::memcpy(&magnitude, &bits, sizeof magnitude);
  return place < 0 ? -magnitude : magnitude;
}

// The code of a value, for signs whether it is not negative.
unsigned LevelOf(const Quantizer& q, const Activation& activation, float x) {
  Activate(activation, 1, &x, 1);
  if (q.encoding.sign) return !(x < 0);
  const float raised = x > q.lo ? x : q.lo, clipped = raised < q.hi ? raised : q.hi;
  const float offset = clipped - q.lo;
  return static_cast<unsigned>(std::nearbyint(offset * q.inv));
}

}  // namespace

std::array<float, 3> ThresholdsOf(const Quantizer& q, const Activation& activation) {
  constexpr float kNever = std::numeric_limits<float>::quiet_NaN();
  std::array<float, 3> thresholds = {kNever, kNever, kNever};
  for (unsigned j = 0; j + 1 < 1u << q.encoding.bits; ++j) {
    std::int32_t below = -kInfinity - 1, above = kInfinity + 1;
    while (above - 1 > below) {
      const std::int32_t middle = static_cast<std::int32_t>((std::int64_t{below} + above) / 2);
      (LevelOf(q, activation, FloatAt(middle)) > j ? above : below) = middle;
    }
    if (above <= kInfinity) thresholds[j] = FloatAt(above);
  }
  return thresholds;
}

}  // namespace apb
