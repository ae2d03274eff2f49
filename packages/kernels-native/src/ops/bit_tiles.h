// Output positions in tiles of what bit kernels work on together.
#ifndef APB_OPS_BIT_TILES_H_
#define APB_OPS_BIT_TILES_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "kernels/bit_gemm/op.h"
#include "ops/window.h"

namespace apb {

// Positions that follow each other, in rows of a tile that follow each other.
struct Stretch {
  std::size_t position, row, count;
};

class BitTile {
 public:
  std::size_t rows() const { return rows_; }
  const Stretch* begin() const { return stretches_.data(); }
  const Stretch* end() const { return stretches_.data() + count_; }

  // As many of `count` positions as there is room for; returns their number.
  std::size_t Take(std::size_t position, std::size_t count) {
    count = std::min(count, kTileRows - rows_);
    if (count_ > 0 && stretches_[count_ - 1].position + stretches_[count_ - 1].count == position)
      stretches_[count_ - 1].count += count;
    else
      stretches_[count_++] = {position, rows_, count};
    rows_ += count;
    return count;
  }
  void Clear() { rows_ = count_ = 0; }

 private:
  std::size_t rows_ = 0, count_ = 0;
  std::array<Stretch, kTileRows> stretches_;
};

// Outputs first .. last - 1 of an axis, whose windows lie inside the picture.
struct Interior {
  std::size_t first, last;

  explicit Interior(const Axis& axis);
  bool Has(std::size_t output) const { return output >= first && output < last; }
  std::size_t count() const { return last - first; }
};

// Calls visit(tile) for the window's positions from begin to end in their order, in as few tiles as possible, which
// differ by at most one group of rows (Kernels::row_group): part of a group takes as long as a whole one, and a last
// tile of few rows nearly as long as one of many.
template <typename Visit>
void ForEachBitTile(const Window& window, std::size_t group, Visit visit) {
  const std::size_t end = std::min(window.end, window.positions()), count = end - std::min(window.begin, end);
  const std::size_t groups = (count + group - 1) / group, tiles = (count + kTileRows - 1) / kTileRows;
  BitTile tile;
  std::size_t at = window.begin;
  for (std::size_t i = 1; i <= tiles; ++i, tile.Clear()) {
    const std::size_t last = window.begin + groups * i / tiles * group;
    at += tile.Take(at, std::min(end, last) - at);
    visit(static_cast<const BitTile&>(tile));
  }
}

// The same, positions outside the interiors of the axes in tiles of their own: all others need none of what these do.
template <typename Visit>
void ForEachBitTileApart(const Window& window, const Interior& y, const Interior& x, Visit visit) {
  const std::size_t end = std::min(window.end, window.positions());
  const std::size_t columns = window.x.outputs(), lines = window.y.outputs();
  BitTile inner, border;
  const auto put = [&](BitTile& tile, std::size_t first, std::size_t last) {
    while (first < last) {
      first += tile.Take(first, last - first);
      if (tile.rows() < kTileRows) continue;
      visit(static_cast<const BitTile&>(tile));
      tile.Clear();
    }
  };
  for (std::size_t at = window.begin; at < end;) {
    const std::size_t line = at / columns, start = line * columns, next = std::min(end, start + columns);
    const bool inside = y.Has(line % lines);
    const std::size_t left = std::max(at, std::min(next, start + (inside ? x.first : columns)));
    const std::size_t right = std::max(left, std::min(next, start + (inside ? x.last : columns)));
    put(border, at, left);
    put(inner, left, right);
    put(border, right, next);
    at = next;
  }
  if (inner.rows() > 0) visit(static_cast<const BitTile&>(inner));
  if (border.rows() > 0) visit(static_cast<const BitTile&>(border));
}

// Calls visit(picture, line of outputs, first column, row of the tile, positions) for the parts of a tile on one line
// each.
template <typename Visit>
void ForEachLine(const Window& window, const BitTile& tile, Visit visit) {
  const std::size_t columns = window.x.outputs(), lines = window.y.outputs();
  for (const Stretch& stretch : tile) {
    std::size_t column = stretch.position % columns, line = stretch.position / columns, picture = line / lines;
    line -= picture * lines;
    for (std::size_t i = 0; i < stretch.count; column = 0) {
      const std::size_t count = std::min(stretch.count - i, columns - column);
      visit(picture, line, column, stretch.row + i, count);
      i += count;
      if (++line == lines) line = 0, ++picture;
    }
  }
}

}  // namespace apb

#endif  // APB_OPS_BIT_TILES_H_
