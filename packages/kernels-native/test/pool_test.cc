#include "base/pool.h"

#include <atomic>
#include <stdexcept>
#include <thread>

#include "test/check.h"

namespace apb {
namespace test {
namespace {

TEST(PoolRunsEveryTaskOnce) {
  for (const std::size_t threads : {1, 2, 3, 8})
    for (const std::size_t tasks : {0, 1, 2, 7, 100}) {
      std::vector<std::atomic<int>> runs(tasks);
      ParallelFor(threads, tasks, [&](std::size_t i) { ++runs[i]; });
      for (const auto& count : runs) CHECK(count == 1, std::to_string(threads) + " threads");
    }
}

TEST(PoolServesTinyCallsOfManyCallers) {
  std::atomic<int> total{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 6; ++c)
    callers.emplace_back([&] {
      for (int call = 0; call < 2000; ++call) ParallelFor(3, 4, [&](std::size_t) { ++total; });
    });
  for (auto& caller : callers) caller.join();
  CHECK(total == 6 * 2000 * 4, std::to_string(total));
}

TEST(PoolRunsNestedCalls) {
  std::atomic<int> total{0};
  ParallelFor(4, 8, [&](std::size_t) { ParallelFor(4, 8, [&](std::size_t) { ++total; }); });
  CHECK(total == 64, std::to_string(total));
}

TEST(PoolCarriesExceptions) {
  for (const std::size_t threads : {1, 4}) {
    bool caught = false;
    try {
      ParallelFor(threads, 50, [](std::size_t i) {
        if (i == 17) throw std::runtime_error("17");
      });
    } catch (const std::runtime_error&) {
      caught = true;
    }
    CHECK(caught, std::to_string(threads) + " threads");
    std::atomic<int> total{0};
    ParallelFor(threads, 5, [&](std::size_t) { ++total; });
    CHECK(total == 5, "after an exception");
  }
}

}  // namespace
}  // namespace test
}  // namespace apb
