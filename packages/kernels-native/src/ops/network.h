// A plan (@apb/core, graph/plan.ts) in native form.
#ifndef APB_OPS_NETWORK_H_
#define APB_OPS_NETWORK_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "ops/op.h"
#include "ops/types.h"
#include "ops/weights.h"

namespace apb {

// A value of a network for one picture: floats without an encoding, planes with one.
struct ValueSpec {
  Shape shape;
  std::optional<Encoding> encoding;

  // With the axis of the batch before the others.
  Shape ShapeFor(std::size_t batch) const;
};

struct Step {
  Op op;
  std::vector<std::size_t> inputs;  // of Network::values
  std::size_t output;
  std::optional<std::size_t> weights;  // of Network::weights, exactly for LayerOp
};

struct Network {
  std::vector<ValueSpec> values;
  std::vector<Weights> weights;
  std::vector<Step> steps;  // in order, each value written once
  std::size_t input = 0;    // of values, floats
  std::size_t output = 0;
};

// Whether a step is followed by one that takes the signs of its float output: a layer writes them as it goes, while
// they are in registers.
bool WritesSigns(const Network& network, std::size_t step);

// Throws ContractError, with the number of the step, unless indices are in range, values are written before
// they are read and written once, layers and only they have weights, and input and output are floats. Whether
// shapes fit the operations shows when they run.
void CheckNetwork(const Network& network);

}  // namespace apb

#endif  // APB_OPS_NETWORK_H_
