#include "kernels/sparse_dot/op.h"

namespace apb {

void SparseDotScalar(const SparseDotArgs& args) {
  float sums[kSparseRows] = {};
  for (size_t term = 0; term < args.terms; ++term) {
    const float r = args.values[term];
    const float* q = args.q + args.columns[term] * kSparseRows;
    for (size_t i = 0; i < kSparseRows; ++i) sums[i] += r * q[i];
  }
  for (size_t i = 0; i < kSparseRows; ++i) args.sums[i] = sums[i];
}

}  // namespace apb
