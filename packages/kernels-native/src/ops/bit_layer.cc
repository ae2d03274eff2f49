#include "ops/bit_layer.h"

#include <algorithm>
#include <cstring>

#include "ops/epilogue.h"
#include "ops/gather.h"
#include "ops/integer.h"
#include "ops/sparse.h"

namespace apb {
namespace {

constexpr std::size_t kTileRows = SparsePart::kRows;

// Calls visit(first row, rows, group, bits of the rows, their in-bounds sums, integer products) tile by tile,
// groups ascending, and done(first row, rows) after a tile's last group.
template <typename Visit, typename Done>
void ForEachTile(const Kernels& kernels, const Buffer& x, const Weights& weights, const Window* window,
                 std::size_t total, Visit visit, Done done) {
  BitRows source(x, weights, window, kTileRows);
  InsideSums sums(weights, window, x.encoding());
  AlignedArray<std::int32_t> acc(kTileRows * RowStride(weights));
  const Inside* inside[kTileRows];
  for (std::size_t first = 0; first < total; first += kTileRows) {
    const std::size_t rows = std::min(kTileRows, total - first);
    for (std::size_t i = 0; i < rows; ++i) inside[i] = &sums.At(first + i);
    for (std::size_t group = 0; group < weights.groups; ++group) {
      const std::uint64_t* a = source.Tile(first, rows, group);
      IntegerTile(kernels, weights, x.encoding(), group, a, rows, inside, acc.data());
      visit(first, rows, group, a, inside, acc.data());
    }
    done(first, rows);
  }
}

// fl(fl(alpha * step) * float(acc)) + fl(fl(alpha * base) * float(S)); the second term only when base is not 0.
void BinaryPart(const std::vector<float>& alpha_steps, const std::int32_t* acc, const Inside& inside,
                std::size_t first, std::size_t last, float* products) {
  for (std::size_t n = first; n < last; ++n) products[n] = alpha_steps[n] * static_cast<float>(acc[n]);
  if (inside.base_terms.empty()) return;
  for (std::size_t n = first; n < last; ++n) products[n] += inside.base_terms[n];
}

}  // namespace

void RunBitLayer(const Kernels& kernels, const Epilogue& epilogue, const Buffer& x, const Weights& weights,
                 const Window* window, const Buffer* residual, Buffer& out) {
  const Encoding& encoding = x.encoding();
  std::vector<float> alpha_steps = std::get<BitWeights>(weights.packed).scales;
  for (float& alpha : alpha_steps) alpha *= encoding.step;
  const std::size_t stride = RowStride(weights);
  AlignedArray<float> products(kTileRows * stride);
  SparsePart sparse(weights, encoding);
  ForEachTile(
      kernels, x, weights, window, out.rows(),
      [&](std::size_t, std::size_t rows, std::size_t group, const std::uint64_t* a, const Inside* const* inside,
          const std::int32_t* acc) {
        const std::size_t begin = group * weights.rows_per_group();
        for (std::size_t i = 0; i < rows; ++i)
          BinaryPart(alpha_steps, acc + i * stride, *inside[i], begin, begin + weights.rows_per_group(),
                     products.data() + i * stride);
        sparse.Add(group, a, rows, inside, products.data(), stride);
      },
      [&](std::size_t first, std::size_t rows) {
        Finish(kernels, epilogue, products.data(), stride, first, rows, residual, out);
      });
}

void RunBitProducts(const Kernels& kernels, const Buffer& x, const Weights& weights, std::int32_t* out) {
  ForEachTile(
      kernels, x, weights, nullptr, x.rows(),
      [&](std::size_t first, std::size_t rows, std::size_t, const std::uint64_t*, const Inside* const*,
          const std::int32_t* acc) {
        for (std::size_t i = 0; i < rows; ++i)
          std::memcpy(out + (first + i) * weights.rows, acc + i * RowStride(weights),
                      weights.rows * sizeof(std::int32_t));
      },
      [](std::size_t, std::size_t) {});
}

}  // namespace apb
