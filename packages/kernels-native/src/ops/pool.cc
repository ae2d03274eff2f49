#include "ops/pool.h"

#include <algorithm>
#include <limits>

#include "base/pool.h"
#include "ops/check.h"
#include "ops/window.h"

namespace apb {
namespace {

// Starts every output pixel's channels at `start`, then calls step(channels of an input pixel, channels of
// the output pixel) for its in-bounds pixels in row-major order and done(number of them, channels of the
// output pixel).
template <typename Step, typename Done>
void Pool(std::size_t threads, const PoolGeometry& geometry, const Buffer& x, Buffer& out, float start,
          Step step, Done done) {
  CheckGeometry(geometry);
  ExpectRank(x.shape(), 4, "the input of pooling");
  const Window w = MakeWindow(x.shape(), geometry);
  ExpectShape(out.shape(), {w.batch, w.y.outputs(), w.x.outputs(), x.k()}, "the output of pooling");
  const float* from = x.floats();
  float* const pixels = out.floats();
  const auto pool = [&](std::size_t position) {
    Patch p;
    w.Fill(position, 1, &p);
    float* to = pixels + position * x.k();
    std::fill(to, to + x.k(), start);
    for (std::size_t ky = p.y.inside.first; ky < p.y.inside.last; ++ky)
      for (std::size_t kx = p.x.inside.first; kx < p.x.inside.last; ++kx) {
        const std::size_t row = static_cast<std::size_t>(p.y.start + static_cast<std::ptrdiff_t>(ky));
        const std::size_t column = static_cast<std::size_t>(p.x.start + static_cast<std::ptrdiff_t>(kx));
        step(from + ((p.picture * w.y.size + row) * w.x.size + column) * x.k(), to);
      }
    done(p.y.inside.count() * p.x.inside.count(), to);
  };
  const std::size_t values = geometry.window.y * geometry.window.x * x.k();
  ParallelRows(threads, w.positions(), values, [&](std::size_t first, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) pool(first + i);
  });
}

void AddTo(const float* pixel, std::size_t channels, float* sums) {
  for (std::size_t c = 0; c < channels; ++c) sums[c] += pixel[c];
}

void Scale(float factor, std::size_t channels, float* values) {
  for (std::size_t c = 0; c < channels; ++c) values[c] *= factor;
}

}  // namespace

void RunMaxPool(std::size_t threads, const PoolGeometry& geometry, const Buffer& x, Buffer& out) {
  const std::size_t channels = x.k();
  Pool(
      threads, geometry, x, out, -std::numeric_limits<float>::infinity(),
      [channels](const float* pixel, float* best) {
        for (std::size_t c = 0; c < channels; ++c) best[c] = pixel[c] > best[c] ? pixel[c] : best[c];
      },
      [](std::size_t, float*) {});
}

void RunAvgPool(std::size_t threads, const PoolGeometry& geometry, bool count_padding, const Buffer& x,
                Buffer& out) {
  const std::size_t channels = x.k();
  const std::size_t whole = geometry.window.y * geometry.window.x;
  Pool(
      threads, geometry, x, out, 0.0f,
      [channels](const float* pixel, float* sums) { AddTo(pixel, channels, sums); },
      [=](std::size_t inside, float* sums) {
        Scale(static_cast<float>(1.0 / static_cast<double>(count_padding ? whole : inside)), channels, sums);
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
