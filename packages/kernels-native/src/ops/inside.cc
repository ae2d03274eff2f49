#include "ops/inside.h"

#include <algorithm>

namespace apb {

namespace {

const BitWeights* BitsOf(const Weights& weights) { return std::get_if<BitWeights>(&weights.packed); }
const ByteWeights& BytesOf(const Weights& weights) { return std::get<ByteWeights>(weights.packed); }

// Makes the sums of one case after another.
class Maker {
 public:
  Maker(const Kernels& kernels, const Weights& weights, const Encoding& encoding)
      : kernels_(kernels),
        weights_(weights),
        scales_(BitsOf(weights) ? BitsOf(weights)->scales : BytesOf(weights).scales),
        sparse_(BitsOf(weights) ? BitsOf(weights)->sparse : BytesOf(weights).sparse),
        sign_(encoding.sign),
        base_(encoding.base) {}

  Inside Make(const TapRange& ky, const TapRange& kx, std::size_t number) const;

 private:
  std::vector<std::int32_t> Corrections(const BitWeights& bits, const Inside& inside) const;
  std::vector<std::int32_t> Sums(const BitWeights& bits, const Inside& inside) const;
  std::vector<std::int32_t> Sums(const ByteWeights& bytes, const Inside& inside) const;
  std::vector<float> SparseBase(const Inside& inside) const;

  const Kernels& kernels_;
  const Weights& weights_;
  const std::vector<float>& scales_;
  const SparseRows& sparse_;
  const bool sign_;
  const float base_;
};

Inside Maker::Make(const TapRange& ky, const TapRange& kx, std::size_t number) const {
  Inside inside = {};
  inside.number = static_cast<std::uint32_t>(number);
  inside.ky = ky;
  inside.kx = kx;
  for (std::size_t tap = 0; tap < weights_.taps() && tap < 32; ++tap)
    if (!inside.Has(tap, weights_.tap_columns())) inside.outside.push_back(static_cast<std::uint8_t>(tap));
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
std::vector<std::int32_t> Maker::Corrections(const BitWeights& bits, const Inside& inside) const {
  std::vector<std::int32_t> corrections(weights_.rows, 0);
  for (std::size_t tap = 0; tap < weights_.taps(); ++tap) {
    if (inside.Has(tap, weights_.tap_columns())) continue;
    const std::int32_t* values = bits.tap_sums.data() + tap * weights_.rows;
    for (std::size_t n = 0; n < weights_.rows; ++n) corrections[n] -= values[n];
  }
  return corrections;
}

// S of every channel.
std::vector<std::int32_t> Maker::Sums(const BitWeights& bits, const Inside& inside) const {
  std::vector<std::int32_t> sums(weights_.rows, 0);
  for (std::size_t tap = 0; tap < weights_.taps(); ++tap) {
    if (!inside.Has(tap, weights_.tap_columns())) continue;
    const std::int32_t* values = bits.tap_sums.data() + tap * weights_.rows;
    for (std::size_t n = 0; n < weights_.rows; ++n) sums[n] += values[n];
  }
  return sums;
}

// The product with a row of codes that are 1 inside: as much work as one more output position.
std::vector<std::int32_t> Maker::Sums(const ByteWeights& bytes, const Inside& inside) const {
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
std::vector<float> Maker::SparseBase(const Inside& inside) const {
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

}  // namespace

InsideSums::AxisCases::AxisCases(const Axis& axis) {
  of.reserve(axis.outputs());
  for (const Span& span : axis.spans) {
    if (ranges.empty() || !(span.inside == ranges.back())) ranges.push_back(span.inside);
    of.push_back(ranges.size() - 1);
  }
}

InsideSums::InsideSums(const Kernels& kernels, const Weights& weights, const Encoding& encoding, const Window& window)
    : y_(window.y), x_(window.x), numbers_(y_.count() * x_.count(), 0) {
  const Maker maker(kernels, weights, encoding);
  cases_.push_back(maker.Make({0, weights.taps() / weights.tap_columns()}, {0, weights.tap_columns()}, 0));
  // Codes that stand for 0 add nothing in the padding.
  const bool alike = !encoding.sign && encoding.base == 0;
  for (std::size_t y = 0; !alike && y < y_.count(); ++y)
    for (std::size_t x = 0; x < x_.count(); ++x) {
      if (y_.ranges[y].count() * x_.ranges[x].count() == weights.taps()) continue;
      numbers_[y * x_.count() + x] = static_cast<std::uint32_t>(cases_.size());
      cases_.push_back(maker.Make(y_.ranges[y], x_.ranges[x], cases_.size()));
    }
  for (const Inside& inside : cases_) corrections_.push_back(inside.corrections.data());
}

}  // namespace apb
