#include "ops/marker.h"

#include <algorithm>

namespace apb {

static_assert(kTileRows == 64, "a word of marks has a bit for every row of a tile");

Marker::Marker(const Kernels& kernels, const MarkSetup& setup, const Weights& weights, const SparseDotArgs& terms,
               Buffer& out)
    : kernels_(kernels),
      setup_(setup),
      encoding_(setup.quantizer.encoding),
      channels_(weights.rows),
      bits_(std::get<BitWeights>(weights.packed)),
      terms_(terms),
      plane_(out.words_per_plane() * 64),
      marks_(ScratchArray<std::uint64_t>::Zeros(encoding_.bits * plane_)),
      rows_(marks_.size()),
      out_(out) {}

bool Marker::Fits(const Kernels& kernels, const Epilogue& epilogue, const Weights& weights, const Encoding& encoding) {
  return kernels.mark_panel && epilogue.quantizer && epilogue.quantizer->encoding.bits <= 2 &&
         epilogue.activation.kind != Activation::Kind::kPrelu && encoding.base == 0 &&
         (!encoding.sign || weights.taps() <= SparseRows::kMostTaps) &&
         std::get<BitWeights>(weights.packed).sparse.blocks == 1;
}

void Marker::Panel(const Channels& channels, const std::int32_t* acc) {
  const std::size_t n = channels.first;
  kernels_.mark_panel({{acc, channels.count, bits_.order.data() + channels.panel * kPanel, bits_.scales.data() + n,
                        bits_.sparse.row_start.data() + n, terms_, nullptr, 0},
                       encoding_.sign,
                       encoding_.bits,
                       setup_.thresholds.data() + n,
                       channels_,
                       marks_.data() + n,
                       plane_});
}

void Marker::Finish(const BitTile& tile) {
  for (std::size_t p = 0; p < encoding_.bits; ++p)
    for (std::size_t n = 0; n < setup_.falls.size(); ++n)
      if (setup_.falls[n]) marks_[p * plane_ + n] = ~marks_[p * plane_ + n];
  const std::size_t words = out_.words_per_row();
  const Stretch& first = *tile.begin();
  if (first.count == kTileRows) return kernels_.turn_bits(marks_.data(), words, out_.words() + first.position * words);
  kernels_.turn_bits(marks_.data(), words, rows_.data());
  for (const Stretch& stretch : tile)
    std::copy_n(rows_.data() + stretch.row * words, stretch.count * words, out_.words() + stretch.position * words);
}

}  // namespace apb
