// The paper's algorithms against a plain loop over values, and the counting loops that benchmarks compare
// with.
#include "base/aligned.h"
#include "test/check.h"

namespace apb {
namespace test {
namespace {

// Eight items of k values: +-1 for one matrix of signs, -3, -1, 1, 3 for M, T and H.
struct Side {
  // fill: 0 random, 1 all of the least, 2 all of the greatest value.
  Side(std::size_t k, std::size_t matrices, int fill)
      : matrices(matrices),
        values(kPaperTile * k),
        words(AlignedArray<std::uint64_t>::Zeros((k + 63) / 64 * matrices * kPaperTile)),
        large(AlignedArray<std::int32_t>::Zeros(kPaperTile)) {
    const int levels = matrices == 1 ? 2 : 4;
    for (std::size_t i = 0; i < kPaperTile; ++i)
      for (std::size_t l = 0; l < k; ++l) {
        const int code = fill == 1 ? 0 : fill == 2 ? levels - 1 : static_cast<int>(RandomBelow(levels));
        values[i * k + l] = 2 * code - levels + 1;
        Set(i, l, values[i * k + l]);
      }
  }
  void Set(std::size_t i, std::size_t l, int value) {
    const auto bit = [&](std::size_t m) {
      words[(l / 64 * matrices + m) * kPaperTile + i] |= std::uint64_t{1} << (l % 64);
    };
    if (matrices == 1) return value < 0 ? bit(0) : void();
    const bool within = value == 3 || value == -3;
    if (within) bit(0);
    if (within) ++large[i];
    if (value < 0) bit(within ? 1 : 2);
  }

  std::size_t matrices;
  std::vector<int> values;
  AlignedArray<std::uint64_t> words;
  AlignedArray<std::int32_t> large;
};

void CheckPaper(const Variant& v, Paper* kernel, std::size_t row_matrices, std::size_t column_matrices, std::size_t k,
                int fill) {
  const Side rows(k, row_matrices, fill == 2 ? 1 : fill), columns(k, column_matrices, fill);
  constexpr std::size_t kLdo = kPaperTile + 3;
  constexpr std::int32_t kJunk = 0x5eadbeef;
  std::vector<std::int32_t> out((kPaperTile - 1) * kLdo + kPaperTile, kJunk);
  kernel({rows.words.data(), columns.words.data(), columns.large.data(), (k + 63) / 64, k, out.data(), kLdo});
  for (std::size_t at = 0; at < out.size(); ++at) {
    const std::size_t i = at / kLdo, j = at % kLdo;
    if (j >= kPaperTile) {
      CHECK(out[at] == kJunk, v.name + " wrote between rows");
      continue;
    }
    std::int32_t expected = 0;
    for (std::size_t l = 0; l < k; ++l) expected += rows.values[i * k + l] * columns.values[j * k + l];
    CHECK(out[at] == expected,
          v.name + ", k " + std::to_string(k) + ", at " + std::to_string(i) + "," + std::to_string(j));
  }
}

void CheckAll(Paper* Kernels::* operation, std::size_t row_matrices, std::size_t column_matrices) {
  const std::vector<Variant> variants = VariantsOf(operation);
  CHECK(!variants.empty(), "none is listed");
  for (const Variant& v : variants)
    for (const std::size_t k : {1, 2, 63, 64, 65, 127, 128, 129, 576, 700, 4608})
      for (int fill = 0; fill < 3; ++fill) CheckPaper(v, v.kernels.*operation, row_matrices, column_matrices, k, fill);
}

TEST(Paper1x1IsExact) { CheckAll(&Kernels::paper_1x1, 1, 1); }
TEST(Paper1x2IsExact) { CheckAll(&Kernels::paper_1x2, 1, 3); }
TEST(Paper2x2IsExact) { CheckAll(&Kernels::paper_2x2, 3, 3); }

TEST(CeilingCountsWhatItSays) {
  for (const Variant& v : VariantsOf(&Kernels::ceiling))
    for (const bool exclusive : {false, true}) {
      std::uint64_t sink = 1, same = 1, more = 1;
      const std::uint64_t bits = v.kernels.ceiling(exclusive, 10, &sink);
      CHECK(bits > 0 && v.kernels.ceiling(exclusive, 10, &same) == bits, v.name);
      CHECK(v.kernels.ceiling(exclusive, 20, &more) == 2 * bits, v.name + ", twice the rounds");
      CHECK(sink == same && sink != 1 && more != sink, v.name + ", the sums depend on what is counted");
    }
}

}  // namespace
}  // namespace test
}  // namespace apb
