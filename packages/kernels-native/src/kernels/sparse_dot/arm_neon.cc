// NEON: the bit of a column is shifted into the sign position of the packed words of four rows at once, where
// it turns the value around (signs), or it is tested and becomes the code's integer (codes). Sums are
// multiplied and added separately: this file must be compiled without contraction (binding.gyp), since GCC's
// intrinsics are plain operators.
#include <arm_neon.h>

#include "kernels/sparse_dot/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 4;
constexpr size_t kVectors = 4;  // kVectors * kLanes = 16 rows at a time

// The words of a column of one plane, from row `lane`.
inline const uint32_t* Words(const SparseDotArgs& args, uint32_t column, size_t plane, size_t lane) {
  return static_cast<const uint32_t*>(args.words) + (plane * args.count + column / 32) * kTileRows + lane;
}

inline float32x4_t SignTerm(const SparseDotArgs& args, size_t t, size_t lane) {
  const uint32_t column = args.columns[t];
  const uint32x4_t word = vld1q_u32(Words(args, column, 0, lane));
  const uint32x4_t shifted = vshlq_u32(word, vdupq_n_s32(static_cast<int32_t>(~column & 31)));
  const uint32x4_t sign = vandq_u32(shifted, vdupq_n_u32(0x80000000u));
  return vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(vdupq_n_f32(args.values[t])), sign));
}

inline float32x4_t CodeTerm(const SparseDotArgs& args, size_t t, size_t lane) {
  const uint32_t column = args.columns[t];
  const uint32x4_t bit = vdupq_n_u32(1u << (column % 32));
  uint32x4_t q = vdupq_n_u32(0);
  for (unsigned p = 0; p < args.planes; ++p) {
    const uint32x4_t mask = vtstq_u32(vld1q_u32(Words(args, column, p, lane)), bit);
    q = vorrq_u32(q, vandq_u32(mask, vdupq_n_u32(1u << p)));
  }
  return vmulq_f32(vdupq_n_f32(args.values[t]), vcvtq_f32_u32(q));
}

// A term, 0 in rows that its tap does not see.
inline float32x4_t Inside(const SparseDotArgs& args, size_t t, size_t lane, float32x4_t term) {
  const uint32x4_t mask = vld1q_u32(args.inside + args.taps[t] * kTileRows + lane);
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(term), mask));
}

inline void Store(const SparseDotArgs& args, size_t lane, float32x4_t sums) {
  if (args.acc) {
    const float32x4_t acc = vcvtq_f32_s32(vld1q_s32(args.acc + lane));
    const float32x4_t product = vmulq_f32(vdupq_n_f32(args.scale), acc);
    sums = vaddq_f32(product, vmulq_f32(vdupq_n_f32(args.step), sums));
  }
  vst1q_f32(args.sums + lane, sums);
}

template <bool sign, bool bordered>
inline void Rows(const SparseDotArgs& args, size_t lane) {
  float32x4_t sums[kVectors];
  APB_UNROLL
  for (size_t v = 0; v < kVectors; ++v) sums[v] = args.more ? vld1q_f32(args.sums + lane + v * kLanes) : vdupq_n_f32(0);
  for (size_t t = 0; t < args.terms; ++t) {
    APB_UNROLL
    for (size_t v = 0; v < kVectors; ++v) {
      const size_t first = lane + v * kLanes;
      const float32x4_t term = sign ? SignTerm(args, t, first) : CodeTerm(args, t, first);
      sums[v] = vaddq_f32(sums[v], bordered ? Inside(args, t, first, term) : term);
    }
  }
  APB_UNROLL
  for (size_t v = 0; v < kVectors; ++v) Store(args, lane + v * kLanes, sums[v]);
}

}  // namespace

void SparseDotArmNeon(const SparseDotArgs& args) {
  for (size_t lane = 0; lane < args.items; lane += kVectors * kLanes) {
    if (!args.sign)
      Rows<false, false>(args, lane);
    else if (args.taps)
      Rows<true, true>(args, lane);
    else
      Rows<true, false>(args, lane);
  }
}

}  // namespace apb
