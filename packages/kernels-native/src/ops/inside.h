// Sums over the in-bounds taps of an output position: what zero padding takes away from a product of codes.
#ifndef APB_OPS_INSIDE_H_
#define APB_OPS_INSIDE_H_

#include <cstdint>
#include <optional>
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
  // [rows] S - (sum over all taps) for signs, empty for codes, which need none
  std::vector<std::int32_t> corrections;
  std::uint32_t number;                  // among those of one InsideSums, 0 for all taps
  std::vector<float> base_terms;         // [rows] fl(fl(alpha * base) * float(S)), empty when base = 0
  std::vector<float> sparse_base_terms;  // [rows] fl(base * R), empty when base = 0 or nothing is sparse
};

// Positions that see the same taps share them: nine cases for a padded 3x3 kernel, however large the picture.
class InsideSums {
 public:
  InsideSums(const Kernels& kernels, const Weights& weights, const Encoding& encoding, const Window& window);
  // Of an output position of any picture; lives as long as this object.
  const Inside& Of(std::size_t line, std::size_t column);
  InsideSums(const InsideSums&) = delete;
  InsideSums& operator=(const InsideSums&) = delete;

  // Of a position that sees all taps, whether there is one or not.
  const Inside& Whole();
  // Corrections by number, of all that were asked for so far, null for others.
  const std::vector<const std::int32_t*>& corrections() const { return corrections_; }

 private:
  // Outputs of an axis with neighbours that see the same taps are one case.
  struct Cases {
    void Find(const Axis& axis);
    std::vector<std::size_t> of;  // by output
    std::size_t count = 0;
  };

  Inside Make(const TapRange& ky, const TapRange& kx) const;
  std::vector<std::int32_t> Corrections(const BitWeights& bits, const Inside& inside) const;
  std::vector<std::int32_t> Sums(const BitWeights& bits, const Inside& inside) const;
  std::vector<std::int32_t> Sums(const ByteWeights& bytes, const Inside& inside) const;
  std::vector<float> SparseBase(const Inside& inside) const;

  const Kernels& kernels_;
  const Weights& weights_;
  const Window& window_;
  const std::vector<float>& scales_;
  const SparseRows& sparse_;
  const bool sign_;
  const float base_;
  // Found and made when they are asked for: most layers see no padding, or need not know.
  Cases y_, x_;
  std::vector<std::optional<Inside>> cases_;  // [y_.count][x_.count]
  std::optional<Inside> whole_;
  std::vector<const std::int32_t*> corrections_;
};

}  // namespace apb

#endif  // APB_OPS_INSIDE_H_
