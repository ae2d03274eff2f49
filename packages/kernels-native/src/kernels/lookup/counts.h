// Tables of a group of bits of one plane. Included by one file per instruction set: internal linkage.
#include <stdint.h>

namespace apb {
namespace {

// of[group][weights]: ones that the bits of a group share with a pattern of weights, or for signs those that differ.
template <unsigned index_bits, bool sign>
struct Counts {
  static constexpr unsigned kPatterns = 1u << index_bits;
  alignas(kPatterns) uint8_t of[kPatterns][kPatterns];

  // A pattern's count is that without its lowest one, and this bit's.
  constexpr Counts() : of() {
    for (unsigned group = 0; group < kPatterns; ++group) {
      for (unsigned bits = sign ? group : 0; bits != 0; bits &= bits - 1) ++of[group][0];
      for (unsigned weights = 1; weights < kPatterns; ++weights) {
        const unsigned rest = weights & (weights - 1), lowest = weights ^ rest;
        const int there = (group & lowest) != 0 ? 1 : 0;
        of[group][weights] = static_cast<uint8_t>(of[group][rest] + (sign ? 1 - 2 * there : there));
      }
    }
  }
};

template <unsigned index_bits, bool sign>
constexpr Counts<index_bits, sign> kCounts;

}  // namespace
}  // namespace apb
