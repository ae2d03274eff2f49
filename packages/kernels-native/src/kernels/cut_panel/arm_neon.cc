#include "kernels/cut_panel/words.h"

namespace apb {

void CutPanelArmNeon(const CutPanelArgs& args) { CutPanelByWords<uint32_t>(args); }

}  // namespace apb
