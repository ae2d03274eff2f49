// Looked up sums against plain ones, at the limits of bytes and of 16 bits. Whole layers that look up are among those
// of ops_test.cc.
#include <algorithm>

#include "base/aligned.h"
#include "ops/layer.h"
#include "ops/weights.h"
#include "test/check.h"

namespace apb {
namespace test {
namespace {

// Code of bit i of a row, or its sign's bit.
unsigned CodeOf(const std::uint64_t* row, std::size_t words, unsigned planes, std::size_t i) {
  unsigned code = 0;
  for (unsigned p = 0; p < planes; ++p) code |= static_cast<unsigned>(row[p * words + i / 64] >> i % 64 & 1) << p;
  return code;
}

void CheckTables(const Variant& v, unsigned planes, bool sign, std::size_t words) {
  const Lookup& lookup = v.kernels.lookup();
  constexpr std::size_t kPixels = 3;
  const std::size_t table = std::size_t{1} << lookup.index_bits, bits = lookup.index_bits;
  const std::size_t groups = (64 * words + bits - 1) / bits, stride = (groups * table + 63) / 64 * 64;
  AlignedArray<std::uint64_t> pixels(kPixels * planes * words);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels.data()[i] = i < planes * words ? ~std::uint64_t{0} : Random();
  AlignedArray<std::uint8_t> tables(kPixels * stride);
  lookup.tables({pixels.data(), planes * words, words, words, planes, sign, kPixels, tables.data(), stride});
  for (std::size_t i = 0; i < kPixels; ++i)
    for (std::size_t g = 0; g < groups; ++g)
      for (std::size_t pattern = 0; pattern < table; ++pattern) {
        unsigned expected = 0;
        for (std::size_t b = 0; b < bits; ++b) {
          const unsigned weight = static_cast<unsigned>(pattern >> b & 1);
          const std::size_t at = g * bits + b;
          const unsigned code = at < 64 * words ? CodeOf(pixels.data() + i * planes * words, words, planes, at) : 0;
          expected += sign ? code ^ weight : code * weight;
        }
        CHECK(tables.data()[i * stride + g * table + pattern] == expected, v.name + ", group " + std::to_string(g));
      }
}

TEST(LookupTablesHoldEverySum) {
  for (const Variant& v : VariantsOf(&Kernels::lookup))
    for (std::size_t words = 1; words <= 7; ++words) {
      CheckTables(v, 1, true, words);
      for (const unsigned planes : {1, 2, 4}) CheckTables(v, planes, false, words);
    }
}

// Sums of `rows` rows over lines x taps x groups, and what they turn into, for channels that fill no block.
void CheckSums(const Variant& v, std::size_t rows, std::size_t lines, std::size_t taps, std::size_t groups,
               std::size_t channels, unsigned most) {
  const Lookup& lookup = v.kernels.lookup();
  const std::size_t table = std::size_t{1} << lookup.index_bits, blocks = (channels + 63) / 64;
  const std::size_t tap_indices = groups * kLookupChannels, block = lines * taps * tap_indices;
  const std::size_t row_stride = (groups * table + 63) / 64 * 64, tap_stride = 2 * row_stride;
  AlignedArray<std::uint8_t> indices(blocks * block);
  for (std::size_t i = 0; i < indices.size(); ++i) indices.data()[i] = static_cast<std::uint8_t>(RandomBelow(table));
  // The largest sums that `most` groups may have.
  const unsigned largest = 255 / most;
  AlignedArray<std::uint8_t> tables(lines * (rows + 2 * taps) * row_stride);
  for (std::size_t i = 0; i < tables.size(); ++i)
    tables.data()[i] = static_cast<std::uint8_t>(RandomBelow(4) ? largest : RandomBelow(largest + 1));
  std::vector<const std::uint8_t*> of_lines;
  for (std::size_t l = 0; l < lines; ++l) of_lines.push_back(tables.data() + l * (rows + 2 * taps) * row_stride);
  AlignedArray<std::uint16_t> sums(rows * blocks * kLookupChannels);
  for (const bool add : {false, true})
    lookup.sums({indices.data(), block, tap_indices, blocks, of_lines.data(), row_stride, tap_stride, lines, taps, rows,
                 groups, most, add, sums.data(), blocks * kLookupChannels});
  AlignedArray<std::int32_t> terms(16), out(kLookupChannels * 16);
  for (std::size_t i = 0; i < 16; ++i) terms.data()[i] = static_cast<std::int32_t>(RandomBelow(1000)) - 500;
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::size_t in_block = std::min(kLookupChannels, channels - b * kLookupChannels);
    lookup.turn(
        {sums.data() + b * kLookupChannels, blocks * kLookupChannels, rows, in_block, terms.data(), out.data(), 16});
    for (std::size_t j = 0; j < in_block; ++j)
      for (std::size_t i = 0; i < rows; ++i) {
        std::uint16_t sum = 0;  // of two times the same
        for (std::size_t l = 0; l < lines; ++l)
          for (std::size_t t = 0; t < taps; ++t)
            for (std::size_t g = 0; g < groups; ++g) {
              const std::size_t index =
                  indices.data()[b * block + (l * taps + t) * tap_indices + g * kLookupChannels + j];
              sum = static_cast<std::uint16_t>(sum +
                                               2 * of_lines[l][i * row_stride + t * tap_stride + g * table + index]);
            }
        CHECK(out.data()[j * 16 + i] == terms.data()[i] - 2 * sum,
              v.name + ", rows " + std::to_string(rows) + ", groups " + std::to_string(groups));
      }
  }
}

TEST(LookupSumsAreExact) {
  for (const Variant& v : VariantsOf(&Kernels::lookup)) {
    for (std::size_t rows = 1; rows <= kLookupRows; ++rows)
      for (const std::size_t channels : {1, 63, 64, 65, 128, 150, 192}) CheckSums(v, rows, 2, 3, 11, channels, 14);
    for (const unsigned most : {1, 2, 4, 14, 21, 42, 63})
      for (const std::size_t groups : {1, 2, 15, 43, 60}) CheckSums(v, 5, 1, 1, groups, 100, most);
  }
}

// All weights and all codes the largest: sums that are just below 2^15, and such that are not.
TEST(LookedUpProductsReachTheirLimit) {
  for (const auto& [bits, k] :
       {std::pair<unsigned, std::size_t>{2, 10922}, {2, 10923}, {4, 2184}, {4, 2185}, {1, 32767}, {1, 32768}}) {
    const Encoding encoding = {bits == 1, bits, 0, 1};
    const std::size_t rows = 3, positions = 2, words = (k + 31) / 32;
    std::vector<std::uint32_t> ones(words, ~0u);
    if (k % 32) ones.back() = (1u << k % 32) - 1;
    std::vector<std::uint32_t> planes, none(words, 0), canonical;
    for (std::size_t row = 0; row < rows; ++row)
      planes.insert(planes.end(), row == 1 ? none.begin() : ones.begin(), row == 1 ? none.end() : ones.end());
    // Signs that all differ from weights of -1.
    for (std::size_t i = 0; i < bits * positions; ++i)
      canonical.insert(canonical.end(), bits == 1 ? none.begin() : ones.begin(), bits == 1 ? none.end() : ones.end());
    Buffer x({positions, k}, encoding);
    ImportPlanes(canonical.data(), x);
    const float scale = 1;
    for (const Variant& v : Variants()) {
      const Weights weights =
          PackWeights({rows, k, 1, planes.data(), &scale, 1, nullptr, nullptr, 0}, bits, std::nullopt, v.kernels);
      std::vector<std::int32_t> out(positions * rows);
      RunGemmInt(v.kernels, x, weights, out.data(), out.size());
      const auto most = static_cast<std::int32_t>(k * ((1u << bits) - 1));
      for (std::size_t i = 0; i < out.size(); ++i)
        CHECK(out[i] == (i % rows == 1 ? most : -most), v.name + ", k " + std::to_string(k));
    }
  }
}

}  // namespace
}  // namespace test
}  // namespace apb
