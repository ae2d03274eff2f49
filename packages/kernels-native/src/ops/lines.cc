#include "ops/lines.h"

#include <algorithm>

#include "base/pool.h"
#include "ops/panel.h"

namespace apb {
namespace {

// Padding may make pictures so many times larger, beside some room for small ones: hostile pads must not take all
// memory.
constexpr std::size_t kMostPadding = 64;
constexpr std::size_t kRoom = std::size_t{1} << 24;

}  // namespace

Steps::Steps(const Axis& axis)
    : stride(axis.outputs() > 1 ? static_cast<std::size_t>(axis.spans[1].start - axis.spans[0].start) : 1),
      before(static_cast<std::size_t>(-axis.spans[0].start)),
      padded((axis.outputs() - 1) * stride + (axis.taps - 1) * axis.dilation + 1) {}

BitLines::BitLines(const Kernels& kernels, const Buffer& x, const Window& window)
    : kernels_(kernels),
      window_(window),
      y_(window.y),
      x_(window.x),
      planes_(x.encoding().bits),
      channel_words_(LaneWords(kernels, x.k())),
      columns_((x_.padded + x_.stride - 1) / x_.stride),
      words_(ScratchArray<std::uint8_t>::Zeros(Bytes(x))) {
  ParallelRows(kernels.threads, window.batch * window.y.size, window.x.size * x.words_per_row(),
               [&](std::size_t first, std::size_t count) {
                 for (std::size_t i = first; i < first + count; ++i) Turn(x, i / window.y.size, i % window.y.size);
               });
}

std::size_t BitLines::Bytes(const Buffer& x) const {
  const std::size_t bytes =
      SizeOf({window_.batch, y_.padded, x_.stride, planes_, channel_words_, columns_}) * (kernels_.lane_bits / 8);
  if (bytes / kMostPadding > x.bytes() + kRoom)
    throw ContractError("the padding of this convolution makes its input more than " + std::to_string(kMostPadding) +
                        " times larger; pad less");
  return bytes;
}

// Turns one line of one picture.
void BitLines::Turn(const Buffer& x, std::size_t picture, std::size_t line) {
  const std::size_t padded_line = line + y_.before;
  if (padded_line >= y_.padded) return;
  const std::size_t pixels = (picture * window_.y.size + line) * window_.x.size;
  for (std::size_t residue = 0; residue < x_.stride; ++residue) {
    // The first column of this residue that is inside the picture.
    const std::size_t skipped = residue >= x_.before ? 0 : (x_.before - residue + x_.stride - 1) / x_.stride;
    const std::size_t column = skipped * x_.stride + residue - x_.before;
    const std::size_t end = std::min(window_.x.size, x_.padded - std::min(x_.padded, x_.before));
    if (column >= end) continue;
    const std::size_t count = (end - column + x_.stride - 1) / x_.stride;
    const std::size_t to = ((picture * y_.padded + padded_line) * x_.stride + residue) * planes_ * plane() + skipped;
    TurnPixels(x, pixels + column, count, to);
  }
}

// Every x_.stride-th pixel from `pixel` on, `count` of them. Planes that follow each other without unused words are
// turned as one.
void BitLines::TurnPixels(const Buffer& x, std::size_t pixel, std::size_t count, std::size_t to) {
  const std::size_t halves = 64 / kernels_.lane_bits, row = x.words_per_row() * halves, step = x_.stride * row;
  const bool together = x.words_per_plane() * halves == channel_words_;
  const unsigned planes = together ? 1 : planes_;
  const std::size_t words = together ? planes_ * channel_words_ : channel_words_;
  for (unsigned p = 0; p < planes; ++p) {
    const std::size_t from = pixel * row + p * x.words_per_plane() * halves;
    if (kernels_.lane_bits == 32) {
      kernels_.transpose({reinterpret_cast<const std::uint32_t*>(x.words()) + from, step, count, words,
                          reinterpret_cast<std::uint32_t*>(words_.data()) + to + p * plane(), columns_});
      continue;
    }
    std::uint64_t* out = reinterpret_cast<std::uint64_t*>(words_.data()) + to + p * plane();
    for (std::size_t w = 0; w < words; ++w)
      for (std::size_t i = 0; i < count; ++i) out[w * columns_ + i] = x.words()[from + i * step + w];
  }
}

std::vector<Piece> BitLines::PiecesOf(const Weights& weights, std::size_t group) const {
  const std::size_t channels = weights.tap_channels(), bits = kernels_.lane_bits;
  std::vector<Piece> pieces;
  for (std::size_t k = 0; k < weights.k;) {
    const std::size_t tap = k / channels, channel = group * channels + k % channels;
    const std::size_t run = std::min({bits - k % bits, channels - k % channels, bits - channel % bits});
    const std::size_t down = tap / window_.x.taps * window_.y.dilation;
    const std::size_t right = tap % window_.x.taps * window_.x.dilation;
    const std::size_t line = (down * x_.stride + right % x_.stride) * planes_ * plane();
    Piece piece = {};
    piece.from = line + channel / bits * columns_ + right / x_.stride;
    piece.mask = (~std::uint64_t{0} >> (64 - run)) << k % bits;
    piece.word = static_cast<std::uint32_t>(k / bits);
    piece.turn = static_cast<std::uint8_t>((k % bits + bits - channel % bits) % bits);
    pieces.push_back(piece);
    k += run;
  }
  return pieces;
}

}  // namespace apb
