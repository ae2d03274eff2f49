#include "ops/lookup_product.h"

#include <algorithm>

#include "kernels/row_blocks.h"

namespace apb {
namespace {

// Tables of one part of the sums, for the rows that are summed together: they stay in the first-level cache while all
// channels look them up.
constexpr std::size_t kPartBytes = std::size_t{32} << 10;

// Groups whose sums a byte holds: each is at most the largest code times its bits.
unsigned MostGroups(const Lookup& lookup, unsigned planes) { return 255 / (lookup.index_bits * ((1u << planes) - 1)); }

// Rows of the largest chunk that ForEachRowBlock makes of so many.
std::size_t ChunkRows(std::size_t rows) {
  const std::size_t chunks = (rows + kLookupRows - 1) / kLookupRows;
  return (rows + chunks - 1) / chunks;
}

// Pixels of a line that neighbouring outputs see, taps of one after the other at most.
std::size_t DistinctPixels(const Axis& x, std::size_t outputs) {
  return std::min(outputs * x.taps, (outputs - 1) * Steps(x).stride + (x.taps - 1) * x.dilation + 1);
}

}  // namespace

LookupProduct::LookupProduct(const Kernels& kernels, const Weights& weights, const PixelPlanes& pixels,
                             const Window& window)
    : lookup_(kernels.lookup()),
      weights_(weights),
      pixels_(pixels),
      window_(window),
      groups_(LookupGroups(lookup_, weights.tap_channels())),
      blocks_((weights.rows + kLookupChannels - 1) / kLookupChannels),
      lines_(window.y.taps),
      part_lines_(window.y.taps),
      sums_(kTileRows * blocks_ * kLookupChannels) {
  args_.tap_indices = groups_ * kLookupChannels;
  args_.block_stride = weights.taps() * args_.tap_indices;
  args_.blocks = blocks_;
  args_.tables = part_lines_.data();
  args_.most = MostGroups(lookup_, pixels.planes);
  args_.sums_stride = blocks_ * kLookupChannels;
  if (LieInMemory(window, weights.groups)) {
    pixel_tables_ = ScratchArray<std::uint8_t>(kPartBytes);
    return;
  }
  tables_.emplace(lookup_, pixels_, window);
  parts_ = Parts();
  args_.row_stride = tables_->step();
  args_.tap_stride = window.x.dilation * tables_->stride();
}

// As many lines of taps as the cache takes, or single taps in pieces.
std::vector<LookupProduct::Part> LookupProduct::Parts() const {
  const std::size_t taps_y = window_.y.taps, taps_x = window_.x.taps, rows = ChunkRows(window_.x.outputs());
  const std::size_t line_bytes = DistinctPixels(window_.x, rows) * groups_ * TableBytes(lookup_);
  std::vector<Part> parts;
  const std::size_t lines = std::min(taps_y, kPartBytes / line_bytes);
  for (std::size_t y = 0; lines > 0 && y < taps_y; y += lines)
    parts.push_back({{y, std::min(taps_y, y + lines)}, {0, taps_x}, 0, groups_});
  if (lines > 0) return parts;
  const std::size_t most = std::max<std::size_t>(1, kPartBytes / (rows * TableBytes(lookup_)));
  const std::size_t pieces = (groups_ + most - 1) / most;
  for (std::size_t y = 0; y < taps_y; ++y)
    for (std::size_t x = 0; x < taps_x; ++x)
      for (std::size_t piece = 0; piece < pieces; ++piece) {
        const std::size_t first = groups_ * piece / pieces;
        parts.push_back({{y, y + 1}, {x, x + 1}, first, groups_ * (piece + 1) / pieces - first});
      }
  return parts;
}

void LookupProduct::Sum(const BitTile& tile) {
  if (!tables_) {
    for (const Stretch& stretch : tile)
      ForEachRowBlock<kLookupRows>(stretch.count, [&](std::size_t first, std::size_t rows) {
        SumPixels(stretch.position + first, stretch.row + first, rows);
      });
    return;
  }
  ForEachLine(window_, tile,
              [&](std::size_t picture, std::size_t line, std::size_t column, std::size_t row, std::size_t count) {
                const Span& y = window_.y.spans[line];
                for (std::size_t ky = y.inside.first; ky < y.inside.last; ++ky) {
                  const std::ptrdiff_t seen = y.start + static_cast<std::ptrdiff_t>(ky * window_.y.dilation);
                  lines_[ky] = tables_->Line(picture, static_cast<std::size_t>(seen), column, count);
                }
                ForEachRowBlock<kLookupRows>(count, [&](std::size_t first, std::size_t rows) {
                  SumPatches(y.inside, first, row + first, rows);
                });
              });
}

// Rows that are pixels, each looked at once: tables are made for a part of k at a time.
void LookupProduct::SumPixels(std::size_t pixel, std::size_t row, std::size_t rows) {
  const std::size_t table = TableBytes(lookup_), period = LookupGroups(lookup_, 64 * kLookupPeriod);
  const std::size_t periods = std::max<std::size_t>(1, kPartBytes / (kLookupRows * period * table));
  const std::size_t stride = periods * period * table;
  part_lines_[0] = pixel_tables_.data();
  args_.row_stride = stride;
  SetRows(row, rows);
  for (std::size_t word = 0, group = 0; group < groups_; word += periods * kLookupPeriod, group += periods * period) {
    lookup_.tables({pixels_.words + pixel * pixels_.words_per_pixel() + word, pixels_.words_per_pixel(),
                    pixels_.words_per_plane, std::min(periods * kLookupPeriod, pixels_.words_per_plane - word),
                    pixels_.planes, pixels_.sign, rows, pixel_tables_.data(), stride});
    SumPart({{0, 1}, {0, 1}, group, std::min(periods * period, groups_ - group)}, {0, 1}, word > 0);
  }
}

// Neighbouring outputs from one that lies `column` outputs after the first of lines_, of whose taps those `inside` lie
// there.
void LookupProduct::SumPatches(const TapRange& inside, std::size_t column, std::size_t row, std::size_t rows) {
  SetRows(row, rows);
  bool add = false;
  for (const Part& part : parts_) {
    const TapRange y = {std::max(part.y.first, inside.first), std::min(part.y.last, inside.last)};
    if (y.first >= y.last) continue;
    const std::size_t first =
        column * args_.row_stride + part.x.first * args_.tap_stride + part.first * TableBytes(lookup_);
    for (std::size_t ky = y.first; ky < y.last; ++ky) part_lines_[ky - y.first] = lines_[ky] + first;
    SumPart(part, y, add);
    add = true;
  }
  if (!add) std::fill(args_.sums, args_.sums + rows * args_.sums_stride, std::uint16_t{0});
}

// Of part_lines_, the taps y of a part.
void LookupProduct::SumPart(const Part& part, const TapRange& y, bool add) {
  const std::size_t tap = y.first * window_.x.taps + part.x.first;
  args_.indices =
      std::get<BitWeights>(weights_.packed).indices.data() + tap * args_.tap_indices + part.first * kLookupChannels;
  args_.lines = y.count();
  args_.taps = part.x.count();
  args_.groups = part.groups;
  args_.add = add;
  lookup_.sums(args_);
}

void LookupProduct::SetRows(std::size_t row, std::size_t rows) {
  args_.rows = rows;
  args_.sums = sums_.data() + row * args_.sums_stride;
}

void LookupProduct::Products(std::size_t block, std::size_t rows, const std::int32_t* terms, std::int32_t* out,
                             std::size_t ldo) const {
  lookup_.turn({sums_.data() + block * kLookupChannels, blocks_ * kLookupChannels, rows,
                std::min(kLookupChannels, weights_.rows - block * kLookupChannels), terms, out, ldo});
}

}  // namespace apb
