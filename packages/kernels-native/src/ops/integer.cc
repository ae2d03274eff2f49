#include "ops/integer.h"

namespace apb {
namespace {

// acc = count * C + ones * B + (sums ? S : 0), with
//   C = sum over weight planes u and activation planes p of 2^(u+p) * popcount(w_u AND a_p)
//   B = sum over p of 2^p * popcount(a_p)
// 1-bit weights s = 1 - 2w:  signs a = 1 - 2b: sum(s) - 2B + 4C    codes q: B - 2C
// 2-bit weights v = 2p - 3:  signs:            sum(v) + 6B - 4C    codes:   2C - 3B
// Bits of taps outside are 0 and add nothing to C and B. Modulo 2^32: C may pass 2^31, the result may not.
struct LinearForm {
  std::uint32_t count;
  std::uint32_t ones;
  bool sums;
};

LinearForm FormOf(unsigned weight_bits, bool sign) {
  const auto modulo = [](int v) { return static_cast<std::uint32_t>(v); };
  if (weight_bits == 1) return sign ? LinearForm{4, modulo(-2), true} : LinearForm{modulo(-2), 1, false};
  return sign ? LinearForm{modulo(-4), 6, true} : LinearForm{2, modulo(-3), false};
}

inline std::uint32_t Popcount(std::uint64_t x) {
  x -= (x >> 1) & 0x5555555555555555u;
  x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
  x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
  return static_cast<std::uint32_t>((x * 0x0101010101010101u) >> 56);
}

// B of one row.
std::uint32_t WeightedOnes(const std::uint64_t* a, std::size_t planes, std::size_t words) {
  std::uint32_t sum = 0;
  for (std::size_t p = planes; p-- > 0;) {
    sum <<= 1;
    for (std::size_t w = 0; w < words; ++w) sum += Popcount(a[p * words + w]);
  }
  return sum;
}

}  // namespace

void IntegerTile(const Kernels& kernels, const Weights& weights, const Encoding& encoding, std::size_t group,
                 const std::uint64_t* a, std::size_t rows, const Inside* const* inside, std::int32_t* acc) {
  const BitWeights& bits = std::get<BitWeights>(weights.packed);
  const std::size_t stride = RowStride(weights);
  const std::size_t first = group * weights.rows_per_group();
  const std::size_t plane_size = bits.words * kPanel;
  // int32_t and uint32_t may alias; kernels count modulo 2^32.
  std::uint32_t* counts = reinterpret_cast<std::uint32_t*>(acc);
  for (std::size_t p = 0; p < weights.panels_per_group(); ++p) {
    const std::size_t panel = group * weights.panels_per_group() + p;
    for (unsigned u = 0; u < bits.planes; ++u)
      kernels.bit_gemm({a, bits.panels.data() + (panel * bits.planes + u) * plane_size, rows, encoding.bits,
                        bits.words, u, u > 0, counts + first + p * kPanel, stride});
  }
  const LinearForm form = FormOf(weights.weight_bits, encoding.sign);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::uint32_t ones =
        form.ones * WeightedOnes(a + i * encoding.bits * bits.words, encoding.bits, bits.words);
    std::uint32_t* row = counts + i * stride + first;
    const std::int32_t* sums = inside[i]->sums.data() + first;
    for (std::size_t n = 0; n < weights.rows_per_group(); ++n)
      row[n] = form.count * row[n] + ones + (form.sums ? static_cast<std::uint32_t>(sums[n]) : 0u);
  }
}

}  // namespace apb
