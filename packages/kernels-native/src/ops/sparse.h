// The sparse residual's part of a product with quantized input.
#ifndef APB_OPS_SPARSE_H_
#define APB_OPS_SPARSE_H_

#include <cstdint>
#include <vector>

#include "base/aligned.h"
#include "kernels/kernels.h"
#include "ops/inside.h"
#include "ops/weights.h"

namespace apb {

class SparsePart {
 public:
  SparsePart(const Kernels& kernels, const Weights& weights, const Encoding& encoding);

  // products[i][n] += fl(fl(step * T) + fl(base * R)) for the channels n of a group that have full-precision
  // weights; T = sum of fl(r * q) in float32 in the order of the compressed row from +0, taps outside
  // skipped.
  //   a: [rows][planes][words], at most kSparseRows rows  inside: [rows]
  //   products: [rows][stride], column 0 is channel 0 of group 0
  void Add(std::size_t group, const std::uint64_t* a, std::size_t rows, const Inside* const* inside,
           float* products, std::size_t stride);

 private:
  void Unpack(std::size_t group, const std::uint64_t* a, std::size_t rows, const Inside* const* inside);
  void UnpackWord(const std::uint32_t* first, const std::uint32_t* last, const std::uint64_t* a,
                  std::size_t rows);
  void FindValid(std::size_t rows, const Inside* const* inside);

  const Kernels& kernels_;
  const Weights& weights_;
  const BitWeights& bits_;
  const Encoding encoding_;
  std::vector<std::vector<std::uint32_t>> used_;  // [groups]: columns with terms, ascending
  std::vector<std::uint64_t> valid_;              // [taps]: bit i: the tap is inside for row i
  AlignedArray<float> values_;  // [k][kSparseRows]: codes of used columns, 0 at taps outside
};

}  // namespace apb

#endif  // APB_OPS_SPARSE_H_
