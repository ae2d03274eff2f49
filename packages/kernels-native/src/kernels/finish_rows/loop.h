// The loops of FinishRows, which compilers vectorise. Included by one file per instruction set: internal linkage keeps
// code of wider instruction sets out of the others.
#include "kernels/finish_rows/op.h"

namespace apb {
namespace {

// Products as they are, or of integers by their scale.
struct FloatProducts {
  const float* values;
  float operator()(size_t n) const { return values[n]; }
};
struct IntegerProducts {
  const int32_t* values;
  const float* scale;
  float operator()(size_t n) const { return scale[n] * static_cast<float>(values[n]); }
};

// Rows may be worked on in place: every element is read before it is written.
template <bool with_residual, bool bounded, typename Products>
inline void FinishRow(const FinishRowsArgs& args, Products products, const float* residual, float* out) {
  const float* scale = args.scale;
  const float* shift = args.shift;
  const float low = args.low, high = args.high;
  for (size_t n = 0; n < args.channels; ++n) {
    const float scaled = products(n) * scale[n];
    float y = scaled + shift[n];
    if (with_residual) y += residual[n];
    if (bounded) {
      y = y > low ? y : low;
      y = y < high ? y : high;
    }
    out[n] = y;
  }
}

template <bool with_residual, bool bounded>
inline void FinishEveryRow(const FinishRowsArgs& args) {
  for (size_t i = 0; i < args.rows; ++i) {
    const float* residual = with_residual ? args.residual + i * args.channels : nullptr;
    float* out = args.out + i * args.out_stride;
    if (args.products)
      FinishRow<with_residual, bounded>(args, FloatProducts{args.products + i * args.stride}, residual, out);
    else
      FinishRow<with_residual, bounded>(args, IntegerProducts{args.integers + i * args.stride, args.integer_scale},
                                        residual, out);
  }
}

inline void FinishRowsLoop(const FinishRowsArgs& args) {
  if (args.residual)
    args.bounded ? FinishEveryRow<true, true>(args) : FinishEveryRow<true, false>(args);
  else
    args.bounded ? FinishEveryRow<false, true>(args) : FinishEveryRow<false, false>(args);
}

}  // namespace
}  // namespace apb
