#include "kernels/mark_panel/op.h"
#include "kernels/scale_panel/x86_avx512.h"

namespace apb {
namespace {

template <bool sign, unsigned bits>
struct Marks {
  using Args = MarkPanelArgs;

  static const ScalePanelArgs& Panel(const MarkPanelArgs& args) { return args.products; }

  template <size_t V>
  static APB_INLINE void Put(const MarkPanelArgs& args, size_t c, size_t lane, const __m512* y) {
    const __m512 scale = _mm512_set1_ps(args.scale[c]), shift = _mm512_set1_ps(args.shift[c]);
    // A mask of sixteen rows is a quarter of a channel's marks.
    const auto quarters = [&](size_t p) {
      return reinterpret_cast<__mmask16*>(args.marks + p * args.plane + c) + lane / kLanes;
    };
    const auto reaches = [&](__m512 z, size_t j) {
      return _mm512_cmp_ps_mask(z, _mm512_set1_ps(args.thresholds[j]), sign ? _CMP_LT_OQ : _CMP_GE_OQ);
    };
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      const __m512 z = _mm512_add_ps(_mm512_mul_ps(y[v], scale), shift);
      const __mmask16 first = reaches(z, 0);
      if constexpr (bits == 1) {
        quarters(0)[v] = first;
      } else {
        const __mmask16 second = reaches(z, 1), third = reaches(z, 2);
        // Codes 1 and 3 are odd, and who reaches a threshold reaches those before.
        quarters(0)[v] = _kxor_mask16(_kxor_mask16(first, second), third);
        quarters(1)[v] = second;
      }
    }
  }
};

}  // namespace

void MarkPanelX86Avx512Vpopcntdq(const MarkPanelArgs& args) {
  const SparseDotArgs& sparse = args.products.sparse;
  if (args.sign) return ForTerms<Channels<Marks<true, 1>>>(sparse, args);
  if (args.bits == 1) return ForTerms<Channels<Marks<false, 1>>>(sparse, args);
  return ForTerms<Channels<Marks<false, 2>>>(sparse, args);
}

}  // namespace apb
