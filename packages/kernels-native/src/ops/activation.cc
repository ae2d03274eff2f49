#include "ops/activation.h"

namespace apb {
namespace {

void Clamp(float min, float max, float* values, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    const float raised = values[i] > min ? values[i] : min;
    values[i] = raised < max ? raised : max;
  }
}

void Prelu(const float* slopes, std::size_t channels, float* values, std::size_t size) {
  for (std::size_t start = 0; start < size; start += channels)
    for (std::size_t c = 0; c < channels; ++c) {
      const float x = values[start + c];
      const float scaled = slopes[c] * x;
      values[start + c] = x < 0 ? scaled : x;
    }
}

}  // namespace

void Activate(const Activation& a, std::size_t channels, float* values, std::size_t size) {
  switch (a.kind) {
    case Activation::Kind::kNone: return;
    case Activation::Kind::kRelu:
      for (std::size_t i = 0; i < size; ++i) values[i] = values[i] > 0 ? values[i] : 0.0f;
      return;
    case Activation::Kind::kClamp: return Clamp(a.min, a.max, values, size);
    case Activation::Kind::kPrelu: return Prelu(a.slopes.data(), channels, values, size);
  }
}

}  // namespace apb
