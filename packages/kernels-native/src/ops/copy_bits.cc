#include "ops/copy_bits.h"

#include <algorithm>

namespace apb {

void CopyBits(const std::uint64_t* src, std::size_t from, std::uint64_t* dst, std::size_t to, std::size_t count) {
  while (count > 0) {
    // A step stays within one word on either side.
    const std::size_t source = from % 64;
    const std::size_t target = to % 64;
    const std::size_t step = std::min(count, 64 - std::max(source, target));
    const std::uint64_t mask = step == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << step) - 1;
    dst[to / 64] |= ((src[from / 64] >> source) & mask) << target;
    from += step;
    to += step;
    count -= step;
  }
}

}  // namespace apb
