#include "base/pool.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <numeric>
#include <set>
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

TEST(PoolGivesTheSameResultsForAnyNumberOfThreads) {
  const auto sums = [](std::size_t threads) {
    std::vector<float> results(257);
    ParallelFor(threads, results.size(), [&](std::size_t i) {
      for (std::size_t j = 0; j < 1000; ++j) results[i] += 1.0f / static_cast<float>(i + j + 1);
    });
    return results;
  };
  for (const std::size_t threads : {2, 3, 8}) CHECK(sums(threads) == sums(1), std::to_string(threads) + " threads");
}

TEST(PoolUsesNoMoreThreadsThanAllowed) {
  using std::chrono::milliseconds;
  ParallelFor(8, 8, [](std::size_t) {});  // so that there are more workers
  for (const std::size_t threads : {1, 2, 3}) {
    std::mutex mutex;
    std::set<std::thread::id> seen;
    ParallelFor(threads, 12, [&](std::size_t) {
      std::this_thread::sleep_for(milliseconds(2));
      const std::lock_guard<std::mutex> lock(mutex);
      seen.insert(std::this_thread::get_id());
    });
    CHECK(seen.size() <= threads, std::to_string(seen.size()) + " threads");
  }
}

// A worker leaves a long call for a newer one without any: both get on, and both end right.
TEST(PoolDividesWorkersAmongLongAndShortCalls) {
  std::atomic<bool> over{false};
  std::vector<int> runs(20000);
  std::thread caller([&] {
    for (int call = 0; !over && call < 100; ++call) ParallelFor(3, runs.size(), [&](std::size_t i) { ++runs[i]; });
    over = true;
  });
  int calls = 0;
  for (; calls < 100 || !over; ++calls) {
    std::vector<int> marks(5);
    ParallelFor(3, marks.size(), [&](std::size_t i) { marks[i] = 1; });
    CHECK(std::accumulate(marks.begin(), marks.end(), 0) == 5, "call " + std::to_string(calls));
  }
  caller.join();
  for (const int count : runs) CHECK(count == runs[0], std::to_string(count));
}

TEST(PoolCarriesExceptionsOfManyCallers) {
  std::atomic<int> caught{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c)
    callers.emplace_back([&caught, c] {
      for (int call = 0; call < 200; ++call) try {
          ParallelFor(3, 20, [&](std::size_t) { throw c; });
        } catch (int thrown) {
          caught += thrown == c;
        }
    });
  for (auto& caller : callers) caller.join();
  CHECK(caught == 4 * 200, std::to_string(caught));
}

TEST(PoolWakesSleepingWorkers) {
  for (int call = 0; call < 20; ++call) {
    std::atomic<int> total{0};
    ParallelFor(3, 6, [&](std::size_t) {
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      ++total;
    });
    CHECK(total == 6, std::to_string(total));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST(PoolDividesRowsIntoBlocks) {
  const std::size_t counts[] = {0, 1, 2, 100, 1001};
  const std::size_t widths[] = {0, 1, 1000, kValuesPerTask - 1, kValuesPerTask, 3 * kValuesPerTask};
  for (const std::size_t threads : {1, 2, 3, 8})
    for (const std::size_t rows : counts)
      for (const std::size_t width : widths) {
        const std::string what =
            std::to_string(threads) + " threads, rows " + std::to_string(rows) + " of " + std::to_string(width);
        std::vector<std::atomic<int>> runs(rows);
        std::atomic<int> wrong{0};
        ParallelRows(threads, rows, width, [&](std::size_t first, std::size_t count) {
          wrong += count == 0 || (count * width < kValuesPerTask && first + count != rows);
          for (std::size_t i = 0; i < count; ++i) ++runs[first + i];
        });
        CHECK(wrong == 0, what);
        for (const auto& count : runs) CHECK(count == 1, what);
      }
}

}  // namespace
}  // namespace test
}  // namespace apb
