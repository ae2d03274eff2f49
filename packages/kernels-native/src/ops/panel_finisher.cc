#include "ops/panel_finisher.h"

namespace apb {
namespace {

// A word of planes has the signs of so many panels of channels.
constexpr std::size_t kQuarters = 64 / kPanel;

FinishPanelArgs::Activation KindOf(Activation::Kind kind) {
  switch (kind) {
    case Activation::Kind::kRelu: return FinishPanelArgs::Activation::kRelu;
    case Activation::Kind::kClamp: return FinishPanelArgs::Activation::kClamp;
    case Activation::Kind::kPrelu: return FinishPanelArgs::Activation::kPrelu;
    case Activation::Kind::kNone: break;
  }
  return FinishPanelArgs::Activation::kNone;
}

void FillStarts(const BitTile& tile, std::size_t stride, std::size_t* starts) {
  for (const Stretch stretch : tile)  // a copy, which no store can change
    for (std::size_t i = 0; i < stretch.count; ++i) starts[stretch.row + i] = (stretch.position + i) * stride;
}

// Of neighbouring positions.
void FillEvenStarts(std::size_t stride, std::size_t* starts) {
  for (std::size_t i = 0; i < kTileRows; ++i) starts[i] = i * stride;
}

}  // namespace

PanelFinisher::PanelFinisher(const Kernels& kernels, const Epilogue& epilogue, const Buffer* residual, Buffer& out,
                             Buffer* signs)
    : kernels_(kernels), epilogue_(epilogue), residual_(residual), out_(out), signs_(signs) {
  if (epilogue.quantizer) planes_ = ScratchArray<std::uint32_t>::Zeros(out.words_per_row() * 2 * kTileRows);
}

bool PanelFinisher::Fits(const Kernels& kernels, const Weights& weights, const Buffer& out) {
  return kernels.finish_panel && !out.is_bytes() && (weights.groups == 1 || weights.rows_per_group() % kPanel == 0);
}

void PanelFinisher::Begin(const BitTile& tile) {
  if (epilogue_.quantizer && !residual_) return;
  const std::size_t stride = signs_ ? signs_->words_per_row() : 0;
  const bool even = tile.begin() + 1 == tile.end();
  first_ = even ? tile.begin()->position : 0;
  if (!even) {
    FillStarts(tile, out_.k(), starts_);
    if (signs_) FillStarts(tile, stride * kQuarters, sign_starts_);
  } else if (!even_) {  // those of the tile before are the same
    FillEvenStarts(out_.k(), starts_);
    FillEvenStarts(stride * kQuarters, sign_starts_);
  }
  even_ = even;
  if (!signs_ || out_.k() % 64 == 0) return;
  // Quarters of the last word may have no channels.
  std::uint64_t* words = signs_->words();
  for (const Stretch stretch : tile)
    for (std::size_t i = 1; i <= stretch.count; ++i) words[(stretch.position + i) * stride - 1] = 0;
}

void PanelFinisher::Panel(const Channels& channels, const BitTile& tile, const float* products) {
  const std::size_t n = channels.first, first = first_ * out_.k() + n;
  FinishPanelArgs args = {};
  args.products = products;
  args.channels = channels.count;
  args.rows = tile.rows();
  args.starts = starts_;
  args.scale = epilogue_.scale.data() + n;
  args.shift = epilogue_.shift.data() + n;
  args.residual = residual_ ? residual_->floats() + first : nullptr;
  args.activation = KindOf(epilogue_.activation.kind);
  args.min = epilogue_.activation.min;
  args.max = epilogue_.activation.max;
  args.slopes = epilogue_.activation.slopes.empty() ? nullptr : epilogue_.activation.slopes.data() + n;
  if (epilogue_.quantizer) {
    const Quantizer& q = *epilogue_.quantizer;
    args.sign = q.encoding.sign;
    args.bits = q.encoding.bits;
    args.lo = q.lo;
    args.hi = q.hi;
    args.inv = q.inv;
    args.planes = planes_.data() + n / 32 * kTileRows;
    args.plane = out_.words_per_plane() * 2 * kTileRows;
    args.first_bit = static_cast<unsigned>(n % 32);
  } else {
    args.out = out_.floats() + first;
    if (signs_)
      args.signs = reinterpret_cast<std::uint16_t*>(signs_->words() + first_ * signs_->words_per_row()) + n / kPanel;
    args.sign_starts = sign_starts_;
  }
  kernels_.finish_panel(args);
}

void PanelFinisher::Finish(const BitTile& tile) {
  if (!epilogue_.quantizer) return;
  const std::size_t words = out_.words_per_row() * 2;
  auto* to = reinterpret_cast<std::uint32_t*>(out_.words());
  for (const Stretch& stretch : tile)
    kernels_.transpose(
        {planes_.data() + stretch.row, kTileRows, words, stretch.count, to + stretch.position * words, words});
}

}  // namespace apb
