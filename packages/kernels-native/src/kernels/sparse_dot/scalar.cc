#include "kernels/sparse_dot/op.h"

namespace apb {
namespace {

// q of one row: +-1 for signs.
inline float Value(const SparseDotArgs& args, uint32_t column, size_t row) {
  const uint64_t* words = static_cast<const uint64_t*>(args.words) + column / 64 * kTileRows + row;
  unsigned q = 0;
  for (size_t p = 0; p < args.planes; ++p)
    q |= static_cast<unsigned>((words[p * args.count * kTileRows] >> (column % 64)) & 1) << p;
  if (args.sign) return q ? -1.0f : 1.0f;
  return static_cast<float>(q);
}

inline float Sum(const SparseDotArgs& args, size_t row) {
  float sum = args.more ? args.sums[row] : 0;
  for (size_t t = 0; t < args.terms; ++t) {
    if (args.taps && !args.inside[args.taps[t] * kTileRows + row]) continue;
    const float product = args.values[t] * Value(args, args.columns[t], row);
    sum += product;
  }
  return sum;
}

}  // namespace

void SparseDotScalar(const SparseDotArgs& args) {
  for (size_t i = 0; i < args.items; ++i) {
    float sum = Sum(args, i);
    if (args.acc) {
      const float product = args.scale * static_cast<float>(args.acc[i]);
      const float part = args.step * sum;
      sum = product + part;
    }
    args.sums[i] = sum;
  }
}

}  // namespace apb
