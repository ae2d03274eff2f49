// Tables of sums (kernels/lookup/op.h) of the pixels that a convolution looks at: made once, they serve all taps.
#ifndef APB_OPS_LOOKUP_TABLES_H_
#define APB_OPS_LOOKUP_TABLES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/scratch.h"
#include "kernels/kernels.h"
#include "ops/lines.h"
#include "ops/window.h"

namespace apb {

// Planes of pixels as a Buffer holds them: [pixels][planes][words of 64 bits], padding bits zero.
struct PixelPlanes {
  const std::uint64_t* words;
  std::size_t words_per_plane;
  unsigned planes;
  bool sign;

  std::size_t words_per_pixel() const { return planes * words_per_plane; }
};

inline std::size_t TableBytes(const Lookup& lookup) { return std::size_t{1} << lookup.index_bits; }

// Groups of so many bits.
inline std::size_t LookupGroups(const Lookup& lookup, std::size_t bits) {
  return (bits + lookup.index_bits - 1) / lookup.index_bits;
}

// Keeps the lines that one output position spans: of a channel, four bytes a pixel at four bits an index, eleven at
// six. Of lines too wide for that the pixels that a tile's outputs see, which are made again for every line of outputs.
class LookupTables {
 public:
  // All must outlive it.
  LookupTables(const Lookup& lookup, const PixelPlanes& pixels, const Window& window);
  LookupTables(const LookupTables&) = delete;
  LookupTables& operator=(const LookupTables&) = delete;

  // Of a line inside a picture: what `outputs` outputs from a column on, of one tile, see through the first tap; valid
  // until another line at the same place modulo the height of the window is asked for, or other outputs.
  const std::uint8_t* Line(std::size_t picture, std::size_t line, std::size_t column, std::size_t outputs);
  // From a pixel to its neighbour.
  std::size_t stride() const { return stride_; }
  // From what an output sees through a tap to what the next one does.
  std::size_t step() const { return x_.stride * stride_; }

 private:
  // Pixels of a padded line, of a line of all pictures.
  struct Kept {
    std::size_t line = static_cast<std::size_t>(-1), first = 0, count = 0;
  };

  void Make(const Kept& wanted, std::uint8_t* to) const;

  const Lookup& lookup_;
  const PixelPlanes& pixels_;
  const Window& window_;
  const Steps x_;
  const std::size_t stride_;
  const std::size_t places_;  // of lines
  const bool whole_;          // lines are kept
  const std::size_t line_bytes_;
  std::vector<Kept> kept_;  // by place
  ScratchArray<std::uint8_t> tables_;
};

}  // namespace apb

#endif  // APB_OPS_LOOKUP_TABLES_H_
