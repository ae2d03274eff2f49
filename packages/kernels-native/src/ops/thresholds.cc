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

// The least float, infinities included, that has a property which all larger ones have too; `none` where none has.
template <typename Has>
float LeastFloat(Has has, float none) {
  std::int32_t below = -kInfinity - 1, above = kInfinity + 1;
  while (above - 1 > below) {
    const std::int32_t middle = static_cast<std::int32_t>((std::int64_t{below} + above) / 2);
    (has(FloatAt(middle)) ? above : below) = middle;
  }
  return above <= kInfinity ? FloatAt(above) : none;
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
  for (unsigned j = 0; j + 1 < 1u << q.encoding.bits; ++j)
    thresholds[j] = LeastFloat([&](float x) { return LevelOf(q, activation, x) > j; }, kNever);
  return thresholds;
}

float ProductThreshold(float threshold, float scale, float shift) {
  const auto reached = [&](float y) {
    const float scaled = y * scale;
    return scaled + shift >= threshold;
  };
  constexpr float kNever = std::numeric_limits<float>::infinity();
  if (scale < 0) return LeastFloat([&](float y) { return !reached(y); }, kNever);
  return LeastFloat(reached, kNever);
}

}  // namespace apb
