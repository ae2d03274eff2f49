#include "ops/quantized.h"

#include <array>

#include "base/pool.h"
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

void DecodeBytes(const Buffer& x, const std::array<float, 256>& values, std::size_t first, std::size_t rows,
                 float* out) {
  const std::uint8_t* codes = x.codes();
  for (std::size_t i = first * x.k(); i < (first + rows) * x.k(); ++i) out[i] = values[codes[i]];
}

void DecodePlanes(const Buffer& x, const std::array<float, 256>& values, std::size_t first, std::size_t rows,
                  float* out) {
  const unsigned bits = x.encoding().bits;
  const std::size_t words = x.words_per_plane();
  for (std::size_t row = first; row < first + rows; ++row) {
    const std::uint64_t* from = x.words() + row * x.words_per_row();
    float* to = out + row * x.k();
    for (std::size_t i = 0; i < x.k(); ++i) {
      unsigned q = 0;
      for (unsigned p = 0; p < bits; ++p) q |= static_cast<unsigned>((from[p * words + i / 64] >> (i % 64)) & 1) << p;
      to[i] = values[q];
    }
  }
}

}  // namespace

void RunQuantize(const Kernels& kernels, const Quantizer& quantizer, const Buffer& x, Buffer& out) {
  ExpectShape(out.shape(), x.shape(), "the output of quantize");
  CheckPlanesOf(quantizer, out);
  const float* values = x.floats();
  ParallelRows(kernels.threads, x.rows(), x.k(), [&](std::size_t first, std::size_t rows) {
    QuantizeRows(kernels, quantizer, values + first * x.k(), x.k(), first, rows, out);
  });
}

void RunDequantize(std::size_t threads, const Buffer& x, Buffer& out) {
  ExpectShape(out.shape(), x.shape(), "the output of dequantize");
  const std::array<float, 256> values = Values(x.encoding());
  const auto decode = x.is_bytes() ? DecodeBytes : DecodePlanes;
  float* to = out.floats();
  ParallelRows(threads, x.rows(), x.k(),
               [&](std::size_t first, std::size_t rows) { decode(x, values, first, rows, to); });
}

}  // namespace apb
