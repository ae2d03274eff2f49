// Sums over the in-bounds taps of an output position: what zero padding takes away from a product of codes.
#ifndef APB_OPS_INSIDE_H_
#define APB_OPS_INSIDE_H_

#include <cstddef>
#include <cstdint>
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
  std::vector<std::uint8_t> outside;  // taps that are not inside, of the first 32
  // [rows] S - (sum over all taps) for signs, empty for codes, which need none
  std::vector<std::int32_t> corrections;
  std::uint32_t number;                  // among those of one InsideSums, 0 for all taps
  std::vector<float> base_terms;         // [rows] fl(fl(alpha * base) * float(S)), empty when base = 0
  std::vector<float> sparse_base_terms;  // [rows] fl(base * R), empty when base = 0 or nothing is sparse
};

// Positions that see the same taps share them: nine cases for a padded 3x3 kernel, however large the picture. Never
// changes once it is made.
class InsideSums {
 public:
  InsideSums(const Kernels& kernels, const Weights& weights, const Encoding& encoding, const Window& window);
  InsideSums(const InsideSums&) = delete;
  InsideSums& operator=(const InsideSums&) = delete;

  // Of an output position of any picture, in a window of this size.
  const Inside& Of(std::size_t line, std::size_t column) const {
    return cases_[numbers_[y_.of[line] * x_.count() + x_.of[column]]];
  }
  // Of a position that sees all taps, whether there is one or not.
  const Inside& Whole() const { return cases_[0]; }
  // Corrections by number.
  const std::vector<const std::int32_t*>& corrections() const { return corrections_; }
  std::size_t cases() const { return cases_.size(); }

 private:
  // Outputs of an axis with neighbours that see the same taps are one case.
  struct AxisCases {
    explicit AxisCases(const Axis& axis);
    std::size_t count() const { return ranges.size(); }

    std::vector<std::size_t> of;   // by output
    std::vector<TapRange> ranges;  // by case
  };

  AxisCases y_, x_;
  std::vector<Inside> cases_;           // the first sees all taps
  std::vector<std::uint32_t> numbers_;  // [y_.count()][x_.count()]: of cases_
  std::vector<const std::int32_t*> corrections_;
};

}  // namespace apb

#endif  // APB_OPS_INSIDE_H_
