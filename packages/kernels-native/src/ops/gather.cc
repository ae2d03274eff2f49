#include "ops/gather.h"

#include <algorithm>
#include <cstring>

#include "ops/copy_bits.h"

namespace apb {
namespace {

// Whether each output position sees exactly the input pixel of the same index.
bool IsPointwise(const Window& w) {
  const auto same = [](const Axis& a) { return a.taps == 1 && a.stride == 1 && a.before == 0 && a.outputs == a.size; };
  return same(w.y) && same(w.x);
}

const Window* ToGather(const Window* window, const Weights& weights) {
  return window && (weights.groups > 1 || !IsPointwise(*window)) ? window : nullptr;
}

// Calls visit(tap index, input pixel index) for every tap inside the picture.
template <typename Visit>
void ForEachInside(const Window& w, const Patch& p, Visit visit) {
  for (std::size_t ky = p.ky.first; ky < p.ky.last; ++ky) {
    const std::size_t y = static_cast<std::size_t>(p.y + static_cast<std::ptrdiff_t>(ky * w.y.dilation));
    const std::size_t line = (p.picture * w.y.size + y) * w.x.size;
    for (std::size_t kx = p.kx.first; kx < p.kx.last; ++kx) {
      const std::size_t x = static_cast<std::size_t>(p.x + static_cast<std::ptrdiff_t>(kx * w.x.dilation));
      visit(ky * w.x.taps + kx, line + x);
    }
  }
}

bool AllInside(const Window& w, const Patch& p) { return p.ky.count() == w.y.taps && p.kx.count() == w.x.taps; }

}  // namespace

FloatRows::FloatRows(const Buffer& x, const Weights& weights, const Window* window, std::size_t most)
    : x_(x), weights_(weights), window_(ToGather(window, weights)) {
  if (window_) tile_ = AlignedArray<float>(std::min(most, window_->positions()) * weights.k);
}

const float* FloatRows::Tile(std::size_t first, std::size_t count, std::size_t group) {
  if (!window_) return x_.floats() + first * x_.k();
  for (std::size_t i = 0; i < count; ++i) Gather(window_->At(first + i), group, tile_.data() + i * weights_.k);
  return tile_.data();
}

void FloatRows::Gather(const Patch& patch, std::size_t group, float* to) const {
  const std::size_t channels = weights_.tap_channels();
  const float* from = x_.floats() + group * channels;
  if (!AllInside(*window_, patch)) std::fill(to, to + weights_.k, 0.0f);
  if (window_->x.dilation == 1 && weights_.groups == 1) {
    // Taps of one row lie side by side: one copy for all of them.
    const std::size_t run = patch.kx.count() * channels;
    const Patch rows = {patch.picture, patch.y, patch.x, patch.ky,
                        {patch.kx.first, patch.kx.first + (run > 0 ? 1 : 0)}};
    ForEachInside(*window_, rows, [&](std::size_t tap, std::size_t pixel) {
      std::memcpy(to + tap * channels, from + pixel * x_.k(), run * sizeof(float));
    });
    return;
  }
  ForEachInside(*window_, patch, [&](std::size_t tap, std::size_t pixel) {
    std::memcpy(to + tap * channels, from + pixel * x_.k(), channels * sizeof(float));
  });
}

BitRows::BitRows(const Buffer& x, const Weights& weights, const Window* window, std::size_t most)
    : x_(x), weights_(weights), window_(ToGather(window, weights)), words_((weights.k + 63) / 64) {
  if (window_)
    tile_ = AlignedArray<std::uint64_t>(std::min(most, window_->positions()) * x.encoding().bits * words_);
}

const std::uint64_t* BitRows::Tile(std::size_t first, std::size_t count, std::size_t group) {
  if (!window_) return x_.words() + first * x_.words_per_row();
  const std::size_t stride = x_.encoding().bits * words_;
  std::fill(tile_.data(), tile_.data() + count * stride, 0);
  for (std::size_t i = 0; i < count; ++i) Gather(window_->At(first + i), group, tile_.data() + i * stride);
  return tile_.data();
}

void BitRows::Gather(const Patch& patch, std::size_t group, std::uint64_t* to) const {
  const std::size_t channels = weights_.tap_channels();
  const std::size_t wide = x_.words_per_plane();
  ForEachInside(*window_, patch, [&](std::size_t tap, std::size_t pixel) {
    const std::uint64_t* from = x_.words() + pixel * x_.words_per_row();
    for (unsigned p = 0; p < x_.encoding().bits; ++p)
      CopyBits(from + p * wide, group * channels, to + p * words_, tap * channels, channels);
  });
}

}  // namespace apb
