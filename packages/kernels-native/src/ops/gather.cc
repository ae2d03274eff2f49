#include "ops/gather.h"

#include <algorithm>
#include <cstring>

namespace apb {
namespace {

// Calls visit(index of the first tap inside, index of its input pixel) for every row of taps inside the
// picture.
template <typename Visit>
void ForEachRow(const Window& w, const Patch& p, Visit visit) {
  if (p.x.inside.count() == 0) return;
  const std::size_t first = p.x.inside.first;
  const std::size_t x = static_cast<std::size_t>(p.x.start + static_cast<std::ptrdiff_t>(first * w.x.dilation));
  for (std::size_t ky = p.y.inside.first; ky < p.y.inside.last; ++ky) {
    const std::size_t y = static_cast<std::size_t>(p.y.start + static_cast<std::ptrdiff_t>(ky * w.y.dilation));
    visit(ky * w.x.taps + first, (p.picture * w.y.size + y) * w.x.size + x);
  }
}

// Bytes of a row that are laid down for kernels that read many rows side by side: an odd number of cache lines, so that
// the rows spread over all sets of a cache.
std::size_t SpreadStride(std::size_t bytes) { return ((bytes + 63) / 64 | 1) * 64; }

// Rows at such a distance all fall into one set of a first-level cache: copying them is cheaper.
bool Collides(std::size_t bytes) { return bytes % 4096 == 0; }

bool AllInside(const Window& w, const Patch& p) {
  return p.y.inside.count() == w.y.taps && p.x.inside.count() == w.x.taps;
}

}  // namespace

ByteRows::ByteRows(const Kernels& kernels, const Buffer& x, const Weights& weights, const Window& window,
                   std::size_t most)
    : kernels_(kernels), x_(x.codes()), pixel_(x.k()), weights_(weights), window_(window), stride_(weights.k) {
  if (LieInMemory(window, weights.groups) && !Collides(weights.k) && weights.k % 4 == 0) return;
  stride_ = SpreadStride(weights.k);
  rows_ = ScratchArray<std::uint8_t>::Zeros(std::min(most, window.positions()) * stride_);
}

const std::uint8_t* ByteRows::Of(const Tile& tile, std::size_t group) {
  if (rows_.size() == 0) return x_ + tile.first * pixel_;
  for (std::size_t i = 0; i < tile.rows();) {
    std::uint8_t* to = rows_.data() + i * stride_;
    const std::size_t alike = weights_.groups == 1 ? GatherAlike(&tile.patches[i], tile.rows() - i, to) : 0;
    if (alike == 0) Gather(tile.patches[i], group, to);
    i += std::max<std::size_t>(alike, 1);
  }
  return rows_.data();
}

// Neighbours on one line that see only the picture, at equal steps, are copied in one call. Returns their number, 0
// where the first patch is not of this kind.
std::size_t ByteRows::GatherAlike(const Patch* patches, std::size_t count, std::uint8_t* to) const {
  const Patch& first = patches[0];
  if (!AllInside(window_, first) || window_.x.dilation != 1) return 0;
  const std::ptrdiff_t step = count > 1 ? patches[1].x.start - first.x.start : 1;
  std::size_t alike = 1;
  while (alike < count && patches[alike].picture == first.picture && patches[alike].y.start == first.y.start &&
         patches[alike].x.start == patches[alike - 1].x.start + step && AllInside(window_, patches[alike]))
    ++alike;
  const std::size_t y = first.picture * window_.y.size + static_cast<std::size_t>(first.y.start);
  const std::uint8_t* from = x_ + (y * window_.x.size + static_cast<std::size_t>(first.x.start)) * pixel_;
  kernels_.copy_patches({from, static_cast<std::size_t>(step) * pixel_, window_.y.dilation * window_.x.size * pixel_,
                         alike, window_.y.taps, window_.x.taps * pixel_, to, stride_});
  return alike;
}

void ByteRows::Gather(const Patch& patch, std::size_t group, std::uint8_t* to) const {
  const std::size_t channels = weights_.tap_channels();
  const std::uint8_t* from = x_ + group * channels;
  if (!AllInside(window_, patch)) std::fill(to, to + weights_.k, std::uint8_t{0});
  // Taps of one row that lie side by side are one copy.
  const bool together = window_.x.dilation == 1 && weights_.groups == 1;
  const std::size_t copies = together ? 1 : patch.x.inside.count();
  const std::size_t run = (together ? patch.x.inside.count() : 1) * channels;
  ForEachRow(window_, patch, [&](std::size_t tap, std::size_t pixel) {
    for (std::size_t i = 0; i < copies; ++i)
      std::memcpy(to + (tap + i) * channels, from + (pixel + i * window_.x.dilation) * pixel_, run);
  });
}

}  // namespace apb
