// The largest value under a pooling window, channel by channel.
#ifndef APB_KERNELS_MAX_WINDOW_OP_H_
#define APB_KERNELS_MAX_WINDOW_OP_H_

#include <stddef.h>

namespace apb {

// out[c] = the largest of from[y * line + x * pixel + c], the first of equals (+0 and -0), for y < lines, x < pixels,
// both at least 1.
struct MaxWindowArgs {
  const float* from;
  size_t line;   // floats from one line to the next
  size_t pixel;  // and from one pixel to the next
  size_t lines;
  size_t pixels;
  size_t channels;
  float* out;
};

using MaxWindow = void(const MaxWindowArgs& args);

}  // namespace apb

#endif  // APB_KERNELS_MAX_WINDOW_OP_H_
