#include "kernels/cut_panel/words.h"

namespace apb {

void CutPanelX86Avx2(const CutPanelArgs& args) { CutPanelByWords<uint32_t>(args); }

}  // namespace apb
