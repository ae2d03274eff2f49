#include "ops/arena.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "ops/placement.h"

namespace apb {
namespace {

// For each value the one in whose place it lies.
std::vector<std::size_t> Homes(const Network& network) {
  std::vector<std::size_t> homes(network.values.size());
  std::iota(homes.begin(), homes.end(), std::size_t{0});
  for (const Step& step : network.steps)
    if (KeepsBytes(network, step)) homes[step.output] = homes[step.inputs[0]];
  return homes;
}

// For each place the steps during which it is needed; values that lie elsewhere need no bytes.
std::vector<Lifetime> Lifetimes(const Network& network, const std::vector<std::size_t>& homes, std::size_t batch) {
  std::vector<Lifetime> places(network.values.size(), {0, network.steps.size(), 0});
  const auto need = [&](std::size_t value, std::size_t step) {
    const ValueSpec& spec = network.values[value];
    Lifetime& place = places[homes[value]];
    place.bytes = std::max(place.bytes, Buffer(spec.ShapeFor(batch), spec.encoding, nullptr).bytes());
    place.first = std::min(place.first, step);
    place.last = std::max(place.last, step);
  };
  need(network.input, 0);
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    for (const std::size_t input : network.steps[i].inputs) need(input, i);
    need(network.steps[i].output, i);
    if (WritesSigns(network, i)) need(network.steps[i + 1].output, i);
  }
  need(network.output, network.steps.size());
  return places;
}

}  // namespace

bool KeepsBytes(const Network& network, const Step& step) {
  if (!std::holds_alternative<ReshapeOp>(step.op) || step.inputs.size() != 1) return false;
  const ValueSpec& from = network.values[step.inputs[0]];
  const ValueSpec& to = network.values[step.output];
  if (from.encoding.has_value() != to.encoding.has_value() || SizeOf(from.shape) != SizeOf(to.shape)) return false;
  if (!from.encoding) return true;
  if (!(*from.encoding == *to.encoding)) return false;
  // Rows of planes are padded to words.
  return from.encoding->bits == 8 || (!from.shape.empty() && !to.shape.empty() && from.shape.back() == to.shape.back());
}

Layout LayOut(const Network& network, std::size_t batch) {
  const std::vector<std::size_t> homes = Homes(network);
  Placement placement = Place(Lifetimes(network, homes, batch));
  Layout layout = {batch, std::vector<std::size_t>(network.values.size()), placement.bytes};
  for (std::size_t i = 0; i < homes.size(); ++i) layout.offsets[i] = placement.offsets[homes[i]];
  return layout;
}

void Arena::Fit(const Network& network, std::shared_ptr<const Layout> layout) {
  if (layout_ && layout_->batch == layout->batch) return;
  layout_ = nullptr;
  values_.clear();
  operands_.clear();
  if (memory_.size() < layout->bytes) {
    memory_ = AlignedArray<std::uint8_t>();  // not both at a time
    memory_ = AlignedArray<std::uint8_t>(layout->bytes);
  }
  values_.reserve(network.values.size());
  for (std::size_t i = 0; i < network.values.size(); ++i) {
    const ValueSpec& spec = network.values[i];
    values_.emplace_back(spec.ShapeFor(layout->batch), spec.encoding, memory_.data() + layout->offsets[i]);
  }
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    const Step& step = network.steps[i];
    Operands operands = {{}, &values_[step.output], nullptr};
    for (const std::size_t input : step.inputs) operands.inputs.push_back(&values_[input]);
    if (step.weights) operands.weights = &network.weights[*step.weights];
    if (WritesSigns(network, i)) operands.signs = &values_[network.steps[i + 1].output];
    operands_.push_back(std::move(operands));
  }
  layout_ = std::move(layout);
}

}  // namespace apb
