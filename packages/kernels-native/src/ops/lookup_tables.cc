#include "ops/lookup_tables.h"

#include <algorithm>

namespace apb {

LookupTables::LookupTables(const Lookup& lookup, const PixelPlanes& pixels, const Window& window)
    : lookup_(lookup),
      pixels_(pixels),
      window_(window),
      x_(window.x),
      stride_((LookupGroups(lookup, 64 * pixels.words_per_plane) * TableBytes(lookup) + kAlignment - 1) / kAlignment *
              kAlignment),
      line_bytes_(x_.padded * stride_),
      kept_((window.y.taps - 1) * window.y.dilation + 1, 0),
      tables_(kept_.size() * line_bytes_) {}

const std::uint8_t* LookupTables::Line(std::size_t picture, std::size_t line) {
  const std::size_t place = line % kept_.size(), index = picture * window_.y.size + line;
  std::uint8_t* to = tables_.data() + place * line_bytes_;
  if (kept_[place] == index + 1) return to;
  const std::size_t left = std::min(x_.before, x_.padded), count = std::min(window_.x.size, x_.padded - left);
  if (kept_[place] == 0) {
    std::fill(to, to + left * stride_, std::uint8_t{0});
    std::fill(to + (left + count) * stride_, to + line_bytes_, std::uint8_t{0});
  }
  kept_[place] = index + 1;
  lookup_.tables({pixels_.words + index * window_.x.size * pixels_.words_per_pixel(), pixels_.words_per_pixel(),
                  pixels_.words_per_plane, pixels_.words_per_plane, pixels_.planes, pixels_.sign, count, to + left * stride_,
                  stride_});
  return to;
}

}  // namespace apb
