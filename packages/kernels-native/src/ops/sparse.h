// The sparse residual's part of a product with quantized input.
#ifndef APB_OPS_SPARSE_H_
#define APB_OPS_SPARSE_H_

#include <cstdint>

#include "base/aligned.h"
#include "ops/inside.h"
#include "ops/weights.h"

namespace apb {

class SparsePart {
 public:
  // Rows of one tile at most.
  static constexpr std::size_t kRows = 64;

  SparsePart(const Weights& weights, const Encoding& encoding);

  // products[i][n] += fl(fl(step * T) + fl(base * R)) for the channels n of a group that have full-precision weights;
  // T = sum of fl(r * q) in float32 in the order of the compressed row from +0, taps outside skipped.
  //   a: [rows][planes][words]  inside: [rows]  products: [rows][stride], column 0 is channel 0 of group 0
  void Add(std::size_t group, const std::uint64_t* a, std::size_t rows, const Inside* const* inside,
           float* products, std::size_t stride);

 private:
  void Unpack(const std::uint64_t* a, std::size_t rows, const Inside* const* inside);

  const Weights& weights_;
  const BitWeights& bits_;
  const Encoding encoding_;
  AlignedArray<float> values_;  // [k][kRows]: activation codes, 0 at taps outside
};

}  // namespace apb

#endif  // APB_OPS_SPARSE_H_
