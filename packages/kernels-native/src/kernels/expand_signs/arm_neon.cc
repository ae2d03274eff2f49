#include <arm_neon.h>

#include "kernels/expand_signs/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 4;
constexpr size_t kVectors = kPanel / kLanes;

}  // namespace

void ExpandSignsArmNeon(const ExpandSignsArgs& args) {
  // Shifting left by these brings bit j to the float's sign bit.
  const int32_t last_shifts[kLanes] = {31, 30, 29, 28};
  const uint32x4_t sign_bit = vdupq_n_u32(0x80000000u);
  uint32x4_t scales[kVectors];
  int32x4_t shifts[kVectors];
  APB_UNROLL
  for (size_t v = 0; v < kVectors; ++v) {
    scales[v] = vreinterpretq_u32_f32(vld1q_f32(args.scales + v * kLanes));
    shifts[v] = vsubq_s32(vld1q_s32(last_shifts), vdupq_n_s32(static_cast<int32_t>(v * kLanes)));
  }
  for (size_t l = 0; l < args.k; ++l) {
    const uint32x4_t bits = vdupq_n_u32(args.signs[l]);
    APB_UNROLL
    for (size_t v = 0; v < kVectors; ++v) {
      const uint32x4_t sign = vandq_u32(vshlq_u32(bits, shifts[v]), sign_bit);
      vst1q_f32(args.out + l * kPanel + v * kLanes, vreinterpretq_f32_u32(veorq_u32(scales[v], sign)));
    }
  }
}

}  // namespace apb
