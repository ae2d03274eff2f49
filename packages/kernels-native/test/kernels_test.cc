// Every kernel of every instruction set against its contract, written out plainly. Arrays have no spare
// elements, so that the sanitizer sees a kernel that reads or writes beyond them.
#include <cmath>
#include <stdexcept>

#include "base/aligned.h"
#include "test/check.h"

namespace apb {
namespace test {
namespace {

std::string At(const Variant& v, std::size_t rows, std::size_t size) {
  return v.name + ", rows " + std::to_string(rows) + ", size " + std::to_string(size);
}

// The rule in float64 on values that float32 arithmetic rounds the same way.
std::uint32_t CodeOf(float x, const QuantizeArgs& q) {
  if (q.sign) return x < 0;
  const float clipped = std::fmin(std::fmax(x, q.lo), q.hi);
  const float from_lo = clipped - q.lo;
  const float scaled = from_lo * q.inv;
  return static_cast<std::uint32_t>(std::nearbyint(scaled));
}

void CheckQuantize(const Variant& v, std::size_t rows, std::size_t k, bool sign, unsigned bits) {
  const std::size_t stride = k + 5;
  std::vector<float> x((rows - 1) * stride + k);
  const float levels = static_cast<float>((1u << bits) - 1);
  const float lo = -0.75f, hi = 1.5f;
  for (float& value : x) {
    value = 4 * RandomFloat();
    const auto kind = RandomBelow(6);
    if (kind == 0) value = 0.0f;
    if (kind == 1) value = -0.0f;
    // Halfway between two codes, where only ties-to-even is right.
    if (kind == 2) value = lo + (hi - lo) * (static_cast<float>(RandomBelow(1u << bits)) + 0.5f) / levels;
    if (kind == 3) value = RandomBelow(2) ? hi : lo;
  }
  const std::size_t words = (k + 63) / 64;
  std::vector<std::uint64_t> out(rows * bits * words, 0xa5a5a5a5a5a5a5a5u);
  const QuantizeArgs args = {x.data(), rows, k, stride, sign, bits, lo, hi, levels / (hi - lo), out.data()};
  v.kernels.quantize(args);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t p = 0; p < bits; ++p)
      for (std::size_t b = 0; b < words * 64; ++b) {
        const std::uint64_t got = (out[(i * bits + p) * words + b / 64] >> (b % 64)) & 1;
        const std::uint64_t expected = b < k ? (CodeOf(x[i * stride + b], args) >> p) & 1 : 0;
        CHECK(got == expected,
              At(v, rows, k) + ", plane " + std::to_string(p) + ", bit " + std::to_string(b));
      }
}

TEST(QuantizeFollowsTheRule) {
  for (const Variant& v : VariantsOf(&Kernels::quantize))
    for (std::size_t k = 1; k <= 131; ++k) {
      CheckQuantize(v, 2, k, true, 1);
      for (const unsigned bits : {1, 2, 4, 8}) CheckQuantize(v, 2, k, false, bits);
    }
}

void CheckFloatGemm(const Variant& v, std::size_t rows, std::size_t k, bool accumulate) {
  const std::size_t lda = k + 2, ldc = kPanel + 1;
  std::vector<float> a((rows - 1) * lda + k), b(k * kPanel), c((rows - 1) * ldc + kPanel);
  for (auto* array : {&a, &b, &c})
    for (float& value : *array) value = RandomFloat();
  const std::vector<float> before = c;
  v.kernels.float_gemm({a.data(), lda, b.data(), rows, k, accumulate, c.data(), ldc});
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < kPanel; ++j) {
      double sum = accumulate ? before[i * ldc + j] : 0;
      double magnitude = std::fabs(sum);
      for (std::size_t l = 0; l < k; ++l) {
        const double term = static_cast<double>(a[i * lda + l]) * b[l * kPanel + j];
        sum += term;
        magnitude += std::fabs(term);
      }
      // k additions and products in float32, each off by half an ulp: (k + 1) * 2^-24 of the sum of
      // magnitudes, to first order; twice that covers the rest.
      const double bound = 2 * static_cast<double>(k + 1) * std::ldexp(1.0, -24) * magnitude;
      CHECK(std::fabs(c[i * ldc + j] - sum) <= bound, At(v, rows, k));
    }
  for (std::size_t i = 0; i + 1 < rows; ++i)
    CHECK(c[i * ldc + kPanel] == before[i * ldc + kPanel], "between rows, " + At(v, rows, k));
}

TEST(FloatGemmStaysInBound) {
  for (const Variant& v : VariantsOf(&Kernels::float_gemm))
    for (std::size_t rows = 1; rows <= 27; ++rows)
      for (const std::size_t k : {1, 2, 17, 256}) {
        CheckFloatGemm(v, rows, k, false);
        CheckFloatGemm(v, rows, k, true);
      }
}

// One row gives the same bits alone, among others and in parts of k.
TEST(FloatGemmDoesNotDependOnTheTile) {
  const std::size_t rows = 25, k = 83, part = 40;
  for (const Variant& v : VariantsOf(&Kernels::float_gemm)) {
    std::vector<float> a(rows * k), b(k * kPanel), whole(rows * kPanel), single(kPanel);
    for (auto* array : {&a, &b})
      for (float& value : *array) value = RandomFloat();
    v.kernels.float_gemm({a.data(), k, b.data(), rows, k, false, whole.data(), kPanel});
    for (std::size_t i = 0; i < rows; ++i) {
      v.kernels.float_gemm({a.data() + i * k, k, b.data(), 1, part, false, single.data(), kPanel});
      v.kernels.float_gemm(
          {a.data() + i * k + part, k, b.data() + part * kPanel, 1, k - part, true, single.data(), kPanel});
      for (std::size_t j = 0; j < kPanel; ++j) CHECK(single[j] == whole[i * kPanel + j], At(v, i, k));
    }
  }
}

TEST(ExpandSignsIsExact) {
  for (const Variant& v : VariantsOf(&Kernels::expand_signs))
    for (const std::size_t k : {1, 2, 255, 256}) {
      std::vector<std::uint16_t> signs(k);
      for (auto& s : signs) s = static_cast<std::uint16_t>(Random());
      std::vector<float> scales(kPanel);
      for (float& s : scales) s = RandomFloat() + 1.5f;
      scales[kPanel - 1] = 0;
      AlignedArray<float> out(k * kPanel);
      v.kernels.expand_signs({signs.data(), scales.data(), k, out.data()});
      for (std::size_t l = 0; l < k; ++l)
        for (std::size_t j = 0; j < kPanel; ++j)
          CHECK(out[l * kPanel + j] == ((signs[l] >> j) & 1 ? -scales[j] : scales[j]), At(v, 1, k));
    }
}

// Float32 in the order of the terms, which only plain additions and products give.

TEST(InstructionSetsAreListedBestFirst) {
  CHECK(UsableIsas(0) == std::vector<std::string>{"portable"}, "without features");
#ifdef APB_X86
  const std::vector<std::string> all = {"avx512vpopcntdq", "avx2", "portable"};
  CHECK(UsableIsas(kPopcnt | kAvx2 | kAvx512Vpopcntdq) == all, "with all features");
  CHECK(UsableIsas(kPopcnt | kAvx512Vpopcntdq).front() == "avx512vpopcntdq", "one without a lesser one");
  CHECK(SelectKernels("portable", kPopcnt).bit_gemm != SelectKernels("portable", 0).bit_gemm,
        "POPCNT is used");
#endif
  bool thrown = false;
  try {
    SelectKernels("avx2", 0);
  } catch (const std::invalid_argument&) {
    thrown = true;
  }
  CHECK(thrown, "an absent instruction set is refused");
}

}  // namespace
}  // namespace test
}  // namespace apb
