#include "ops/check.h"

#include <cmath>

#include "base/finite.h"

namespace apb {
namespace {

void CheckFinite(float value, const std::string& what) {
  if (!std::isfinite(value)) throw ContractError(what + " is not a finite float32 value");
}

void CheckPair(const Pair& pair, const std::string& what) {
  if (pair.y < 1 || pair.x < 1) throw ContractError(what + " must be at least 1");
}

}  // namespace

void CheckEncoding(const Encoding& e) {
  if (e.bits != 1 && e.bits != 2 && e.bits != 4 && e.bits != 8)
    throw ContractError("activations have 1, 2, 4 or 8 bits, got " + std::to_string(e.bits));
  if (e.sign && e.bits != 1) throw ContractError("sign planes have 1 bit, got " + std::to_string(e.bits));
  CheckFinite(e.step, e.sign ? "encoding scale" : "encoding step");
  CheckFinite(e.base, "encoding base");
}

void CheckQuantizer(const Quantizer& q) {
  CheckEncoding(q.encoding);
  if (q.encoding.sign) return;
  CheckFinite(q.lo, "quantizer lo");
  CheckFinite(q.hi, "quantizer hi");
  CheckFinite(q.inv, "quantizer inv");
  if (!(q.lo < q.hi))
    throw ContractError("quantizer interval [" + std::to_string(q.lo) + ", " + std::to_string(q.hi) + "] is empty");
  if (!(q.inv > 0)) throw ContractError("quantizer inv " + std::to_string(q.inv) + " is not positive");
  // Kernels rely on it: a clipped value never rounds beyond 2^bits - 1.
  const float top = (q.hi - q.lo) * q.inv;
  const float levels = static_cast<float>((1u << q.encoding.bits) - 1);
  if (!(top < levels + 0.5f))
    throw ContractError("quantizer inv " + std::to_string(q.inv) + " sends hi beyond " +
                        std::to_string((1u << q.encoding.bits) - 1));
}

void CheckGeometry(const ConvGeometry& g) {
  CheckPair(g.kernel, "kernel");
  CheckPair(g.strides, "strides");
  CheckPair(g.dilations, "dilations");
  if (g.in_channels < 1 || g.out_channels < 1 || g.groups < 1)
    throw ContractError("channels and groups of a convolution must be at least 1");
  if (g.in_channels % g.groups || g.out_channels % g.groups)
    throw ContractError(std::to_string(g.groups) + " groups do not divide " + std::to_string(g.in_channels) +
                        " input and " + std::to_string(g.out_channels) + " output channels");
}

void CheckGeometry(const PoolGeometry& g) {
  CheckPair(g.window, "window");
  CheckPair(g.strides, "strides");
  if (g.pads.top >= g.window.y || g.pads.bottom >= g.window.y || g.pads.left >= g.window.x ||
      g.pads.right >= g.window.x)
    throw ContractError("pads must be smaller than the window");
}

void CheckChannels(const std::vector<float>& values, std::size_t channels, const std::string& what) {
  if (values.size() != channels)
    throw ContractError(what + " needs " + std::to_string(channels) + " values, one per channel, got " +
                        std::to_string(values.size()));
  if (AllFinite(values.data(), values.size())) return;
  for (const float v : values)
    if (!std::isfinite(v)) throw ContractError(what + " holds " + std::to_string(v) + "; every value must be finite");
}

void CheckActivation(const Activation& a, std::size_t channels) {
  if (a.kind == Activation::Kind::kPrelu) CheckChannels(a.slopes, channels, "prelu slopes");
  if (a.kind == Activation::Kind::kClamp && !(a.min <= a.max))
    throw ContractError("clamp needs min <= max, got " + std::to_string(a.min) + " and " + std::to_string(a.max));
}

}  // namespace apb
