// NEON has no move of masks to general registers: 64 codes are narrowed to bytes, a plane's bit of each
// becomes the bit of its place in the word, and pairwise additions gather the eight bytes of the word.
#include <arm_neon.h>
#include <string.h>

#include "kernels/quantize/op.h"
#include "kernels/unroll.h"

namespace apb {
namespace {

constexpr size_t kLanes = 4;
constexpr size_t kVectors = 4;  // of 16 bytes, for the 64 codes of a word

struct Rule {
  float32x4_t lo, hi, inv;
};

inline uint32x4_t Codes(float32x4_t x, const Rule& rule) {
  const float32x4_t clipped = vminnmq_f32(vmaxnmq_f32(x, rule.lo), rule.hi);
  // To nearest, ties to even.
  return vcvtnq_u32_f32(vmulq_f32(vsubq_f32(clipped, rule.lo), rule.inv));
}

// A code, or all ones where x < 0, which bit 0 of a byte still tells.
template <bool sign>
inline uint16x8_t Value(float32x4_t x, float32x4_t y, const Rule& rule) {
  const uint32x4_t a = sign ? vcltzq_f32(x) : Codes(x, rule);
  const uint32x4_t b = sign ? vcltzq_f32(y) : Codes(y, rule);
  return vuzp1q_u16(vreinterpretq_u16_u32(a), vreinterpretq_u16_u32(b));
}

template <bool sign>
inline uint8x16_t Bytes(const float* x, const Rule& rule) {
  const uint16x8_t low = Value<sign>(vld1q_f32(x), vld1q_f32(x + kLanes), rule);
  const uint16x8_t high = Value<sign>(vld1q_f32(x + 2 * kLanes), vld1q_f32(x + 3 * kLanes), rule);
  return vuzp1q_u8(vreinterpretq_u8_u16(low), vreinterpretq_u8_u16(high));
}

// Bit p of each of the 64 codes.
inline uint64_t Plane(const uint8x16_t* codes, unsigned p) {
  const uint8x16_t bit = vdupq_n_u8(static_cast<uint8_t>(1u << p));
  const uint8x16_t places = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201u));
  uint8x16_t bits[kVectors];
  APB_UNROLL
  for (size_t v = 0; v < kVectors; ++v) bits[v] = vandq_u8(vtstq_u8(codes[v], bit), places);
  const uint8x16_t pairs = vpaddq_u8(vpaddq_u8(bits[0], bits[1]), vpaddq_u8(bits[2], bits[3]));
  return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(pairs, pairs)), 0);
}

// One word of every plane from 64 values.
template <bool sign>
inline void Word(const float* x, const Rule& rule, unsigned bits, size_t words, uint64_t valid, uint64_t* out) {
  uint8x16_t codes[kVectors];
  APB_UNROLL
  for (size_t v = 0; v < kVectors; ++v) codes[v] = Bytes<sign>(x + 16 * v, rule);
  for (unsigned p = 0; p < bits; ++p) out[p * words] = Plane(codes, p) & valid;
}

template <bool sign>
inline void Rows(const QuantizeArgs& args) {
  const Rule rule = {vdupq_n_f32(args.lo), vdupq_n_f32(args.hi), vdupq_n_f32(args.inv)};
  const size_t words = (args.k + 63) / 64, whole = args.k / 64, rest = args.k % 64;
  for (size_t i = 0; i < args.rows; ++i) {
    const float* x = args.x + i * args.stride;
    uint64_t* out = args.out + i * args.bits * words;
    for (size_t w = 0; w < whole; ++w) Word<sign>(x + w * 64, rule, args.bits, words, ~uint64_t{0}, out + w);
    if (rest == 0) continue;
    float last[64] = {};
    memcpy(last, x + whole * 64, rest * sizeof(float));
    Word<sign>(last, rule, args.bits, words, (uint64_t{1} << rest) - 1, out + whole);
  }
}

}  // namespace

void QuantizeArmNeon(const QuantizeArgs& args) {
  if (args.sign)
    Rows<true>(args);
  else
    Rows<false>(args);
}

}  // namespace apb
