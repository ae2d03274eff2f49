#include "ops/inside.h"

#include <algorithm>

namespace apb {

namespace {

const BitWeights* BitsOf(const Weights& weights) { return std::get_if<BitWeights>(&weights.packed); }
const ByteWeights& BytesOf(const Weights& weights) { return std::get<ByteWeights>(weights.packed); }

}  // namespace

InsideSums::InsideSums(const Kernels& kernels, const Weights& weights, const Encoding& encoding)
    : kernels_(kernels),
      weights_(weights),
      scales_(BitsOf(weights) ? BitsOf(weights)->scales : BytesOf(weights).scales),
      sparse_(BitsOf(weights) ? BitsOf(weights)->sparse : BytesOf(weights).sparse),
      base_(encoding.base) {}

const Inside& InsideSums::Whole() {
  const std::size_t columns = weights_.tap_columns();
  return Of({0, weights_.taps() / columns}, {0, columns});
}

const Inside& InsideSums::Of(const TapRange& ky, const TapRange& kx) {
  if (last_ && last_->ky == ky && last_->kx == kx) return *last_;
  const std::array<std::size_t, 4> key = {ky.first, ky.last, kx.first, kx.last};
  auto found = cases_.find(key);
  if (found == cases_.end()) found = cases_.emplace(key, Make(ky, kx)).first;
  last_ = &found->second;
  return *last_;
}

Inside InsideSums::Make(const TapRange& ky, const TapRange& kx) const {
  Inside inside = {ky, kx, 0, {}, {}, {}};
  for (std::size_t tap = 0; tap < weights_.taps() && tap < 32; ++tap)
    if (inside.Has(tap, weights_.tap_columns())) inside.taps |= std::uint32_t{1} << tap;
  const BitWeights* bits = BitsOf(weights_);
  std::vector<std::int32_t> sums;
  if (bits)
    sums = Sums(*bits, inside);
  else if (base_ != 0)
    sums = Sums(BytesOf(weights_), inside);
  if (base_ == 0) return inside;
  inside.base_terms.resize(weights_.rows);
  for (std::size_t n = 0; n < weights_.rows; ++n) {
    const float alpha_base = scales_[n] * base_;
    inside.base_terms[n] = alpha_base * static_cast<float>(sums[n]);
  }
  if (!sparse_.values.empty()) inside.sparse_base_terms = SparseBase(inside);
  return inside;
}

// S of every channel; fills in the corrections.
std::vector<std::int32_t> InsideSums::Sums(const BitWeights& bits, Inside& inside) const {
  const std::size_t rows = weights_.rows;
  std::vector<std::int32_t> sums(rows, 0), outside(rows, 0);
  for (std::size_t tap = 0; tap < weights_.taps(); ++tap) {
    const bool has = inside.Has(tap, weights_.tap_columns());
    const std::int32_t* values = bits.tap_sums.data() + tap * rows;
    for (std::size_t n = 0; n < rows; ++n) (has ? sums : outside)[n] += values[n];
  }
  if (inside.ky.count() * inside.kx.count() == weights_.taps()) return sums;
  inside.corrections.resize(rows);
  for (std::size_t n = 0; n < rows; ++n) inside.corrections[n] = -outside[n];
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
    for (std::size_t i = sparse_.row_start[n]; i < sparse_.row_start[n + 1]; ++i) {
      const std::size_t tap = sparse_.columns[i] / weights_.tap_channels();
      if (inside.Has(tap, weights_.tap_columns())) sum += sparse_.values[i];
    }
    terms[n] = base_ * sum;
  }
  return terms;
}

}  // namespace apb
