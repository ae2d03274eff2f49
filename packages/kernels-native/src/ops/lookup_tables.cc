#include "ops/lookup_tables.h"

#include <algorithm>

namespace apb {
namespace {

// Lines of tables that are kept, about as much as a second-level cache takes.
constexpr std::size_t kMostKept = std::size_t{1} << 20;

std::size_t StrideOf(const Lookup& lookup, const PixelPlanes& pixels) {
  const std::size_t bytes = LookupGroups(lookup, 64 * pixels.words_per_plane) * TableBytes(lookup);
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Pixels of a padded line that so many neighbouring outputs see.
std::size_t PixelsSeen(const Axis& x, const Steps& steps, std::size_t outputs) {
  return (outputs - 1) * steps.stride + (x.taps - 1) * x.dilation + 1;
}

}  // namespace

LookupTables::LookupTables(const Lookup& lookup, const PixelPlanes& pixels, const Window& window)
    : lookup_(lookup),
      pixels_(pixels),
      window_(window),
      x_(window.x),
      stride_(StrideOf(lookup, pixels)),
      places_((window.y.taps - 1) * window.y.dilation + 1),
      whole_(places_ * x_.padded <= kMostKept / stride_),
      line_bytes_((whole_ ? x_.padded : PixelsSeen(window.x, x_, std::min(kTileRows, window.x.outputs()))) * stride_),
      kept_(places_),
      tables_(places_ * line_bytes_) {}

const std::uint8_t* LookupTables::Line(std::size_t picture, std::size_t line, std::size_t column, std::size_t outputs) {
  const std::size_t first = column * x_.stride, seen = PixelsSeen(window_.x, x_, outputs);
  const Kept wanted = {picture * window_.y.size + line, whole_ ? 0 : first, whole_ ? x_.padded : seen};
  const std::size_t place = line % places_;
  std::uint8_t* to = tables_.data() + place * line_bytes_;
  Kept& kept = kept_[place];
  if (kept.line != wanted.line || kept.first != wanted.first || kept.count != wanted.count) Make(wanted, to);
  kept = wanted;
  return to + (first - wanted.first) * stride_;
}

// Tables of padding are 0.
void LookupTables::Make(const Kept& wanted, std::uint8_t* to) const {
  const std::size_t end = wanted.first + wanted.count, size = window_.x.size;
  const std::size_t inside = std::min(std::max(wanted.first, x_.before), end);  // first padded pixel of the picture
  const std::size_t inside_end = std::min(std::max(inside, x_.before + size), end);
  std::uint8_t *begin = to + (inside - wanted.first) * stride_, *after = begin + (inside_end - inside) * stride_;
  std::fill(to, begin, std::uint8_t{0});
  std::fill(after, to + wanted.count * stride_, std::uint8_t{0});
  if (inside == inside_end) return;
  const std::size_t pixel = wanted.line * size + inside - x_.before, words = pixels_.words_per_pixel();
  lookup_.tables({pixels_.words + pixel * words, words, pixels_.words_per_plane, pixels_.words_per_plane,
                  pixels_.planes, pixels_.sign, inside_end - inside, begin, stride_});
}

}  // namespace apb
