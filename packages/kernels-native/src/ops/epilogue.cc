#include "ops/epilogue.h"

#include <cstring>

#include "ops/activation.h"
#include "ops/check.h"

namespace apb {

void CheckPlanesOf(const Quantizer& quantizer, const Buffer& out) {
  CheckQuantizer(quantizer);
  if (!(out.encoding() == quantizer.encoding))
    throw ContractError("the output planes have another encoding than the quantizer writes");
}

void CheckEpilogue(const Epilogue& e, const Buffer* residual, const Buffer& out) {
  CheckChannels(e.scale, out.k(), "epilogue scale");
  CheckChannels(e.shift, out.k(), "epilogue shift");
  CheckActivation(e.activation, out.k());
  if (residual) {
    ExpectShape(residual->shape(), out.shape(), "the residual");
    residual->floats();
  }
  if (e.quantizer)
    CheckPlanesOf(*e.quantizer, out);
  else
    out.floats();
}

void QuantizeRows(const Kernels& kernels, const Quantizer& q, const float* values, std::size_t stride,
                  std::size_t first, std::size_t rows, Buffer& out) {
  if (out.is_bytes())
    return kernels.quantize_bytes({values, rows, out.k(), stride, q.lo, q.hi, q.inv, out.codes() + first * out.k()});
  kernels.quantize({values, rows, out.k(), stride, q.encoding.sign, q.encoding.bits, q.lo, q.hi, q.inv,
                    out.words() + first * out.words_per_row()});
}

void Finish(const Kernels& kernels, const Epilogue& e, float* products, std::size_t stride, std::size_t first,
            std::size_t rows, const Buffer* residual, Buffer& out) {
  const std::size_t channels = out.k();
  for (std::size_t i = 0; i < rows; ++i) {
    float* y = products + i * stride;
    for (std::size_t c = 0; c < channels; ++c) y[c] = y[c] * e.scale[c] + e.shift[c];
    if (residual) {
      const float* r = residual->floats() + (first + i) * channels;
      for (std::size_t c = 0; c < channels; ++c) y[c] += r[c];
    }
    Activate(e.activation, channels, y, channels);
    if (!e.quantizer) std::memcpy(out.floats() + (first + i) * channels, y, channels * sizeof(float));
  }
  if (e.quantizer) QuantizeRows(kernels, *e.quantizer, products, stride, first, rows, out);
}

}  // namespace apb
