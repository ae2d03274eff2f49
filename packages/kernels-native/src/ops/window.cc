#include "ops/window.h"

#include <algorithm>

namespace apb {

bool operator==(const TapRange& a, const TapRange& b) { return a.first == b.first && a.last == b.last; }

std::ptrdiff_t Axis::Start(std::size_t output) const {
  return static_cast<std::ptrdiff_t>(output * stride) - static_cast<std::ptrdiff_t>(before);
}

TapRange Axis::Inside(std::size_t output) const {
  const std::ptrdiff_t start = Start(output);
  const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(dilation);
  const std::ptrdiff_t room = static_cast<std::ptrdiff_t>(size) - start;  // pixels from tap 0 to the far edge
  const std::size_t first = start >= 0 ? 0 : static_cast<std::size_t>((step - 1 - start) / step);
  const std::size_t last = room <= 0 ? 0 : std::min(taps, static_cast<std::size_t>((room + step - 1) / step));
  return {std::min(first, last), last};
}

Axis MakeAxis(std::size_t size, std::size_t taps, std::size_t stride, std::size_t dilation, std::size_t before,
              std::size_t after) {
  const std::size_t span = dilation * (taps - 1) + 1;
  const std::size_t padded = size + before + after;
  if (padded < span)
    throw ContractError("a window of " + std::to_string(span) + " does not fit " + std::to_string(size) +
                        " pixels with pads " + std::to_string(before) + " and " + std::to_string(after));
  return {size, taps, stride, dilation, before, (padded - span) / stride + 1};
}

Patch Window::At(std::size_t position) const {
  const std::size_t column = position % x.outputs;
  const std::size_t line = position / x.outputs % y.outputs;
  return {position / (x.outputs * y.outputs), y.Start(line), x.Start(column), y.Inside(line), x.Inside(column)};
}

Window MakeWindow(const Shape& input, const ConvGeometry& g) {
  return {input[0],
          MakeAxis(input[1], g.kernel.y, g.strides.y, g.dilations.y, g.pads.top, g.pads.bottom),
          MakeAxis(input[2], g.kernel.x, g.strides.x, g.dilations.x, g.pads.left, g.pads.right)};
}

Window MakeWindow(const Shape& input, const PoolGeometry& g) {
  return {input[0], MakeAxis(input[1], g.window.y, g.strides.y, 1, g.pads.top, g.pads.bottom),
          MakeAxis(input[2], g.window.x, g.strides.x, 1, g.pads.left, g.pads.right)};
}

}  // namespace apb
