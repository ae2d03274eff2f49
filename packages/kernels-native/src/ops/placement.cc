#include "ops/placement.h"

#include <algorithm>
#include <numeric>

#include "base/aligned.h"

namespace apb {
namespace {

std::size_t RoundUp(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

bool Meet(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

struct Part {
  std::size_t offset, end;
};

// The start of the smallest gap between parts in use that takes `bytes`, else the end of the last one.
std::size_t BestGap(std::vector<Part> used, std::size_t bytes) {
  std::sort(used.begin(), used.end(), [](const Part& a, const Part& b) { return a.offset < b.offset; });
  std::size_t end = 0, best = 0, smallest = 0;
  for (const Part& part : used) {
    const std::size_t gap = part.offset > end ? part.offset - end : 0;
    if (gap >= bytes && (smallest == 0 || gap < smallest)) {
      smallest = gap;
      best = end;
    }
    end = std::max(end, part.end);
  }
  return smallest > 0 ? best : end;
}

}  // namespace

Placement Place(const std::vector<Lifetime>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a].bytes > values[b].bytes; });
  Placement placement = {std::vector<std::size_t>(values.size()), 0};
  std::vector<Part> used;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Lifetime& value = values[order[i]];
    const std::size_t bytes = RoundUp(value.bytes);
    used.clear();
    for (std::size_t j = 0; j < i; ++j)
      if (Meet(value, values[order[j]])) {
        const std::size_t offset = placement.offsets[order[j]];
        used.push_back({offset, offset + RoundUp(values[order[j]].bytes)});
      }
    const std::size_t offset = bytes > 0 ? BestGap(used, bytes) : 0;
    placement.offsets[order[i]] = offset;
    placement.bytes = std::max(placement.bytes, offset + bytes);
  }
  return placement;
}

}  // namespace apb
