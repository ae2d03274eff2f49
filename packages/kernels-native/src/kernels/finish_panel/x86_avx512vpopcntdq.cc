// AVX-512: a block of sixteen channels x sixteen rows in registers. Scale, shift and codes are worked out with rows in
// the lanes, as products lie, and one comparison gives a bit of sixteen rows; floats are turned around on their way
// out.
#include "kernels/finish_panel/op.h"
#include "kernels/transpose/x86_avx512_turn.h"

namespace apb {
namespace {

using Activation = FinishPanelArgs::Activation;

template <Activation kind>
inline __m512 Activate(__m512 x, __m512 min, __m512 max, __m512 slope) {
  const __m512 zero = _mm512_setzero_ps();
  switch (kind) {
    case Activation::kRelu: return _mm512_max_ps(x, zero);
    case Activation::kClamp: return _mm512_min_ps(_mm512_max_ps(x, min), max);
    case Activation::kPrelu: return _mm512_mask_mul_ps(x, _mm512_cmp_ps_mask(x, zero, _CMP_LT_OQ), slope, x);
    case Activation::kNone: break;
  }
  return x;
}

inline __m512 Affine(const FinishPanelArgs& args, size_t c, size_t row) {
  const __m512 x = _mm512_loadu_ps(args.products + c * kTileRows + row);
  return _mm512_add_ps(_mm512_mul_ps(x, _mm512_set1_ps(args.scale[c])), _mm512_set1_ps(args.shift[c]));
}

// Rows `row` .. `row` + 15 -> floats. `whole`: of sixteen channels, which need no masks.
template <Activation kind, bool whole>
inline void Floats(const FinishPanelArgs& args, size_t row) {
  const __mmask16 mask = whole ? 0xffff : FirstOf(args.channels);
  const size_t rows = args.rows - row < kBlock ? args.rows - row : kBlock;
  const __m512 min = _mm512_set1_ps(args.min), max = _mm512_set1_ps(args.max);
  const __m512 slopes = kind == Activation::kPrelu ? _mm512_maskz_loadu_ps(mask, args.slopes) : _mm512_setzero_ps();
  __m512i r[kBlock];
  APB_UNROLL
  for (size_t c = 0; c < kBlock; ++c)
    r[c] = whole || c < args.channels ? _mm512_castps_si512(Affine(args, c, row)) : _mm512_setzero_si512();
  Turn(r);
  APB_UNROLL
  for (size_t i = 0; i < kBlock; ++i) {
    if (i >= rows) continue;
    const size_t start = args.starts[row + i];
    __m512 y = _mm512_castsi512_ps(r[i]);
    if (args.residual) y = _mm512_add_ps(y, _mm512_maskz_loadu_ps(mask, args.residual + start));
    y = Activate<kind>(y, min, max, slopes);
    if (whole)
      _mm512_storeu_ps(args.out + start, y);
    else
      _mm512_mask_storeu_ps(args.out + start, mask, y);
    if (args.signs)
      args.signs[args.sign_starts[row + i]] = _mm512_mask_cmp_ps_mask(mask, y, _mm512_setzero_ps(), _CMP_LT_OQ);
  }
}

// Residuals of rows `row` .. `row` + 15, channel by channel.
inline void TurnedResiduals(const FinishPanelArgs& args, size_t row, __m512i* r) {
  const __mmask16 mask = FirstOf(args.channels);
  APB_UNROLL
  for (size_t i = 0; i < kBlock; ++i)
    r[i] = row + i < args.rows ? _mm512_castps_si512(_mm512_maskz_loadu_ps(mask, args.residual + args.starts[row + i]))
                               : _mm512_setzero_si512();
  Turn(r);
}

struct Thresholds {
  __m512 lo, hi, inv;
};

// Adds `bit` to the planes' words of rows where the code of y has it.
template <bool sign, unsigned bits>
inline void Mark(__m512 y, const Thresholds& t, __m512i bit, __m512i* words) {
  if (sign) {
    const __mmask16 negative = _mm512_cmp_ps_mask(y, _mm512_setzero_ps(), _CMP_LT_OQ);
    words[0] = _mm512_mask_or_epi32(words[0], negative, words[0], bit);
    return;
  }
  const __m512 clipped = _mm512_min_ps(_mm512_max_ps(y, t.lo), t.hi);
  // Converts by the default rounding mode: to nearest, ties to even.
  const __m512i code = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_sub_ps(clipped, t.lo), t.inv));
  APB_UNROLL
  for (unsigned p = 0; p < bits; ++p) {
    const __mmask16 set = _mm512_test_epi32_mask(code, _mm512_set1_epi32(static_cast<int>(1u << p)));
    words[p] = _mm512_mask_or_epi32(words[p], set, words[p], bit);
  }
}

// Rows `row` .. `row` + 15 -> planes.
template <Activation kind, bool sign, unsigned bits>
inline void Planes(const FinishPanelArgs& args, size_t row) {
  const __m512 min = _mm512_set1_ps(args.min), max = _mm512_set1_ps(args.max);
  const Thresholds thresholds = {_mm512_set1_ps(args.lo), _mm512_set1_ps(args.hi), _mm512_set1_ps(args.inv)};
  __m512i residuals[kBlock], words[bits];
  if (args.residual) TurnedResiduals(args, row, residuals);
  APB_UNROLL
  for (unsigned p = 0; p < bits; ++p)
    words[p] = args.first_bit ? _mm512_loadu_si512(args.planes + p * args.plane + row) : _mm512_setzero_si512();
  for (size_t c = 0; c < args.channels; ++c) {
    __m512 y = Affine(args, c, row);
    if (args.residual) y = _mm512_add_ps(y, _mm512_castsi512_ps(residuals[c]));
    const __m512 slope = _mm512_set1_ps(kind == Activation::kPrelu ? args.slopes[c] : 0);
    const __m512i bit = _mm512_set1_epi32(static_cast<int>(1u << (args.first_bit + c)));
    Mark<sign, bits>(Activate<kind>(y, min, max, slope), thresholds, bit, words);
  }
  APB_UNROLL
  for (unsigned p = 0; p < bits; ++p) _mm512_storeu_si512(args.planes + p * args.plane + row, words[p]);
}

template <Activation kind>
inline void Rows(const FinishPanelArgs& args) {
  for (size_t row = 0; row < args.rows; row += kBlock) {
    if (args.out && args.channels == kBlock)
      Floats<kind, true>(args, row);
    else if (args.out)
      Floats<kind, false>(args, row);
    else if (args.sign)
      Planes<kind, true, 1>(args, row);
    else if (args.bits == 1)
      Planes<kind, false, 1>(args, row);
    else if (args.bits == 2)
      Planes<kind, false, 2>(args, row);
    else
      Planes<kind, false, 4>(args, row);
  }
}

}  // namespace

void FinishPanelX86Avx512Vpopcntdq(const FinishPanelArgs& args) {
  switch (args.activation) {
    case Activation::kNone: return Rows<Activation::kNone>(args);
    case Activation::kRelu: return Rows<Activation::kRelu>(args);
    case Activation::kClamp: return Rows<Activation::kClamp>(args);
    case Activation::kPrelu: return Rows<Activation::kPrelu>(args);
  }
}

}  // namespace apb
