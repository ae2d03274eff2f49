#include "ops/epilogue.h"

#include <limits>

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

Bounds BoundsOf(const Activation& a) {
  const bool clamp = a.kind == Activation::Kind::kClamp;
  return {clamp || a.kind == Activation::Kind::kRelu, clamp ? a.min : 0.0f,
          clamp ? a.max : std::numeric_limits<float>::infinity()};
}

namespace {

// Slopes and quantization of rows that FinishRows has written.
void Complete(const Kernels& kernels, const Epilogue& e, float* y, std::size_t stride, std::size_t first,
              std::size_t rows, Buffer& out) {
  const std::size_t channels = out.k();
  if (e.activation.kind == Activation::Kind::kPrelu)
    for (std::size_t i = 0; i < rows; ++i) Activate(e.activation, channels, y + i * stride, channels);
  if (e.quantizer) QuantizeRows(kernels, *e.quantizer, y, stride, first, rows, out);
}

void FinishTile(const Kernels& kernels, const Epilogue& e, FinishRowsArgs args, std::size_t first,
                const Buffer* residual, float* scratch, Buffer& out) {
  args.channels = out.k();
  args.scale = e.scale.data();
  args.shift = e.shift.data();
  args.residual = residual ? residual->floats() + first * out.k() : nullptr;
  args.out = e.quantizer ? scratch : out.floats() + first * out.k();
  args.out_stride = e.quantizer ? args.stride : out.k();
  const Bounds bounds = BoundsOf(e.activation);
  args.bounded = bounds.any;
  args.low = bounds.low;
  args.high = bounds.high;
  kernels.finish_rows(args);
  Complete(kernels, e, args.out, args.out_stride, first, args.rows, out);
}

}  // namespace

void Finish(const Kernels& kernels, const Epilogue& e, float* products, std::size_t stride, std::size_t first,
            std::size_t rows, const Buffer* residual, Buffer& out) {
  FinishRowsArgs args = {};
  args.products = products;
  args.stride = stride;
  args.rows = rows;
  FinishTile(kernels, e, args, first, residual, products, out);
}

void FinishIntegers(const Kernels& kernels, const Epilogue& e, const float* scales, const std::int32_t* products,
                    std::size_t stride, std::size_t first, std::size_t rows, const Buffer* residual, float* scratch,
                    Buffer& out) {
  FinishRowsArgs args = {};
  args.integers = products;
  args.integer_scale = scales;
  args.stride = stride;
  args.rows = rows;
  FinishTile(kernels, e, args, first, residual, scratch, out);
}

}  // namespace apb
