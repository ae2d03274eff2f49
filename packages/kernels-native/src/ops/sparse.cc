#include "ops/sparse.h"

namespace apb {

SparsePart::SparsePart(const Weights& weights, const Encoding& encoding)
    : weights_(weights), bits_(std::get<BitWeights>(weights.packed)), encoding_(encoding) {
  if (!bits_.sparse.values.empty()) values_ = AlignedArray<float>::Zeros(weights.k * kRows);
}

// Skipping a tap and adding its r * 0 give the same bits: a sum that starts from +0 is never -0, and x + (+-0) = x.
void SparsePart::Unpack(const std::uint64_t* a, std::size_t rows, const Inside* const* inside) {
  const std::size_t planes = encoding_.bits;
  const std::size_t words = bits_.words;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::uint64_t* row = a + i * planes * words;
    for (std::size_t column = 0; column < weights_.k; ++column) {
      int q = 0;
      for (std::size_t p = 0; p < planes; ++p)
        q |= static_cast<int>((row[p * words + column / 64] >> (column % 64)) & 1) << p;
      values_[column * kRows + i] = static_cast<float>(encoding_.sign ? 1 - 2 * q : q);
    }
    if (!encoding_.sign || !weights_.geometry) continue;
    // A zero bit of a sign plane is +1, but taps outside count as 0.
    const std::size_t columns = weights_.geometry->kernel.x;
    const Inside& in = *inside[i];
    if (in.ky.count() * in.kx.count() == weights_.taps()) continue;
    for (std::size_t tap = 0; tap < weights_.taps(); ++tap) {
      const std::size_t y = tap / columns;
      const std::size_t x = tap % columns;
      if (y >= in.ky.first && y < in.ky.last && x >= in.kx.first && x < in.kx.last) continue;
      const std::size_t channels = weights_.tap_channels();
      for (std::size_t c = tap * channels; c < (tap + 1) * channels; ++c) values_[c * kRows + i] = 0;
    }
  }
}

void SparsePart::Add(std::size_t group, const std::uint64_t* a, std::size_t rows, const Inside* const* inside,
                     float* products, std::size_t stride) {
  const SparseRows& sparse = bits_.sparse;
  const std::size_t begin = group * weights_.rows_per_group();
  const std::size_t end = begin + weights_.rows_per_group();
  if (sparse.row_start[begin] == sparse.row_start[end]) return;
  Unpack(a, rows, inside);
  for (std::size_t n = begin; n < end; ++n) {
    if (sparse.terms(n) == 0) continue;
    float sums[kRows] = {};
    for (std::size_t term = sparse.row_start[n]; term < sparse.row_start[n + 1]; ++term) {
      const float r = sparse.values[term];
      const float* q = values_.data() + std::size_t{sparse.columns[term]} * kRows;
      for (std::size_t i = 0; i < kRows; ++i) sums[i] += r * q[i];
    }
    for (std::size_t i = 0; i < rows; ++i) {
      float part = encoding_.step * sums[i];
      if (encoding_.base != 0) part += inside[i]->sparse_base_terms[n];
      products[i * stride + n] += part;
    }
  }
}

}  // namespace apb
