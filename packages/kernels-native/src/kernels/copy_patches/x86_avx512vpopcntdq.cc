// A run is a few vectors, the last one masked: a call of memcpy costs about as much again as the copy.
#include <immintrin.h>

#include "kernels/copy_patches/op.h"

namespace apb {

void CopyPatchesX86Avx512Vpopcntdq(const CopyPatchesArgs& args) {
  const size_t whole = args.run / 64 * 64;
  const __mmask64 rest = (__mmask64{1} << (args.run % 64)) - 1;
  for (size_t i = 0; i < args.rows; ++i) {
    const uint8_t* from = args.from + i * args.step;
    uint8_t* to = args.to + i * args.to_stride;
    for (size_t y = 0; y < args.lines; ++y, from += args.pitch, to += args.run) {
      for (size_t b = 0; b < whole; b += 64) _mm512_storeu_si512(to + b, _mm512_loadu_si512(from + b));
      if (rest) _mm512_mask_storeu_epi8(to + whole, rest, _mm512_maskz_loadu_epi8(rest, from + whole));
    }
  }
}

}  // namespace apb
