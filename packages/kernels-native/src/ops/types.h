// Plain data of the kernel contract (@apb/core, backend/op.ts and quantizer.ts), in native form.
#ifndef APB_OPS_TYPES_H_
#define APB_OPS_TYPES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace apb {

// The caller broke the contract: becomes a RangeError, the message names what is wrong.
class ContractError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Sizes of axes, outermost first; activations are NHWC.
using Shape = std::vector<std::size_t>;

std::string ToString(const Shape& shape);

// Throws ContractError when the product or its bytes overflow.
std::size_t SizeOf(const Shape& shape);

// How planes stand for real activations. sign: step * (bit ? -1 : 1). code: fl(base + fl(step * q)).
struct Encoding {
  bool sign = false;
  unsigned bits = 1;  // 1, 2, 4 or 8; 1 for sign
  float base = 0;     // 0 for sign
  float step = 1;     // the scale of sign
};

bool operator==(const Encoding& a, const Encoding& b);

struct Quantizer {
  Encoding encoding;
  float lo = 0, hi = 0, inv = 0;  // of code
};

struct Activation {
  enum class Kind { kNone, kRelu, kClamp, kPrelu };
  Kind kind = Kind::kNone;
  float min = 0, max = 0;     // of clamp
  std::vector<float> slopes;  // of prelu, one per channel
};

// y = fl(fl(product * scale[n]) + shift[n]), + residual, activation, quantizer, in this order.
struct Epilogue {
  std::vector<float> scale, shift;  // [output channels]
  Activation activation;
  std::optional<Quantizer> quantizer;  // present exactly when the output holds planes
};

struct Pair {
  std::size_t y = 1, x = 1;
};

// In pixels of the input.
struct Pads {
  std::size_t top = 0, left = 0, bottom = 0, right = 0;
};

struct ConvGeometry {
  std::size_t in_channels = 0, out_channels = 0, groups = 1;
  Pair kernel, strides, dilations;
  Pads pads;
};

struct PoolGeometry {
  Pair window, strides;
  Pads pads;
};

}  // namespace apb

#endif  // APB_OPS_TYPES_H_
