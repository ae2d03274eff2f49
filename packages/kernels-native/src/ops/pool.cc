#include "ops/pool.h"

#include <algorithm>

#include "base/pool.h"
#include "ops/check.h"
#include "ops/window.h"

namespace apb {
namespace {

// The part of the picture under a window.
struct View {
  const float* from;  // its first pixel
  std::size_t line;   // floats from one line to the next
  std::size_t pixel;  // and from one pixel to the next: the channels
  std::size_t lines, pixels;
};

// Output pixels whose windows are looked up together: to find the first takes as long as to pool one.
constexpr std::size_t kPatches = 64;

// Calls task(view, channels of the output pixel) for every output pixel.
template <typename Task>
void Pool(std::size_t threads, const PoolGeometry& geometry, const Buffer& x, Buffer& out, Task task) {
  CheckGeometry(geometry);
  ExpectRank(x.shape(), 4, "the input of pooling");
  const Window w = MakeWindow(x.shape(), geometry);
  ExpectShape(out.shape(), {w.batch, w.y.outputs(), w.x.outputs(), x.k()}, "the output of pooling");
  if (out.size() > 0 && x.size() == 0) throw ContractError("pooling of " + ToString(x.shape()) + " has no pixels");
  const float* from = x.floats();
  float* const pixels = out.floats();
  const auto pool = [&](const Patch& p, std::size_t position) {
    const std::size_t row = static_cast<std::size_t>(p.y.start + static_cast<std::ptrdiff_t>(p.y.inside.first));
    const std::size_t column = static_cast<std::size_t>(p.x.start + static_cast<std::ptrdiff_t>(p.x.inside.first));
    const float* first = from + ((p.picture * w.y.size + row) * w.x.size + column) * x.k();
    task(View{first, w.x.size * x.k(), x.k(), p.y.inside.count(), p.x.inside.count()}, pixels + position * x.k());
  };
  const std::size_t values = geometry.window.y * geometry.window.x * x.k();
  ParallelRows(threads, w.positions(), values, [&](std::size_t first, std::size_t count) {
    Patch patches[kPatches];
    for (std::size_t i = 0; i < count; i += kPatches) {
      const std::size_t filled = std::min(kPatches, count - i);
      w.Fill(first + i, filled, patches);
      for (std::size_t j = 0; j < filled; ++j) pool(patches[j], first + i + j);
    }
  });
}

void AddTo(const float* pixel, std::size_t channels, float* sums) {
  for (std::size_t c = 0; c < channels; ++c) sums[c] += pixel[c];
}

void Scale(float factor, std::size_t channels, float* values) {
  for (std::size_t c = 0; c < channels; ++c) values[c] *= factor;
}

}  // namespace

void RunMaxPool(const Kernels& kernels, const PoolGeometry& geometry, const Buffer& x, Buffer& out) {
  Pool(kernels.threads, geometry, x, out, [&](const View& v, float* best) {
    kernels.max_window({v.from, v.line, v.pixel, v.lines, v.pixels, x.k(), best});
  });
}

void RunAvgPool(std::size_t threads, const PoolGeometry& geometry, bool count_padding, const Buffer& x, Buffer& out) {
  const std::size_t channels = x.k();
  const std::size_t whole = geometry.window.y * geometry.window.x;
  Pool(threads, geometry, x, out, [=](const View& v, float* sums) {
    std::fill(sums, sums + channels, 0.0f);
    for (std::size_t y = 0; y < v.lines; ++y)
      for (std::size_t i = 0; i < v.pixels; ++i) AddTo(v.from + y * v.line + i * v.pixel, channels, sums);
    const std::size_t count = count_padding ? whole : v.lines * v.pixels;
    Scale(static_cast<float>(1.0 / static_cast<double>(count)), channels, sums);
  });
}

void RunGlobalAvgPool(std::size_t threads, const Buffer& x, Buffer& out) {
  const Shape& s = x.shape();
  ExpectRank(s, 4, "the input of globalAvgPool");
  ExpectShape(out.shape(), {s[0], s[3]}, "the output of globalAvgPool");
  const std::size_t pixels = s[1] * s[2];
  if (pixels == 0) throw ContractError("globalAvgPool of " + ToString(s) + " has no pixels");
  const float factor = static_cast<float>(1.0 / static_cast<double>(pixels));
  const float* values = x.floats();
  float* const means = out.floats();
  ParallelRows(threads, s[0], pixels * s[3], [&](std::size_t first, std::size_t count) {
    for (std::size_t n = first; n < first + count; ++n) {
      float* sums = means + n * s[3];
      std::fill(sums, sums + s[3], 0.0f);
      for (std::size_t p = 0; p < pixels; ++p) AddTo(values + (n * pixels + p) * s[3], s[3], sums);
      Scale(factor, s[3], sums);
    }
  });
}

}  // namespace apb
