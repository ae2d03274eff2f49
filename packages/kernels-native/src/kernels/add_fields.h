// Popcount without an instruction for it. Internal linkage, as for everything that kernel files share.
#ifndef APB_KERNELS_ADD_FIELDS_H_
#define APB_KERNELS_ADD_FIELDS_H_

#include <stdint.h>

namespace apb {
namespace {

// Adds bits within ever wider fields: no instruction beyond the baseline of any machine. An object, not a function:
// through a pointer every word would cost a call.
struct AddFields {
  uint64_t operator()(uint64_t x) const {
    x -= (x >> 1) & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (x * 0x0101010101010101u) >> 56;
  }
};

}  // namespace
}  // namespace apb

#endif  // APB_KERNELS_ADD_FIELDS_H_
