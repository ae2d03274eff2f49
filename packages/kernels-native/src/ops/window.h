// Which input pixels an output position of a convolution or pooling sees.
#ifndef APB_OPS_WINDOW_H_
#define APB_OPS_WINDOW_H_

#include <cstddef>

#include "ops/types.h"

namespace apb {

// Taps first .. last - 1 of one axis.
struct TapRange {
  std::size_t first, last;
  std::size_t count() const { return last - first; }
};

bool operator==(const TapRange& a, const TapRange& b);

// One axis of a window that slides over `size` pixels with `before` zeros in front.
struct Axis {
  std::size_t size, taps, stride, dilation, before, outputs;

  // Input pixel of tap 0 at an output position; negative in the padding.
  std::ptrdiff_t Start(std::size_t output) const;
  // The taps that lie inside the picture; possibly none.
  TapRange Inside(std::size_t output) const;
};

// Throws ContractError when the window does not fit the padded input. Outputs: floor of
// (size + before + after - (dilation * (taps - 1) + 1)) / stride, plus 1.
Axis MakeAxis(std::size_t size, std::size_t taps, std::size_t stride, std::size_t dilation, std::size_t before,
              std::size_t after);

// What one output position sees of one picture.
struct Patch {
  std::size_t picture;
  std::ptrdiff_t y, x;  // input pixel of tap (0, 0)
  TapRange ky, kx;      // taps inside the picture
};

// Both axes, for a batch of pictures [batch, height, width, channels].
struct Window {
  std::size_t batch;
  Axis y, x;

  std::size_t positions() const { return batch * y.outputs * x.outputs; }
  std::size_t taps() const { return y.taps * x.taps; }
  // Positions run row-major over (batch, output rows, output columns).
  Patch At(std::size_t position) const;
};

Window MakeWindow(const Shape& input, const ConvGeometry& geometry);
Window MakeWindow(const Shape& input, const PoolGeometry& geometry);

}  // namespace apb

#endif  // APB_OPS_WINDOW_H_
