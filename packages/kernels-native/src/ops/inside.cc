#include "ops/inside.h"

namespace apb {

InsideSums::InsideSums(const Weights& weights, const Encoding& encoding)
    : weights_(weights), bits_(std::get<BitWeights>(weights.packed)), base_(encoding.base) {}

const Inside& InsideSums::Of(const Patch& patch) {
  const TapRange& ky = patch.y.inside;
  const TapRange& kx = patch.x.inside;
  if (last_ && last_->ky == ky && last_->kx == kx) return *last_;
  const std::array<std::size_t, 4> key = {ky.first, ky.last, kx.first, kx.last};
  auto found = cases_.find(key);
  if (found == cases_.end()) found = cases_.emplace(key, Make(ky, kx)).first;
  last_ = &found->second;
  return *last_;
}

Inside InsideSums::Make(const TapRange& ky, const TapRange& kx) const {
  const std::size_t rows = weights_.rows;
  const std::size_t columns = weights_.tap_columns();
  Inside inside = {ky, kx, 0, {}, {}, {}};
  std::vector<std::int32_t> sums(rows, 0), outside(rows, 0);
  for (std::size_t tap = 0; tap < weights_.taps(); ++tap) {
    const bool has = inside.Has(tap, columns);
    if (has && tap < 32) inside.taps |= std::uint32_t{1} << tap;
    const std::int32_t* values = bits_.tap_sums.data() + tap * rows;
    for (std::size_t n = 0; n < rows; ++n) (has ? sums : outside)[n] += values[n];
  }
  if (ky.count() * kx.count() < weights_.taps()) {
    inside.corrections.resize(rows);
    for (std::size_t n = 0; n < rows; ++n) inside.corrections[n] = -outside[n];
  }
  if (base_ == 0) return inside;
  inside.base_terms.resize(rows);
  for (std::size_t n = 0; n < rows; ++n) {
    const float alpha_base = bits_.scales[n] * base_;
    inside.base_terms[n] = alpha_base * static_cast<float>(sums[n]);
  }
  if (!bits_.sparse.values.empty()) inside.sparse_base_terms = SparseBase(inside);
  return inside;
}

// R in float32 in the order of the compressed row, from +0, taps outside skipped.
std::vector<float> InsideSums::SparseBase(const Inside& inside) const {
  const SparseRows& sparse = bits_.sparse;
  std::vector<float> terms(weights_.rows);
  for (std::size_t n = 0; n < weights_.rows; ++n) {
    float sum = 0;
    for (std::size_t i = sparse.row_start[n]; i < sparse.row_start[n + 1]; ++i) {
      const std::size_t tap = sparse.columns[i] / weights_.tap_channels();
      if (inside.Has(tap, weights_.tap_columns())) sum += sparse.values[i];
    }
    terms[n] = base_ * sum;
  }
  return terms;
}

}  // namespace apb
