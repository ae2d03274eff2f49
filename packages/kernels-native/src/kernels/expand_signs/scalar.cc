#include "kernels/expand_signs/op.h"

namespace apb {

void ExpandSignsScalar(const ExpandSignsArgs& args) {
  float both[2][kPanel];
  for (size_t j = 0; j < kPanel; ++j) {
    both[0][j] = args.scales[j];
    both[1][j] = -args.scales[j];
  }
  for (size_t l = 0; l < args.k; ++l)
    for (size_t j = 0; j < kPanel; ++j) args.out[l * kPanel + j] = both[(args.signs[l] >> j) & 1][j];
}

}  // namespace apb
