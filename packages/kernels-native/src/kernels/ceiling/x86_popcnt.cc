#include <nmmintrin.h>

#include "kernels/ceiling/words.h"

namespace apb {

uint64_t CeilingX86Popcnt(bool exclusive, size_t rounds, uint64_t* sink) {
  return CeilingByWords(exclusive, rounds, sink, [](uint64_t x) { return _mm_popcnt_u64(x); });
}

}  // namespace apb
