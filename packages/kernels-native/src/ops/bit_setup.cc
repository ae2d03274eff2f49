#include "ops/bit_setup.h"

#include <utility>

namespace apb {
namespace {

// Kernels as large as their pictures have a case a position: such setups are not kept.
constexpr std::size_t kMostKeptCases = 64;

}  // namespace

BitSetup::BitSetup(const Kernels& kernels, const Weights& weights, const Encoding& encoding, const Window& window,
                   const BitLines* lines)
    : height(window.y.size), width(window.x.size), encoding(encoding), inside(kernels, weights, encoding, window) {
  for (std::size_t group = 0; lines && group < weights.groups; ++group)
    pieces.push_back(lines->PiecesOf(weights, group));
}

std::shared_ptr<const BitSetup> BitSetups::Find(const Kernels& kernels, const Weights& weights,
                                                const Encoding& encoding, const Window& window, const BitLines* lines) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (last_ && last_->height == window.y.size && last_->width == window.x.size && last_->encoding == encoding)
      return last_;
  }
  auto setup = std::make_shared<const BitSetup>(kernels, weights, encoding, window, lines);
  if (setup->inside.cases() > kMostKeptCases) return setup;
  const std::lock_guard<std::mutex> lock(mutex_);
  return last_ = std::move(setup);
}

}  // namespace apb
