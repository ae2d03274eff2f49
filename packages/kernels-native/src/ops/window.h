// Which input pixels an output position of a convolution or pooling sees.
#ifndef APB_OPS_WINDOW_H_
#define APB_OPS_WINDOW_H_

#include <cstddef>
#include <vector>

#include "ops/types.h"

namespace apb {

// Taps first .. last - 1 of one axis.
struct TapRange {
  std::size_t first, last;
  std::size_t count() const { return last - first; }
};

bool operator==(const TapRange& a, const TapRange& b);

// One axis at one output position.
struct Span {
  std::ptrdiff_t start;  // input pixel of tap 0, negative in the padding
  TapRange inside;       // the taps that lie inside the picture, possibly none
};

// One axis of a window that slides over `size` pixels.
struct Axis {
  std::size_t size, taps, dilation;
  std::vector<Span> spans;  // by output position

  std::size_t outputs() const { return spans.size(); }
  // Whether every output position sees pixels only, no padding.
  bool all_inside() const;
};

// What one output position sees of one picture.
struct Patch {
  std::size_t picture;
  Span y, x;
};

// Both axes, for a batch of pictures [batch, height, width, channels].
struct Window {
  std::size_t batch;
  Axis y, x;
  // The output positions that are worked on: all of them, or a thread's part.
  std::size_t begin = 0, end = static_cast<std::size_t>(-1);

  bool all_inside() const { return y.all_inside() && x.all_inside(); }
  std::size_t positions() const { return batch * y.outputs() * x.outputs(); }
  // Patches of positions first .. first + count - 1, which run row-major over (batch, output rows, output
  // columns).
  void Fill(std::size_t first, std::size_t count, Patch* patches) const;
};

// Throw ContractError when the window does not fit the padded input [batch, height, width, channels].
Window MakeWindow(const Shape& input, const ConvGeometry& geometry);
Window MakeWindow(const Shape& input, const PoolGeometry& geometry);
// Whether output positions see exactly the input pixels of the same index, all channels: rows of the product are the
// input's own.
bool LieInMemory(const Window& window, std::size_t groups);
// A matrix of `rows` rows is as many pictures of one pixel under a window of one.
Window MatrixWindow(std::size_t rows);

}  // namespace apb

#endif  // APB_OPS_WINDOW_H_
