// What marking codes works out from weights and epilogue alone, kept from run to run.
#ifndef APB_OPS_MARK_SETUP_H_
#define APB_OPS_MARK_SETUP_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "ops/types.h"
#include "ops/weights.h"

namespace apb {

struct MarkSetup {
  // What it was made from.
  std::vector<float> scale, shift;
  Activation activation;
  Quantizer quantizer;
  Encoding encoding;  // of the activations

  // Whether no product, nor anything on the way to it, can pass the range of floats: marks say nothing of infinities.
  bool finite;
  // [2^bits - 1][rows]: where codes begin in terms of products y, before batch norm, as mark_panel takes them.
  std::vector<float> thresholds;
  // [rows]: 1 where a code falls as the product grows, so that mark_panel marks its complement. Empty where none does.
  std::vector<std::uint8_t> falls;

  // Of a BitWeights. The epilogue is finite and quantizes to codes of 1 or 2 bits; its activation is not prelu.
  MarkSetup(const Weights& weights, const Epilogue& epilogue, const Encoding& encoding);
};

// The setup that was asked for last, for nearly all layers the only one there is: with two epilogues in turn it is made
// every time. Any thread may ask.
class MarkSetups {
 public:
  std::shared_ptr<const MarkSetup> Find(const Weights& weights, const Epilogue& epilogue, const Encoding& encoding);

 private:
  std::mutex mutex_;
  std::shared_ptr<const MarkSetup> last_;  // guarded by the mutex
};

}  // namespace apb

#endif  // APB_OPS_MARK_SETUP_H_
