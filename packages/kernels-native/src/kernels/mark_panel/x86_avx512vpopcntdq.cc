#include "kernels/mark_panel/op.h"
#include "kernels/scale_panel/x86_avx512.h"

namespace apb {
namespace {

template <bool sign, unsigned bits>
struct Marks {
  using Args = MarkPanelArgs;
  static constexpr bool kLongChain = true;

  static const ScalePanelArgs& Panel(const MarkPanelArgs& args) { return args.products; }

  template <size_t V>
  static APB_INLINE void Put(const MarkPanelArgs& args, size_t c, size_t lane, const __m512* y) {
    const auto threshold = [&](size_t j) { return _mm512_set1_ps(args.thresholds[j * args.stride + c]); };
    // A mask of sixteen rows is a quarter of a channel's marks.
    auto* quarters = reinterpret_cast<__mmask16*>(args.marks + c) + lane / kLanes;
    APB_UNROLL
    for (size_t v = 0; v < V; ++v) {
      if (bits == 1) {
        quarters[v] = _mm512_cmp_ps_mask(y[v], threshold(0), sign ? _CMP_LT_OQ : _CMP_GE_OQ);
        continue;
      }
      // Codes of 2 and 3 have the upper bit; the lower one is set from 1 on, or from 3 on.
      const __mmask16 upper = _mm512_cmp_ps_mask(y[v], threshold(1), _CMP_GE_OQ);
      const __m512 odd = _mm512_mask_mov_ps(threshold(0), upper, threshold(2));
      quarters[v] = _mm512_cmp_ps_mask(y[v], odd, _CMP_GE_OQ);
      quarters[args.plane * 4 + v] = upper;
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
