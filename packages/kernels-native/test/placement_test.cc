#include "ops/placement.h"

#include <algorithm>
#include <string>

#include "base/aligned.h"
#include "test/check.h"

namespace apb {
namespace test {
namespace {

std::size_t RoundUp(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

bool Meet(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

// What has to hold for any values.
void CheckPlacement(const std::vector<Lifetime>& values, const std::string& what) {
  const Placement placement = Place(values);
  std::size_t sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t offset = placement.offsets[i];
    const std::size_t end = offset + values[i].bytes;
    sum += RoundUp(values[i].bytes);
    CHECK(offset % kAlignment == 0, what);
    CHECK(end <= placement.bytes, what);
    for (std::size_t j = 0; j < i; ++j) {
      if (!Meet(values[i], values[j]) || values[i].bytes == 0 || values[j].bytes == 0) continue;
      const std::size_t other = placement.offsets[j];
      CHECK(end <= other || other + values[j].bytes <= offset,
            what + ", values " + std::to_string(j) + " and " + std::to_string(i));
    }
  }
  CHECK(placement.bytes <= sum, what);
}

// The largest sum of values that are needed at the same time: no placement is smaller.
std::size_t Least(const std::vector<Lifetime>& values, std::size_t steps) {
  std::size_t least = 0;
  for (std::size_t step = 0; step < steps; ++step) {
    std::size_t sum = 0;
    for (const Lifetime& value : values)
      if (value.first <= step && step <= value.last) sum += RoundUp(value.bytes);
    least = std::max(least, sum);
  }
  return least;
}

TEST(PlacementKeepsValuesApart) {
  for (int round = 0; round < 500; ++round) {
    const std::size_t steps = 1 + RandomBelow(30);
    std::vector<Lifetime> values(RandomBelow(40));
    for (Lifetime& value : values) {
      const std::size_t first = RandomBelow(steps);
      // Some empty, some of one size, some of any.
      const std::size_t bytes[] = {0, 64, 1 + RandomBelow(5000), RandomBelow(300)};
      value = {bytes[RandomBelow(4)], first, std::min(steps - 1, first + RandomBelow(6))};
    }
    CheckPlacement(values, "round " + std::to_string(round));
  }
}

// Each value is needed until the next one is written.
std::vector<Lifetime> Chain(std::size_t length, std::size_t bytes, std::size_t more) {
  std::vector<Lifetime> values;
  for (std::size_t i = 0; i < length; ++i) values.push_back({bytes + RandomBelow(more + 1), i, i + 1});
  return values;
}

TEST(PlacementOfAChainIsNearItsLargestPair) {
  const std::vector<Lifetime> even = Chain(20, 640, 0);
  CheckPlacement(even, "even");
  CHECK(Place(even).bytes == 2 * 640, "values of one size take two places");
  for (int round = 0; round < 50; ++round) {
    const std::vector<Lifetime> uneven = Chain(20, 100, 4000);
    CheckPlacement(uneven, "uneven");
    CHECK(2 * Place(uneven).bytes <= 3 * Least(uneven, 21), std::to_string(Place(uneven).bytes));
  }
}

TEST(PlacementTakesTheSmallestGapThatFits) {
  // Of five values in a row the second and the fourth are no longer needed when the last one comes.
  const std::vector<Lifetime> values = {{1024, 0, 9}, {512, 0, 1}, {448, 0, 9}, {256, 0, 1}, {192, 0, 9}, {100, 2, 9}};
  const Placement placement = Place(values);
  CheckPlacement(values, "gaps");
  CHECK(placement.offsets[5] == placement.offsets[3], std::to_string(placement.offsets[5]));
}

TEST(PlacementOfNothing) {
  CHECK(Place({}).bytes == 0, "no values");
  CHECK(Place({{0, 0, 3}, {0, 1, 2}}).bytes == 0, "empty values");
}

}  // namespace
}  // namespace test
}  // namespace apb
