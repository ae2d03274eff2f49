#include <nmmintrin.h>

#include "kernels/paper/words.h"

namespace apb {
namespace {

// An object, not a function: through a pointer every word would cost a call.
struct Ones {
  uint64_t operator()(uint64_t x) const { return static_cast<uint64_t>(_mm_popcnt_u64(x)); }
};

}  // namespace

void Paper1x1X86Popcnt(const PaperArgs& args) { Paper1x1ByWords(args, Ones()); }
void Paper1x2X86Popcnt(const PaperArgs& args) { Paper1x2ByWords(args, Ones()); }
void Paper2x2X86Popcnt(const PaperArgs& args) { Paper2x2ByWords(args, Ones()); }

}  // namespace apb
