#include "ops/sparse.h"

#include <algorithm>

#include "ops/transpose_bits.h"

namespace apb {
namespace {

// Bits as floats: four at a time by table, which compilers turn into one load.
struct Nibbles {
  float bits[16][4];
};

constexpr Nibbles MakeNibbles() {
  Nibbles table{};
  for (unsigned n = 0; n < 16; ++n)
    for (unsigned i = 0; i < 4; ++i) table.bits[n][i] = static_cast<float>((n >> i) & 1);
  return table;
}

constexpr Nibbles kNibbles = MakeNibbles();

// out[i] += weight * bit i
void AddBits(std::uint64_t bits, float weight, float* out) {
  for (std::size_t i = 0; i < kSparseRows; i += 4)
    for (std::size_t j = 0; j < 4; ++j) out[i + j] += weight * kNibbles.bits[(bits >> i) & 15][j];
}

// out[i] *= bit i
void KeepBits(std::uint64_t bits, float* out) {
  for (std::size_t i = 0; i < kSparseRows; i += 4)
    for (std::size_t j = 0; j < 4; ++j) out[i + j] *= kNibbles.bits[(bits >> i) & 15][j];
}

}  // namespace

SparsePart::SparsePart(const Kernels& kernels, const Weights& weights, const Encoding& encoding)
    : kernels_(kernels), weights_(weights), bits_(std::get<BitWeights>(weights.packed)), encoding_(encoding) {
  if (bits_.sparse.values.empty()) return;
  values_ = AlignedArray<float>(weights.k * kSparseRows);
  for (std::size_t group = 0; group < weights.groups; ++group) {
    const std::size_t* start = bits_.sparse.row_start.data() + group * weights.rows_per_group();
    const std::uint32_t* columns = bits_.sparse.columns.data();
    std::vector<std::uint32_t> used(columns + start[0], columns + start[weights.rows_per_group()]);
    std::sort(used.begin(), used.end());
    used.erase(std::unique(used.begin(), used.end()), used.end());
    used_.push_back(std::move(used));
  }
}

// Which taps are inside, row by row. Only sign planes ask: a code of 0 is 0 anyway, but a bit of 0 is +1.
void SparsePart::FindValid(std::size_t rows, const Inside* const* inside) {
  valid_.assign(weights_.taps(), 0);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t y = inside[i]->ky.first; y < inside[i]->ky.last; ++y)
      for (std::size_t x = inside[i]->kx.first; x < inside[i]->kx.last; ++x)
        valid_[y * weights_.tap_columns() + x] |= std::uint64_t{1} << i;
}

// Columns first .. last, all within one word of k, from bits to values_.
void SparsePart::UnpackWord(const std::uint32_t* first, const std::uint32_t* last, const std::uint64_t* a,
                            std::size_t rows) {
  const std::size_t planes = encoding_.bits;
  const std::size_t word = *first / 64;
  for (const std::uint32_t* c = first; c < last; ++c) {
    float* to = values_.data() + std::size_t{*c} * kSparseRows;
    std::fill(to, to + kSparseRows, encoding_.sign ? 1.0f : 0.0f);
  }
  for (std::size_t p = 0; p < planes; ++p) {
    std::uint64_t block[64] = {};
    for (std::size_t i = 0; i < rows; ++i) block[i] = a[(i * planes + p) * bits_.words + word];
    TransposeBits(block);
    const float weight = encoding_.sign ? -2.0f : static_cast<float>(1u << p);
    for (const std::uint32_t* c = first; c < last; ++c)
      AddBits(block[*c % 64], weight, values_.data() + std::size_t{*c} * kSparseRows);
  }
  if (!encoding_.sign) return;
  for (const std::uint32_t* c = first; c < last; ++c)
    KeepBits(valid_[*c / weights_.tap_channels()], values_.data() + std::size_t{*c} * kSparseRows);
}

// Skipping a tap and adding its r * 0 give the same bits: a sum that starts from +0 is never -0, and x +
// (+-0) = x.
void SparsePart::Unpack(std::size_t group, const std::uint64_t* a, std::size_t rows,
                        const Inside* const* inside) {
  if (encoding_.sign) FindValid(rows, inside);
  const std::uint32_t* end = used_[group].data() + used_[group].size();
  for (const std::uint32_t* first = used_[group].data(); first < end;) {
    const std::uint32_t* last =
        std::find_if(first, end, [&](std::uint32_t c) { return c / 64 != *first / 64; });
    UnpackWord(first, last, a, rows);
    first = last;
  }
}

void SparsePart::Add(std::size_t group, const std::uint64_t* a, std::size_t rows, const Inside* const* inside,
                     float* products, std::size_t stride) {
  if (used_.empty() || used_[group].empty()) return;
  Unpack(group, a, rows, inside);
  const SparseRows& sparse = bits_.sparse;
  const std::size_t begin = group * weights_.rows_per_group();
  for (std::size_t n = begin; n < begin + weights_.rows_per_group(); ++n) {
    if (sparse.terms(n) == 0) continue;
    const std::size_t start = sparse.row_start[n];
    float sums[kSparseRows];
    kernels_.sparse_dot(
        {sparse.columns.data() + start, sparse.values.data() + start, sparse.terms(n), values_.data(), sums});
    for (std::size_t i = 0; i < rows; ++i) {
      float part = encoding_.step * sums[i];
      if (encoding_.base != 0) part += inside[i]->sparse_base_terms[n];
      products[i * stride + n] += part;
    }
  }
}

}  // namespace apb
