#include "kernels/paper/words.h"

namespace apb {
namespace {

// An object, not a function: through a pointer every word would cost a call.
struct AddFields {
  uint64_t operator()(uint64_t x) const {
    x -= (x >> 1) & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (x * 0x0101010101010101u) >> 56;
  }
};

}  // namespace

void Paper1x1Scalar(const PaperArgs& args) { Paper1x1ByWords(args, AddFields()); }
void Paper1x2Scalar(const PaperArgs& args) { Paper1x2ByWords(args, AddFields()); }
void Paper2x2Scalar(const PaperArgs& args) { Paper2x2ByWords(args, AddFields()); }

}  // namespace apb
