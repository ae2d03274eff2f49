#include "ops/mark_setup.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "ops/thresholds.h"

namespace apb {
namespace {

// Far enough from the largest float that no rounding on the way matters.
constexpr float kLargest = 1e38f;

// Bounds, for every channel, of products and of sums over sparse terms, before and after they are multiplied by the
// step of the activations.
bool StayFinite(const Weights& weights, const Encoding& encoding) {
  const BitWeights& bits = std::get<BitWeights>(weights.packed);
  const float largest_code = static_cast<float>(encoding.sign ? 1 : (1u << encoding.bits) - 1);
  const float largest_weights = static_cast<float>(weights.k) * (weights.weight_bits == 2 ? 3.0f : 1.0f);
  for (std::size_t n = 0; n < weights.rows; ++n) {
    float magnitudes = bits.scales[n] * largest_weights;
    bits.sparse.ForEachTerm(n, [&](std::size_t, float value) { magnitudes += std::fabs(value); });
    const float largest = magnitudes * largest_code;
    if (!(largest <= kLargest) || !(largest * std::fabs(encoding.step) <= kLargest)) return false;
  }
  return true;
}

bool IsOf(const MarkSetup& setup, const Epilogue& epilogue, const Encoding& encoding) {
  const Quantizer &q = setup.quantizer, &other = *epilogue.quantizer;
  return setup.encoding == encoding && q.encoding == other.encoding && q.lo == other.lo && q.hi == other.hi &&
         q.inv == other.inv && setup.activation.kind == epilogue.activation.kind &&
         setup.activation.min == epilogue.activation.min && setup.activation.max == epilogue.activation.max &&
         setup.scale == epilogue.scale && setup.shift == epilogue.shift;
}

}  // namespace

MarkSetup::MarkSetup(const Weights& weights, const Epilogue& epilogue, const Encoding& encoding)
    : scale(epilogue.scale),
      shift(epilogue.shift),
      activation(epilogue.activation),
      quantizer(*epilogue.quantizer),
      encoding(encoding),
      finite(StayFinite(weights, encoding)) {
  if (!finite) return;
  const std::array<float, 3> of_code = ThresholdsOf(quantizer, activation);
  const std::size_t rows = weights.rows, count = (std::size_t{1} << quantizer.encoding.bits) - 1;
  thresholds.resize(count * rows);
  const auto is_negative = [](float s) { return s < 0; };
  if (std::any_of(scale.begin(), scale.end(), is_negative)) falls.resize(rows);
  for (std::size_t n = 0; n < rows; ++n) {
    const bool reversed = is_negative(scale[n]);
    if (reversed) falls[n] = 1;
    for (std::size_t j = 0; j < count; ++j)
      thresholds[(reversed ? count - 1 - j : j) * rows + n] = ProductThreshold(of_code[j], scale[n], shift[n]);
  }
}

std::shared_ptr<const MarkSetup> MarkSetups::Find(const Weights& weights, const Epilogue& epilogue,
                                                  const Encoding& encoding) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (last_ && IsOf(*last_, epilogue, encoding)) return last_;
  }
  auto setup = std::make_shared<const MarkSetup>(weights, epilogue, encoding);
  const std::lock_guard<std::mutex> lock(mutex_);
  return last_ = std::move(setup);
}

}  // namespace apb
