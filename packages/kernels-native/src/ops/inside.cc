#include "ops/inside.h"

#include <algorithm>

namespace apb {

namespace {

const BitWeights* BitsOf(const Weights& weights) { return std::get_if<BitWeights>(&weights.packed); }
const ByteWeights& BytesOf(const Weights& weights) { return std::get<ByteWeights>(weights.packed); }

}  // namespace

void InsideSums::Cases::Find(const Axis& axis) {
  of.reserve(axis.outputs());
  for (std::size_t i = 0; i < axis.outputs(); ++i) {
    if (i == 0 || !(axis.spans[i].inside == axis.spans[i - 1].inside)) ++count;
    of.push_back(count - 1);
  }
}

InsideSums::InsideSums(const Kernels& kernels, const Weights& weights, const Encoding& encoding, const Window& window)
    : kernels_(kernels),
      weights_(weights),
      window_(window),
      scales_(BitsOf(weights) ? BitsOf(weights)->scales : BytesOf(weights).scales),
      sparse_(BitsOf(weights) ? BitsOf(weights)->sparse : BytesOf(weights).sparse),
      sign_(encoding.sign),
      base_(encoding.base),
      corrections_(1, nullptr) {}

const Inside& InsideSums::Whole() {
  if (!whole_) {
    whole_ = Make({0, weights_.taps() / weights_.tap_columns()}, {0, weights_.tap_columns()});
    corrections_[0] = whole_->corrections.data();
  }
  return *whole_;
}

const Inside& InsideSums::Of(std::size_t line, std::size_t column) {
  const TapRange &y = window_.y.spans[line].inside, &x = window_.x.spans[column].inside;
  if (y.count() * x.count() == weights_.taps()) return Whole();
  if (cases_.empty()) {
    y_.Find(window_.y);
    x_.Find(window_.x);
    cases_.resize(y_.count * x_.count);
  }
  std::optional<Inside>& found = cases_[y_.of[line] * x_.count + x_.of[column]];
  if (!found) {
    found = Make(y, x);
    found->number = static_cast<std::uint32_t>(corrections_.size());
    corrections_.push_back(found->corrections.data());
  }
  return *found;
}

Inside InsideSums::Make(const TapRange& ky, const TapRange& kx) const {
  Inside inside = {};
  inside.ky = ky;
  inside.kx = kx;
  for (std::size_t tap = 0; tap < weights_.taps() && tap < 32; ++tap)
    if (inside.Has(tap, weights_.tap_columns())) inside.taps |= std::uint32_t{1} << tap;
  const BitWeights* bits = BitsOf(weights_);
  if (sign_) inside.corrections = Corrections(*bits, inside);
  if (base_ == 0) return inside;
  const std::vector<std::int32_t> sums = bits ? Sums(*bits, inside) : Sums(BytesOf(weights_), inside);
  inside.base_terms.resize(weights_.rows);
  for (std::size_t n = 0; n < weights_.rows; ++n) {
    const float alpha_base = scales_[n] * base_;
    inside.base_terms[n] = alpha_base * static_cast<float>(sums[n]);
  }
  if (!sparse_.values.empty()) inside.sparse_base_terms = SparseBase(inside);
  return inside;
}

// What the taps outside would add, taken away.
std::vector<std::int32_t> InsideSums::Corrections(const BitWeights& bits, const Inside& inside) const {
  std::vector<std::int32_t> corrections(weights_.rows, 0);
  for (std::size_t tap = 0; tap < weights_.taps(); ++tap) {
    if (inside.Has(tap, weights_.tap_columns())) continue;
    const std::int32_t* values = bits.tap_sums.data() + tap * weights_.rows;
    for (std::size_t n = 0; n < weights_.rows; ++n) corrections[n] -= values[n];
  }
  return corrections;
}

// S of every channel.
std::vector<std::int32_t> InsideSums::Sums(const BitWeights& bits, const Inside& inside) const {
  std::vector<std::int32_t> sums(weights_.rows, 0);
  for (std::size_t tap = 0; tap < weights_.taps(); ++tap) {
    if (!inside.Has(tap, weights_.tap_columns())) continue;
    const std::int32_t* values = bits.tap_sums.data() + tap * weights_.rows;
    for (std::size_t n = 0; n < weights_.rows; ++n) sums[n] += values[n];
  }
  return sums;
}

// The product with a row of codes that are 1 inside: as much work as one more output position.
std::vector<std::int32_t> InsideSums::Sums(const ByteWeights& bytes, const Inside& inside) const {
  const std::size_t channels = weights_.tap_channels(), panels = weights_.panels_per_group();
  std::vector<std::uint8_t> ones(4 * weights_.quads(), 0);
  for (std::size_t tap = 0; tap < weights_.taps(); ++tap)
    if (inside.Has(tap, weights_.tap_columns()))
      std::fill_n(ones.begin() + static_cast<std::ptrdiff_t>(tap * channels), channels, std::uint8_t{1});
  std::vector<std::int32_t> sums(RowStride(weights_));
  for (std::size_t group = 0; group < weights_.groups; ++group)
    kernels_.byte_gemm({ones.data(), ones.size(), bytes.signs.data() + group * panels * weights_.quads(), panels, 1,
                        weights_.quads(), sums.data() + group * weights_.rows_per_group(), sums.size()});
  return sums;
}

// R in float32 in the order of the compressed row, from +0, taps outside skipped.
std::vector<float> InsideSums::SparseBase(const Inside& inside) const {
  std::vector<float> terms(weights_.rows);
  for (std::size_t n = 0; n < weights_.rows; ++n) {
    float sum = 0;
    sparse_.ForEachTerm(n, [&](std::size_t column, float value) {
      if (inside.Has(column / weights_.tap_channels(), weights_.tap_columns())) sum += value;
    });
    terms[n] = base_ * sum;
  }
  return terms;
}

}  // namespace apb
