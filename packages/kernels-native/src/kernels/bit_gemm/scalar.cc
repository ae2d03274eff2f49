#include "kernels/add_fields.h"
#include "kernels/bit_gemm/words.h"

namespace apb {

void BitGemmScalar(const BitGemmArgs& args) { BitGemmByWords(args, AddFields()); }

}  // namespace apb
