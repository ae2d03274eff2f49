#include "ops/types.h"

#include <limits>

namespace apb {

std::string ToString(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? "," : "") + std::to_string(shape[i]);
  return text + "]";
}

std::size_t SizeOf(const Shape& shape) {
  // Elements take at most 8 bytes, and sizes are added and multiplied by small factors on the way.
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max() >> 8;
  std::size_t size = 1;
  for (const std::size_t axis : shape) {
    if (axis != 0 && size > kMost / axis) throw ContractError("shape " + ToString(shape) + " is too large");
    size *= axis;
  }
  return size;
}

bool operator==(const Encoding& a, const Encoding& b) {
  return a.sign == b.sign && a.bits == b.bits && a.base == b.base && a.step == b.step;
}

}  // namespace apb
