#include "ops/program.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace apb {
namespace {

// Of the values of a slice, for each thread: about a second-level cache.
constexpr std::size_t kSliceBytes = std::size_t{1} << 20;
constexpr std::size_t kMostLayouts = 8;

Network Checked(Network network) {
  CheckNetwork(network);
  return network;
}

}  // namespace

Program::Program(const Kernels& kernels, Network network)
    : kernels_(kernels), network_(Checked(std::move(network))), clocks_(new Clock[network_.steps.size()]) {
  for (std::size_t i = 0; i < network_.steps.size(); ++i)
    done_.push_back(KeepsBytes(network_, network_.steps[i]) || (i > 0 && WritesSigns(network_, i - 1)));
}

std::size_t Program::weight_bytes() const {
  std::size_t bytes = 0;
  for (const Weights& weights : network_.weights) bytes += weights.bytes();
  return bytes;
}

std::size_t Program::SliceOf(std::size_t batch) {
  const std::size_t fit = kernels_.threads * kSliceBytes / std::max<std::size_t>(LayoutFor(1)->bytes, 1);
  const std::size_t slices = (batch - 1) / std::max<std::size_t>(fit, 1) + 1;
  return (batch - 1) / slices + 1;
}

std::shared_ptr<const Layout> Program::LayoutFor(std::size_t pictures) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto known = layouts_.find(pictures);
  if (known != layouts_.end()) return known->second;
  if (layouts_.size() == kMostLayouts) layouts_.clear();
  return layouts_[pictures] = std::make_shared<const Layout>(LayOut(network_, pictures));
}

void Program::RunStep(std::size_t i, std::size_t threads, bool ends, Arena& arena) {
  using std::chrono::steady_clock;
  const auto begin = steady_clock::now();
  if (!done_[i]) {
    Kernels kernels = kernels_;
    kernels.threads = threads;
    Run(kernels, network_.steps[i].op, arena.operands(i));
  }
  const auto time = std::chrono::duration_cast<std::chrono::nanoseconds>(steady_clock::now() - begin);
  clocks_[i].nanoseconds.fetch_add(static_cast<std::uint64_t>(time.count()), std::memory_order_relaxed);
  if (ends) clocks_[i].runs.fetch_add(1, std::memory_order_relaxed);
}

std::vector<StepTime> Program::times() const {
  std::vector<StepTime> times;
  for (std::size_t i = 0; i < steps(); ++i) {
    const std::uint64_t runs = clocks_[i].runs.load(std::memory_order_relaxed);
    const std::uint64_t nanoseconds = clocks_[i].nanoseconds.load(std::memory_order_relaxed);
    times.push_back({runs, runs > 0 ? static_cast<double>(nanoseconds) / 1000 / static_cast<double>(runs) : 0});
  }
  return times;
}

}  // namespace apb
