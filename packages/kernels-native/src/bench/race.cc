#include <algorithm>
#include <chrono>

#include "bench/bench.h"

namespace apb {
namespace {

double Now() {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Shorter stretches are not measured one by one: the clock itself takes about 0.03 us.
constexpr double kStretchUs = 20;
constexpr int kLeastRounds = 20;

// Products in a stretch of at least kStretchUs, all of a round over the sets.
std::size_t StretchOf(const Contender& contender, std::size_t sets) {
  for (std::size_t count = 1;; count *= 2) {
    const double start = Now();
    for (std::size_t i = 0; i < count; ++i) contender.run(i % sets);
    if (Now() - start >= kStretchUs) return count;
  }
}

}  // namespace

std::vector<Timing> Race(const std::vector<Contender>& contenders, std::size_t sets, double milliseconds) {
  std::vector<Timing> timings;
  std::vector<std::size_t> stretches;
  for (const Contender& contender : contenders) {
    timings.push_back({contender.variant, 1e30, contender.pack_us});
    stretches.push_back(StretchOf(contender, sets));
  }
  const double end = Now() + milliseconds * 1000;
  std::size_t set = 0;
  for (int round = 0; round < kLeastRounds || Now() < end; ++round)
    for (std::size_t c = 0; c < contenders.size(); ++c) {
      const double start = Now();
      for (std::size_t i = 0; i < stretches[c]; ++i) contenders[c].run(set++ % sets);
      timings[c].us = std::min(timings[c].us, (Now() - start) / static_cast<double>(stretches[c]));
    }
  return timings;
}

double MeasureCeiling(const Kernels& kernels, bool exclusive, double milliseconds) {
  constexpr std::size_t kRounds = 20000;
  std::uint64_t sink = 1;
  double best = 0;
  const double end = Now() + milliseconds * 1000;
  do {
    const double start = Now();
    const std::uint64_t bits = kernels.ceiling(exclusive, kRounds, &sink);
    best = std::max(best, static_cast<double>(bits) / (Now() - start) / 1000);
  } while (Now() < end);
  // What was counted is used, so that nothing of the loop can be left out.
  return sink == 0 ? 0 : best;
}

}  // namespace apb
