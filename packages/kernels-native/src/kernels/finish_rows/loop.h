// The loops of FinishRows, which compilers vectorise. Included by one file per instruction set: internal linkage keeps
// code of wider instruction sets out of the others.
#include "kernels/finish_rows/op.h"

namespace apb {
namespace {

inline void FinishRow(const float* products, const FinishRowsArgs& args, float* out) {
  const float* scale = args.scale;
  const float* shift = args.shift;
  for (size_t n = 0; n < args.channels; ++n) {
    const float scaled = products[n] * scale[n];
    out[n] = scaled + shift[n];
  }
}

inline void FinishIntegers(const int32_t* integers, const FinishRowsArgs& args, float* out) {
  const float* integer_scale = args.integer_scale;
  const float* scale = args.scale;
  const float* shift = args.shift;
  for (size_t n = 0; n < args.channels; ++n) {
    const float product = integer_scale[n] * static_cast<float>(integers[n]);
    const float scaled = product * scale[n];
    out[n] = scaled + shift[n];
  }
}

inline void AddRow(const float* residual, size_t channels, float* out) {
  for (size_t n = 0; n < channels; ++n) out[n] += residual[n];
}

inline void FinishRowsLoop(const FinishRowsArgs& args) {
  for (size_t i = 0; i < args.rows; ++i) {
    float* out = args.out + i * args.out_stride;
    if (args.products)
      FinishRow(args.products + i * args.stride, args, out);
    else
      FinishIntegers(args.integers + i * args.stride, args, out);
    if (args.residual) AddRow(args.residual + i * args.channels, args.channels, out);
  }
}

}  // namespace
}  // namespace apb
