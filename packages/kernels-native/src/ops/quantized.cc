#include "ops/quantized.h"

#include <array>

#include "ops/epilogue.h"

namespace apb {
namespace {

// The value of every code, each operation rounded once: fl(base + fl(step * q)).
std::array<float, 256> Values(const Encoding& e) {
  std::array<float, 256> values{};
  for (unsigned q = 0; q < (1u << e.bits); ++q) {
    const float scaled = e.step * static_cast<float>(q);
    values[q] = e.sign ? (q ? -e.step : e.step) : e.base + scaled;
  }
  return values;
}

}  // namespace

void RunQuantize(const Kernels& kernels, const Quantizer& quantizer, const Buffer& x, Buffer& out) {
  ExpectShape(out.shape(), x.shape(), "the output of quantize");
  CheckPlanesOf(quantizer, out);
  QuantizeRows(kernels, quantizer, x.floats(), x.k(), 0, x.rows(), out);
}

void RunDequantize(const Buffer& x, Buffer& out) {
  ExpectShape(out.shape(), x.shape(), "the output of dequantize");
  const std::array<float, 256> values = Values(x.encoding());
  if (x.is_bytes()) {
    for (std::size_t i = 0; i < x.size(); ++i) out.floats()[i] = values[x.codes()[i]];
    return;
  }
  const unsigned bits = x.encoding().bits;
  const std::size_t words = x.words_per_plane();
  for (std::size_t row = 0; row < x.rows(); ++row) {
    const std::uint64_t* from = x.words() + row * x.words_per_row();
    float* to = out.floats() + row * x.k();
    for (std::size_t i = 0; i < x.k(); ++i) {
      unsigned q = 0;
      for (unsigned p = 0; p < bits; ++p)
        q |= static_cast<unsigned>((from[p * words + i / 64] >> (i % 64)) & 1) << p;
      to[i] = values[q];
    }
  }
}

}  // namespace apb
