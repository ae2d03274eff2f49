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
// Of slow contenders, products of minutes on lesser instruction sets, fewer have to do.
constexpr int kFewestRounds = 3;
constexpr double kPatience = 30;

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
  const double start_of_all = Now(), budget = milliseconds * 1000 * static_cast<double>(contenders.size());
  const auto enough = [&](int rounds) {
    const double elapsed = Now() - start_of_all;
    return (rounds >= kLeastRounds && elapsed >= budget) || (rounds >= kFewestRounds && elapsed >= kPatience * budget);
  };
  std::vector<std::size_t> set(contenders.size());
  for (int round = 0; !enough(round); ++round)
    for (std::size_t c = 0; c < contenders.size(); ++c) {
      const double start = Now();
      for (std::size_t i = 0; i < stretches[c]; ++i) contenders[c].run(set[c]++ % sets);
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
