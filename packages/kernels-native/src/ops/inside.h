// Sums over the in-bounds taps of an output position: what zero padding takes away from a product of codes.
#ifndef APB_OPS_INSIDE_H_
#define APB_OPS_INSIDE_H_

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "kernels/kernels.h"
#include "ops/weights.h"
#include "ops/window.h"

namespace apb {

struct Inside {
  TapRange ky, kx;
  // Whether a tap is inside, of a kernel with so many columns.
  bool Has(std::size_t tap, std::size_t columns) const {
    const std::size_t y = tap / columns;
    const std::size_t x = tap % columns;
    return y >= ky.first && y < ky.last && x >= kx.first && x < kx.last;
  }
  std::uint32_t taps;  // bit t: tap t is inside; meaningful for at most 32 taps
  // [rows] S - (sum over all taps), empty when all taps are inside and for 8-bit codes, which need none
  std::vector<std::int32_t> corrections;
  std::vector<float> base_terms;         // [rows] fl(fl(alpha * base) * float(S)), empty when base = 0
  std::vector<float> sparse_base_terms;  // [rows] fl(base * R), empty when base = 0 or nothing is sparse
};

// Positions that see the same taps share them: nine cases for a padded 3x3 kernel, however large the picture.
class InsideSums {
 public:
  InsideSums(const Kernels& kernels, const Weights& weights, const Encoding& encoding);
  // Lives as long as this object.
  const Inside& Of(const Patch& patch) { return Of(patch.y.inside, patch.x.inside); }
  const Inside& Of(const TapRange& ky, const TapRange& kx);
  // Of a position that sees all taps.
  const Inside& Whole();

 private:
  Inside Make(const TapRange& ky, const TapRange& kx) const;
  std::vector<std::int32_t> Sums(const BitWeights& bits, Inside& inside) const;
  std::vector<std::int32_t> Sums(const ByteWeights& bytes, const Inside& inside) const;
  std::vector<float> SparseBase(const Inside& inside) const;

  const Kernels& kernels_;
  const Weights& weights_;
  const std::vector<float>& scales_;
  const SparseRows& sparse_;
  const float base_;
  std::map<std::array<std::size_t, 4>, Inside> cases_;
  const Inside* last_ = nullptr;  // neighbours are mostly alike
};

}  // namespace apb

#endif  // APB_OPS_INSIDE_H_
