#include "ops/marker.h"

#include <algorithm>

#include "ops/thresholds.h"

namespace apb {

static_assert(kTileRows == 64, "a word of marks has a bit for every row of a tile");

Marker::Marker(const Kernels& kernels, const Epilogue& epilogue, const Weights& weights, const SparseDotArgs& terms,
               Buffer& out)
    : kernels_(kernels),
      epilogue_(epilogue),
      bits_(std::get<BitWeights>(weights.packed)),
      terms_(terms),
      thresholds_(ThresholdsOf(*epilogue.quantizer, epilogue.activation)),
      plane_(out.words_per_plane() * 64),
      marks_(ScratchArray<std::uint64_t>::Zeros(epilogue.quantizer->encoding.bits * plane_)),
      rows_(marks_.size()),
      out_(out) {}

bool Marker::Fits(const Kernels& kernels, const Epilogue& epilogue, const Weights& weights, const Encoding& encoding,
                  const Buffer* residual) {
  return kernels.mark_panel && !residual && epilogue.quantizer && epilogue.quantizer->encoding.bits <= 2 &&
         epilogue.activation.kind != Activation::Kind::kPrelu && encoding.base == 0 &&
         (!encoding.sign || weights.taps() <= SparseRows::kMostTaps) &&
         std::get<BitWeights>(weights.packed).sparse.blocks == 1;
}

void Marker::Panel(const Channels& channels, const std::int32_t* acc) {
  const std::size_t n = channels.first;
  const Encoding& to = epilogue_.quantizer->encoding;
  kernels_.mark_panel({{acc, channels.count, bits_.order.data() + channels.panel * kPanel, bits_.scales.data() + n,
                        bits_.sparse.row_start.data() + n, terms_, nullptr, 0},
                       epilogue_.scale.data() + n,
                       epilogue_.shift.data() + n,
                       to.sign,
                       to.bits,
                       thresholds_.data(),
                       marks_.data() + n,
                       plane_});
}

void Marker::Finish(const BitTile& tile) {
  const std::size_t words = out_.words_per_row();
  const Stretch& first = *tile.begin();
  if (first.count == kTileRows) return kernels_.turn_bits(marks_.data(), words, out_.words() + first.position * words);
  kernels_.turn_bits(marks_.data(), words, rows_.data());
  for (const Stretch& stretch : tile)
    std::copy_n(rows_.data() + stretch.row * words, stretch.count * words, out_.words() + stretch.position * words);
}

}  // namespace apb
