#include "ops/network.h"

#include <string>

#include "ops/check.h"

namespace apb {
namespace {

void CheckStep(const Network& network, const Step& step, std::vector<bool>& written) {
  for (const std::size_t input : step.inputs)
    if (input >= written.size() || !written[input])
      throw ContractError("reads value " + std::to_string(input) + ", which no step has written");
  if (step.output >= written.size()) throw ContractError("writes a value that is not there");
  if (written[step.output])
    throw ContractError("writes value " + std::to_string(step.output) + ", which is there already");
  if (step.weights.has_value() != std::holds_alternative<LayerOp>(step.op))
    throw ContractError("gemm and conv2d take weights, other operations none");
  if (step.weights && *step.weights >= network.weights.size()) throw ContractError("takes weights that are not there");
  written[step.output] = true;
}

void CheckFloats(const Network& network, std::size_t value, const std::string& what) {
  if (value >= network.values.size() || network.values[value].encoding)
    throw ContractError("the " + what + " of a network must be one of its float values");
}

}  // namespace

Shape ValueSpec::ShapeFor(std::size_t batch) const {
  Shape with = {batch};
  with.insert(with.end(), shape.begin(), shape.end());
  return with;
}

bool WritesSigns(const Network& network, std::size_t step) {
  if (step + 1 >= network.steps.size()) return false;
  const Step &layer = network.steps[step], &next = network.steps[step + 1];
  const auto* quantize = std::get_if<QuantizeOp>(&next.op);
  return std::holds_alternative<LayerOp>(layer.op) && !network.values[layer.output].encoding && quantize &&
         quantize->quantizer.encoding.sign && next.inputs.size() == 1 && next.inputs[0] == layer.output &&
         network.values[next.output].encoding == quantize->quantizer.encoding;
}

void CheckNetwork(const Network& network) {
  CheckFloats(network, network.input, "input");
  CheckFloats(network, network.output, "output");
  for (const ValueSpec& value : network.values)
    if (value.encoding) CheckEncoding(*value.encoding);
  std::vector<bool> written(network.values.size());
  written[network.input] = true;
  for (std::size_t i = 0; i < network.steps.size(); ++i) try {
      CheckStep(network, network.steps[i], written);
    } catch (const ContractError& error) {
      throw ContractError("step " + std::to_string(i) + " of the plan: " + error.what());
    }
  if (!written[network.output]) throw ContractError("no step of the plan writes its output");
}

}  // namespace apb
