#include "ops/bit_tiles.h"

namespace apb {

Interior::Interior(const Axis& axis) : first(0), last(0) {
  const auto inside = [&](std::size_t output) { return axis.spans[output].inside.count() == axis.taps; };
  while (first < axis.outputs() && !inside(first)) ++first;
  for (last = first; last < axis.outputs() && inside(last);) ++last;
}

}  // namespace apb
