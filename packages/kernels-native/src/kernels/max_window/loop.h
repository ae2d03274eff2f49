// A block of channels stays in registers while the window goes by. Included by one file per instruction set: internal
// linkage keeps code of wider instruction sets out of the others.
#include "kernels/max_window/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

template <size_t C>
inline void MaxOfChannels(const MaxWindowArgs& args, size_t first) {
  float best[C];
  const float* line = args.from + first;
  for (size_t c = 0; c < C; ++c) best[c] = line[c];
  for (size_t y = 0; y < args.lines; ++y, line += args.line) {
    const float* pixel = line;
    for (size_t x = 0; x < args.pixels; ++x, pixel += args.pixel)
      for (size_t c = 0; c < C; ++c) best[c] = pixel[c] > best[c] ? pixel[c] : best[c];
  }
  for (size_t c = 0; c < C; ++c) args.out[first + c] = best[c];
}

// Vector: floats of one register, and a few of them are one block.
template <size_t Vector>
inline void MaxWindowLoop(const MaxWindowArgs& args) {
  size_t c = 0;
  for (; c + 4 * Vector <= args.channels; c += 4 * Vector) MaxOfChannels<4 * Vector>(args, c);
  for (; c + Vector <= args.channels; c += Vector) MaxOfChannels<Vector>(args, c);
  for (; c < args.channels; ++c) MaxOfChannels<1>(args, c);
}

}  // namespace
}  // namespace apb
