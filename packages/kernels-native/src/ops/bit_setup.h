// What layers with quantized input work out from weights and the size of pictures alone, kept from run to run.
#ifndef APB_OPS_BIT_SETUP_H_
#define APB_OPS_BIT_SETUP_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "kernels/kernels.h"
#include "ops/inside.h"
#include "ops/lines.h"
#include "ops/weights.h"
#include "ops/window.h"

namespace apb {

struct BitSetup {
  std::size_t height, width;  // of the pictures
  Encoding encoding;
  InsideSums inside;
  std::vector<std::vector<Piece>> pieces;  // of a panel, by group; empty where no lines are cut

  // lines may be null.
  BitSetup(const Kernels& kernels, const Weights& weights, const Encoding& encoding, const Window& window,
           const BitLines* lines);
};

// The setup that was asked for last, for nearly all layers the only one there is. Any thread may ask.
class BitSetups {
 public:
  std::shared_ptr<const BitSetup> Find(const Kernels& kernels, const Weights& weights, const Encoding& encoding,
                                       const Window& window, const BitLines* lines);

 private:
  std::mutex mutex_;
  std::shared_ptr<const BitSetup> last_;  // guarded by the mutex
};

}  // namespace apb

#endif  // APB_OPS_BIT_SETUP_H_
