// Products of 8-bit codes, their sparse part and their quantization against plain loops. Arrays have no spare elements.
#include <cmath>

#include "test/check.h"

namespace apb {
namespace test {
namespace {

struct ByteCase {
  std::size_t rows, k, panels;
  int fill;  // 0 random, 1 all 255 and negative, 2 all 255 and positive
};

void CheckByteGemm(const Variant& v, const ByteCase& s) {
  const std::string at = v.name + ", rows " + std::to_string(s.rows) + ", k " + std::to_string(s.k) + ", panels " +
                         std::to_string(s.panels);
  const std::size_t quads = (s.k + 3) / 4, width = s.panels * kPanel, lda = 4 * quads + 3, ldo = width + 2;
  constexpr std::int32_t kJunk = 0x5eadbeef;
  std::vector<std::uint8_t> a((s.rows - 1) * lda + 4 * quads, 0xa5);
  for (std::size_t i = 0; i < s.rows; ++i)
    for (std::size_t l = 0; l < 4 * quads; ++l)
      a[i * lda + l] = l >= s.k ? 0 : s.fill ? 255 : static_cast<std::uint8_t>(Random() >> 32);
  std::vector<std::uint64_t> signs(s.panels * quads);
  for (auto& word : signs) word = s.fill == 0 ? Random() : s.fill == 1 ? ~std::uint64_t{0} : 0;
  std::vector<std::int32_t> out((s.rows - 1) * ldo + width, kJunk);
  v.kernels.byte_gemm({a.data(), lda, signs.data(), s.panels, s.rows, quads, out.data(), ldo});
  for (std::size_t i = 0; i < s.rows; ++i) {
    for (std::size_t n = 0; n < width; ++n) {
      std::int32_t expected = 0;
      for (std::size_t l = 0; l < s.k; ++l) {
        const bool negative = (signs[n / kPanel * quads + l / 4] >> (n % kPanel * 4 + l % 4)) & 1;
        expected += negative ? -a[i * lda + l] : a[i * lda + l];
      }
      CHECK(out[i * ldo + n] == expected, at);
    }
    for (std::size_t n = width; i + 1 < s.rows && n < ldo; ++n) CHECK(out[i * ldo + n] == kJunk, "between rows, " + at);
  }
}

TEST(ByteGemmIsExact) {
  for (const Variant& v : VariantsOf(&Kernels::byte_gemm)) {
    for (std::size_t rows = 1; rows <= 29; ++rows)
      for (std::size_t panels = 1; panels <= 3; ++panels)
        for (const std::size_t k : {1, 3, 4, 17}) CheckByteGemm(v, {rows, k, panels, 0});
    // 124 and 256 are the parts of k after which 16-bit sums are widened.
    for (const std::size_t k : {123, 124, 125, 255, 256, 257, 1000})
      for (int fill = 0; fill < 3; ++fill) CheckByteGemm(v, {7, k, 1, fill});
  }
}

TEST(ByteDotIsExact) {
  const std::size_t k = 41;
  for (const Variant& v : VariantsOf(&Kernels::byte_dot))
    for (const std::size_t terms : {0, 1, 2, 33})
      for (std::size_t rows = 1; rows <= kByteRows; rows += 9) {
        std::vector<std::uint32_t> codes((k + 3) / 4 * kByteRows);
        std::vector<std::uint16_t> columns(terms);
        std::vector<float> values(terms), sums(kByteRows, 7.0f);
        for (auto& word : codes) word = static_cast<std::uint32_t>(Random() >> 16);
        for (auto& column : columns) column = static_cast<std::uint16_t>(RandomBelow(k));
        for (float& value : values) value = RandomFloat();
        const bool more = RandomBelow(2);
        v.kernels.byte_dot({columns.data(), values.data(), terms, codes.data(), rows, sums.data(), more});
        for (std::size_t i = 0; i < kByteRows; ++i) {
          volatile float expected = more ? 7.0f : 0.0f;
          for (std::size_t t = 0; t < terms; ++t) {
            const std::uint32_t q = (codes[columns[t] / 4 * kByteRows + i] >> (columns[t] % 4 * 8)) & 255;
            volatile float product = values[t] * static_cast<float>(q);
            expected = expected + product;
          }
          if (i < rows) CHECK(sums[i] == expected, v.name + ", row " + std::to_string(i));
          if (i >= (rows + 15) / 16 * 16) CHECK(sums[i] == 7, v.name + " wrote beyond");
        }
      }
}

void CheckQuantizeBytes(const Variant& v, std::size_t k) {
  const std::size_t rows = 2, stride = k + 5;
  const float lo = -0.75f, hi = 1.5f, inv = 255 / (hi - lo);
  std::vector<float> x((rows - 1) * stride + k);
  for (float& value : x) {
    value = 4 * RandomFloat();
    const auto kind = RandomBelow(5);
    // Halfway between two codes, where only ties-to-even is right.
    if (kind == 0) value = lo + (hi - lo) * (static_cast<float>(RandomBelow(256)) + 0.5f) / 255;
    if (kind == 1) value = RandomBelow(2) ? hi : lo;
  }
  std::vector<std::uint8_t> out(rows * k, 0xa5);
  v.kernels.quantize_bytes({x.data(), rows, k, stride, lo, hi, inv, out.data()});
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t l = 0; l < k; ++l) {
      volatile float from_lo = std::fmin(std::fmax(x[i * stride + l], lo), hi) - lo;
      volatile float scaled = from_lo * inv;
      const auto expected = static_cast<unsigned>(std::nearbyint(static_cast<float>(scaled)));
      CHECK(out[i * k + l] == expected, v.name + ", k " + std::to_string(k));
    }
}

TEST(QuantizeBytesFollowsTheRule) {
  for (const Variant& v : VariantsOf(&Kernels::quantize_bytes))
    for (std::size_t k = 1; k <= 131; ++k) CheckQuantizeBytes(v, k);
}

}  // namespace
}  // namespace test
}  // namespace apb
