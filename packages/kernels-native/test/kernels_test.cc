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
        CHECK(got == expected, At(v, rows, k) + ", plane " + std::to_string(p) + ", bit " + std::to_string(b));
      }
}

TEST(QuantizeFollowsTheRule) {
  for (const Variant& v : VariantsOf(&Kernels::quantize))
    for (std::size_t k = 1; k <= 131; ++k) {
      CheckQuantize(v, 2, k, true, 1);
      for (const unsigned bits : {1, 2, 4, 8}) CheckQuantize(v, 2, k, false, bits);
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
  const std::uint32_t features = kPopcnt | kAvx2 | kAvx512Vpopcntdq;
  const Kernels folding = SelectKernels("avx512vpopcntdq", features);
  CHECK(folding.fold_panel && folding.cut_tile, "panels are folded");
  for (const char* isa : {"avx2", "portable"}) {
    const Kernels plain = SelectKernels(isa, features);
    CHECK(!plain.fold_panel && !plain.cut_tile, std::string(isa) + " reads panels as they are");
  }
  CHECK(SelectKernels("portable", kPopcnt).bit_gemm != SelectKernels("portable", 0).bit_gemm, "POPCNT is used");
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
