#include "ops/window.h"

#include <algorithm>

namespace apb {
namespace {

// Spans of an axis are kept: a bound for shapes like [0, 2^50, 1, 1], which take no memory themselves.
constexpr std::size_t kMostOutputs = std::size_t{1} << 24;

// Taps that lie on so many pixels; without a division, which takes as long as the rest, for all but dilated kernels.
std::size_t TapsOn(std::ptrdiff_t pixels, std::size_t dilation) {
  if (pixels <= 0) return 0;
  const std::size_t count = static_cast<std::size_t>(pixels);
  return dilation == 1 ? count : (count + dilation - 1) / dilation;
}

Span SpanAt(std::ptrdiff_t start, std::size_t size, std::size_t taps, std::size_t dilation) {
  const std::size_t first = TapsOn(-start, dilation);
  const std::size_t last = std::min(taps, TapsOn(static_cast<std::ptrdiff_t>(size) - start, dilation));
  return {start, {std::min(first, last), last}};
}

// Outputs: floor((size + before + after - (dilation * (taps - 1) + 1)) / stride) + 1.
Axis MakeAxis(std::size_t size, std::size_t taps, std::size_t stride, std::size_t dilation, std::size_t before,
              std::size_t after) {
  const std::size_t span = dilation * (taps - 1) + 1;
  const std::size_t padded = size + before + after;
  if (padded < span)
    throw ContractError("a window of " + std::to_string(span) + " does not fit " + std::to_string(size) +
                        " pixels with pads " + std::to_string(before) + " and " + std::to_string(after));
  const std::size_t outputs = (padded - span) / stride + 1;
  if (outputs > kMostOutputs)
    throw ContractError("an output of " + std::to_string(outputs) + " pixels on one side is too large");
  Axis axis = {size, taps, dilation, {}};
  axis.spans.reserve(outputs);
  for (std::size_t i = 0; i < outputs; ++i)
    axis.spans.push_back(
        SpanAt(static_cast<std::ptrdiff_t>(i * stride) - static_cast<std::ptrdiff_t>(before), size, taps, dilation));
  return axis;
}

// Whether an output position sees exactly the input pixel of the same index.
bool IsPointwise(const Axis& a) {
  return a.taps == 1 && a.outputs() == a.size && a.spans.front().start == 0 &&
         a.spans.back().start == static_cast<std::ptrdiff_t>(a.size) - 1;
}

}  // namespace

bool operator==(const TapRange& a, const TapRange& b) { return a.first == b.first && a.last == b.last; }

bool Axis::all_inside() const {
  return spans.empty() || (spans.front().inside.count() == taps && spans.back().inside.count() == taps);
}

void Window::Fill(std::size_t first, std::size_t count, Patch* patches) const {
  std::size_t column = first % x.outputs();
  std::size_t line = first / x.outputs() % y.outputs();
  std::size_t picture = first / (x.outputs() * y.outputs());
  for (std::size_t i = 0; i < count; ++i) {
    patches[i] = {picture, y.spans[line], x.spans[column]};
    if (++column < x.outputs()) continue;
    column = 0;
    if (++line < y.outputs()) continue;
    line = 0;
    ++picture;
  }
}

Window MakeWindow(const Shape& input, const ConvGeometry& g) {
  return {input[0], MakeAxis(input[1], g.kernel.y, g.strides.y, g.dilations.y, g.pads.top, g.pads.bottom),
          MakeAxis(input[2], g.kernel.x, g.strides.x, g.dilations.x, g.pads.left, g.pads.right)};
}

Window MakeWindow(const Shape& input, const PoolGeometry& g) {
  return {input[0], MakeAxis(input[1], g.window.y, g.strides.y, 1, g.pads.top, g.pads.bottom),
          MakeAxis(input[2], g.window.x, g.strides.x, 1, g.pads.left, g.pads.right)};
}

bool LieInMemory(const Window& window, std::size_t groups) {
  return groups == 1 && IsPointwise(window.y) && IsPointwise(window.x);
}

Window MatrixWindow(std::size_t rows) {
  const Axis one = {1, 1, 1, {{0, {0, 1}}}};
  return {rows, one, one};
}

}  // namespace apb
