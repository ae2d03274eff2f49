#include "ops/mark_setup.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ops/thresholds.h"

namespace apb {
namespace {

// Far enough from the largest float that no rounding on the way matters.
constexpr float kLargest = 1e38f;

bool AllFinite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
}

bool StayFinite(const Weights& weights, const Epilogue& epilogue, const Encoding& encoding) {
  const BitWeights& bits = std::get<BitWeights>(weights.packed);
  const float largest_code = static_cast<float>(encoding.sign ? 1 : (1u << encoding.bits) - 1) * encoding.step;
  const float largest_sum = static_cast<float>(weights.k) * (weights.weight_bits == 2 ? 3.0f : 1.0f);
  for (std::size_t n = 0; n < weights.rows; ++n) {
    float magnitudes = std::fabs(bits.scales[n]) * largest_sum;
    bits.sparse.ForEachTerm(n, [&](std::size_t, float value) { magnitudes += std::fabs(value); });
    if (!(magnitudes <= kLargest) || !(magnitudes * largest_code <= kLargest)) return false;
  }
  return AllFinite(epilogue.scale) && AllFinite(epilogue.shift);
}

// Prelu, whose slopes are not compared, has no setup.
bool IsSame(const Epilogue& a, const Epilogue& b) {
  return a.scale == b.scale && a.shift == b.shift && a.activation.kind == b.activation.kind &&
         a.activation.min == b.activation.min && a.activation.max == b.activation.max &&
         a.quantizer->encoding == b.quantizer->encoding && a.quantizer->lo == b.quantizer->lo &&
         a.quantizer->hi == b.quantizer->hi && a.quantizer->inv == b.quantizer->inv;
}

}  // namespace

MarkSetup::MarkSetup(const Weights& weights, const Epilogue& epilogue, const Encoding& encoding)
    : epilogue(epilogue), encoding(encoding), finite(StayFinite(weights, epilogue, encoding)) {
  if (!finite) return;
  const std::array<float, 3> of_code = ThresholdsOf(*epilogue.quantizer, epilogue.activation);
  const std::size_t rows = weights.rows, count = (std::size_t{1} << epilogue.quantizer->encoding.bits) - 1;
  thresholds.resize(count * rows);
  const bool any_falls = std::any_of(epilogue.scale.begin(), epilogue.scale.end(), [](float s) { return s < 0; });
  if (any_falls) falling.resize(rows);
  for (std::size_t n = 0; n < rows; ++n) {
    const bool falls = epilogue.scale[n] < 0;
    if (falls) falling[n] = ~std::uint64_t{0};
    for (std::size_t j = 0; j < count; ++j)
      thresholds[(falls ? count - 1 - j : j) * rows + n] =
          ProductThreshold(of_code[j], epilogue.scale[n], epilogue.shift[n]);
  }
}

std::shared_ptr<const MarkSetup> MarkSetups::Find(const Weights& weights, const Epilogue& epilogue,
                                                  const Encoding& encoding) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (last_ && last_->encoding == encoding && IsSame(last_->epilogue, epilogue)) return last_;
  }
  auto setup = std::make_shared<const MarkSetup>(weights, epilogue, encoding);
  const std::lock_guard<std::mutex> lock(mutex_);
  return last_ = std::move(setup);
}

}  // namespace apb
