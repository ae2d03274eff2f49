// Products of floats against float64, and that no result depends on what is worked on beside it. Arrays have no spare
// elements, so that the sanitizer sees a kernel that reads or writes beyond them.
#include <cmath>

#include "test/check.h"

namespace apb {
namespace test {
namespace {

struct FloatCase {
  std::size_t rows, k, panels;
  bool accumulate;
};

std::vector<float> RandomFloats(std::size_t count) {
  std::vector<float> values(count);
  for (float& value : values) value = RandomFloat();
  return values;
}

void CheckFloatGemm(const Variant& v, const FloatCase& s) {
  const std::string at = v.name + ", rows " + std::to_string(s.rows) + ", k " + std::to_string(s.k) + ", panels " +
                         std::to_string(s.panels);
  const std::size_t width = s.panels * kPanel, lda = s.k + 2, ldc = width + 1, stride = s.k * kPanel + 3;
  const std::vector<float> a = RandomFloats((s.rows - 1) * lda + s.k);
  const std::vector<float> b = RandomFloats((s.panels - 1) * stride + s.k * kPanel);
  std::vector<float> c = RandomFloats((s.rows - 1) * ldc + width);
  const std::vector<float> before = c;
  const FloatRun all = {0, 0, s.k};
  v.kernels.float_gemm({a.data(), lda, &all, 1, b.data(), stride, s.panels, s.rows, s.accumulate, c.data(), ldc});
  for (std::size_t i = 0; i < s.rows; ++i)
    for (std::size_t n = 0; n < width; ++n) {
      double sum = s.accumulate ? before[i * ldc + n] : 0;
      double magnitude = std::fabs(sum);
      for (std::size_t l = 0; l < s.k; ++l) {
        const double term = static_cast<double>(a[i * lda + l]) * b[n / kPanel * stride + l * kPanel + n % kPanel];
        sum += term;
        magnitude += std::fabs(term);
      }
      // k additions and products in float32, each off by half an ulp: (k + 1) * 2^-24 of the sum of magnitudes, to
      // first order; twice that covers the rest.
      const double bound = 2 * static_cast<double>(s.k + 1) * std::ldexp(1.0, -24) * magnitude;
      CHECK(std::fabs(c[i * ldc + n] - sum) <= bound, at);
    }
  for (std::size_t i = 0; i + 1 < s.rows; ++i)
    CHECK(c[i * ldc + width] == before[i * ldc + width], "between rows, " + at);
}

TEST(FloatGemmStaysInBound) {
  for (const Variant& v : VariantsOf(&Kernels::float_gemm))
    for (std::size_t rows = 1; rows <= 29; ++rows)
      for (const std::size_t k : {1, 2, 17, 64})
        for (std::size_t panels = 1; panels <= 3; ++panels)
          for (const bool accumulate : {false, true}) CheckFloatGemm(v, {rows, k, panels, accumulate});
}

// One row gives the same bits alone, among others, in parts of k, and with one or two panels.
TEST(FloatGemmDoesNotDependOnTheTile) {
  const std::size_t rows = 25, k = 83, part = 40, panels = 3, width = panels * kPanel, stride = k * kPanel;
  const FloatRun all = {0, 0, k}, left = {0, 0, part}, right = {part, part, k - part};
  for (const Variant& v : VariantsOf(&Kernels::float_gemm)) {
    const std::vector<float> a = RandomFloats(rows * k), b = RandomFloats(panels * stride);
    std::vector<float> whole(rows * width), single(kPanel);
    v.kernels.float_gemm({a.data(), k, &all, 1, b.data(), stride, panels, rows, false, whole.data(), width});
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t p = 0; p < panels; ++p) {
        const float* x = a.data() + i * k;
        const float* w = b.data() + p * stride;
        v.kernels.float_gemm({x, k, &left, 1, w, stride, 1, 1, false, single.data(), kPanel});
        v.kernels.float_gemm({x, k, &right, 1, w, stride, 1, 1, true, single.data(), kPanel});
        for (std::size_t j = 0; j < kPanel; ++j)
          CHECK(single[j] == whole[i * width + p * kPanel + j], v.name + ", row " + std::to_string(i));
      }
  }
}

// Runs in any place give the bits of the same values side by side, without those that meet zeros; no run at all gives
// 0.
TEST(FloatGemmReadsRunsWhereTheyLie) {
  const std::size_t rows = 27, lda = 5, panels = 2, k = 60, stride = k * kPanel;
  // Rows overlap. The second run lies behind the third, though its columns come first; columns 20 to 29 are left out.
  const std::vector<FloatRun> runs = {{3, 0, 7}, {80, 7, 13}, {40, 30, 29}, {0, 59, 1}};
  for (const Variant& v : VariantsOf(&Kernels::float_gemm)) {
    const std::vector<float> a = RandomFloats((rows - 1) * lda + 93), b = RandomFloats(panels * stride);
    std::vector<float> dense(rows * k, 0.0f), expected(rows * panels * kPanel), found(expected.size(), 7.0f);
    for (std::size_t i = 0; i < rows; ++i)
      for (const FloatRun& run : runs)
        for (std::size_t l = 0; l < run.count; ++l) dense[i * k + run.first + l] = a[i * lda + run.from + l];
    const FloatRun all = {0, 0, k};
    v.kernels.float_gemm(
        {dense.data(), k, &all, 1, b.data(), stride, panels, rows, false, expected.data(), panels * kPanel});
    v.kernels.float_gemm({a.data(), lda, runs.data(), runs.size(), b.data(), stride, panels, rows, false, found.data(),
                          panels * kPanel});
    CHECK(found == expected, v.name);
    v.kernels.float_gemm(
        {a.data(), lda, nullptr, 0, b.data(), stride, panels, rows, false, found.data(), panels * kPanel});
    CHECK(found == std::vector<float>(found.size(), 0.0f), v.name + ", no runs");
  }
}

// What it writes beside plain sums: these scaled, shifted and bounded, every operation rounded.
void CheckFinished(const Variant& v, std::size_t rows, std::size_t panels, bool bounded) {
  const std::size_t k = 7, ldc = panels * kPanel + 3;
  std::vector<float> a(rows * k), b(panels * k * kPanel), scale(panels * kPanel), shift(panels * kPanel);
  for (auto* values : {&a, &b, &scale, &shift})
    for (float& value : *values) value = RandomBelow(5) ? RandomFloat() : -0.0f;
  const FloatRun run = {0, 0, k};
  std::vector<float> sums(rows * ldc, 7.0f), got(rows * ldc, 7.0f);
  FloatGemmArgs args = {a.data(), k, &run, 1, b.data(), k * kPanel, panels, rows, false, sums.data(), ldc};
  v.kernels.finished_gemm(args);
  args.c = got.data();
  args.scale = scale.data();
  args.shift = shift.data();
  args.bounded = bounded;
  args.low = 0;
  args.high = 0.25f;
  v.kernels.finished_gemm(args);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t n = 0; n < ldc; ++n) {
      volatile float y = sums[i * ldc + n];
      if (n < panels * kPanel) {
        y = y * scale[n];
        y = y + shift[n];
        if (bounded) y = y > args.low ? y : args.low;
        if (bounded) y = y < args.high ? y : args.high;
      }
      const float expected = y, actual = got[i * ldc + n];
      CHECK(actual == expected && std::signbit(actual) == std::signbit(expected),
            v.name + ", row " + std::to_string(i) + ", channel " + std::to_string(n));
    }
}

TEST(FinishedGemmRoundsEveryOperation) {
  for (const Variant& v : VariantsOf(&Kernels::finished_gemm))
    for (const std::size_t rows : {1, 13, 14, 30})
      for (const std::size_t panels : {1, 2, 3})
        for (const bool bounded : {false, true}) CheckFinished(v, rows, panels, bounded);
}

}  // namespace
}  // namespace test
}  // namespace apb
