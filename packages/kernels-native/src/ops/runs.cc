#include "ops/runs.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/background.h"
#include "base/finite.h"

namespace apb {
namespace {

// Counts a run among those at work as long as it lives.
class AtWork {
 public:
  explicit AtWork(Load& load) : load_(load) { load_.running.fetch_add(1, std::memory_order_relaxed); }
  ~AtWork() { load_.running.fetch_sub(1, std::memory_order_relaxed); }
  AtWork(const AtWork&) = delete;
  AtWork& operator=(const AtWork&) = delete;

 private:
  Load& load_;
};

}  // namespace

Runs::Runs(std::shared_ptr<Program> program, std::shared_ptr<Load> load)
    : program_(std::move(program)),
      load_(std::move(load)),
      most_(program_->threads()),
      weight_bytes_(program_->weight_bytes()) {}

std::shared_ptr<Job> Runs::Start(std::size_t batch, const float* values, std::size_t size, std::function<void()> done) {
  const Network& network = program_->network();
  const std::size_t expected = SizeOf(network.values[network.input].ShapeFor(batch));
  if (batch < 1 || size != expected)
    throw ContractError("a batch of " + std::to_string(batch) + " takes " + std::to_string(expected) + " values, got " +
                        std::to_string(size));
  auto run = std::make_shared<Job>();
  run->batch_ = batch;
  run->slice_ = program_->SliceOf(batch);
  run->done_ = std::move(done);
  const ArenaRef arena = Claim(run->slice_);
  if (!Take(values, size, *run, arena)) return nullptr;
  Begin(run, arena);
  return run;
}

void Runs::Stop() {
  std::vector<ArenaRef> idle;
  const std::lock_guard<std::mutex> lock(mutex_);
  stopped_.store(true, std::memory_order_relaxed);
  idle.swap(idle_);
  arena_bytes_.fetch_sub(spare_.bytes(), std::memory_order_relaxed);
  spare_ = AlignedArray<float>();
  for (const ArenaRef& arena : idle) arena_bytes_.fetch_sub(arena->bytes(), std::memory_order_relaxed);
}

// Copies the input into the arena, or without one aside. Returns whether it is finite; if not, and after an
// exception, the arena has been given back.
bool Runs::Take(const float* values, std::size_t size, Job& run, const ArenaRef& arena) {
  bool finite = false;
  try {
    const bool staged = !arena || run.slice_ < run.batch_;
    if (staged) run.staged_ = Stage(size);
    finite = CopyFinite(values, staged ? run.staged_.data() : InputOf(*arena, run.batch_), size);
  } catch (...) {
    GiveBack(arena);
    throw;
  }
  if (!finite) GiveBack(arena);
  return finite;
}

// With an arena at once, without when its turn comes.
void Runs::Begin(std::shared_ptr<Job> run, ArenaRef arena) {
  if (!arena) {
    const std::lock_guard<std::mutex> lock(mutex_);
    arena = ClaimLocked(run->slice_);  // one may be free by now
    if (!arena) return waiting_.push_back(std::move(run));
  }
  try {
    RunInBackground([self = shared_from_this(), run, arena] { self->Serve(run, arena); });
  } catch (...) {
    GiveBack(arena);
    throw;
  }
}

// Carries out a run, then those that wait, as long as there are any. Who hears of the end of the last one
// finds its arena free.
void Runs::Serve(std::shared_ptr<Job> run, const ArenaRef& arena) {
  while (run) {
    CarryOut(*run, *arena);
    const std::function<void()> done = std::move(run->done_);
    run = Next(arena);
    done();
  }
}

void Runs::CarryOut(Job& run, Arena& arena) {
  try {
    if (!Ended(run)) Compute(run, arena);
  } catch (...) {
    run.error_ = std::current_exception();
  }
  if (run.output_.data() == nullptr) run.Stop();
  Unstage(std::move(run.staged_));
}

// Memory for the input of a run. Pages of large batches are dear to get: one such piece is kept.
AlignedArray<float> Runs::Stage(std::size_t size) {
  AlignedArray<float> kept;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::swap(kept, spare_);
    arena_bytes_.fetch_sub(kept.bytes(), std::memory_order_relaxed);
  }
  if (kept.size() >= size) return kept;
  kept = AlignedArray<float>();  // not both at a time
  return AlignedArray<float>(size);
}

void Runs::Unstage(AlignedArray<float> staged) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_.load(std::memory_order_relaxed) || staged.size() <= spare_.size()) return;
  arena_bytes_.fetch_add(staged.bytes() - spare_.bytes(), std::memory_order_relaxed);
  spare_ = std::move(staged);
}

void Runs::Compute(Job& run, Arena& arena) {
  const AtWork at_work(*load_);
  const std::size_t turn = turns_.fetch_add(1, std::memory_order_relaxed);
  const Network& network = program_->network();
  const std::size_t picture = SizeOf(network.values[network.output].ShapeFor(1));
  AlignedArray<float> output(run.batch_ * picture);
  for (std::size_t first = 0; first < run.batch_; first += run.slice_) {
    const std::size_t count = std::min(run.slice_, run.batch_ - first);
    if (!RunSlice(run, first, count, turn, arena)) return;
    const Buffer& result = arena.value(network.output);
    if (result.size() > 0) std::memcpy(output.data() + first * picture, result.floats(), result.bytes());
  }
  run.output_ = std::move(output);
}

// `count` pictures from `first`; whether the run was let to their end.
bool Runs::RunSlice(const Job& run, std::size_t first, std::size_t count, std::size_t turn, Arena& arena) {
  float* const input = InputOf(arena, count);
  if (run.staged_.size() > 0) {
    const std::size_t picture = arena.value(program_->network().input).size() / count;
    std::memcpy(input, run.staged_.data() + first * picture, count * picture * sizeof(float));
  }
  for (std::size_t i = 0; i < program_->steps(); ++i) {
    if (Ended(run)) return false;
    program_->RunStep(i, Share(turn), first + count == run.batch_, arena);
  }
  return true;
}

// Threads for the next step of a run. What cannot be divided goes to one run after the other.
std::size_t Runs::Share(std::size_t turn) const {
  const std::size_t threads = program_->threads();
  const std::size_t running = std::max<std::size_t>(load_->running.load(std::memory_order_relaxed), 1);
  const std::size_t more = turn % running < threads % running ? 1 : 0;
  return std::max<std::size_t>(threads / running + more, 1);
}

bool Runs::Ended(const Job& run) const { return run.stopped() || stopped_.load(std::memory_order_relaxed); }

// Where the input goes, after the arena has been laid out for so many pictures.
float* Runs::InputOf(Arena& arena, std::size_t pictures) {
  const std::size_t before = arena.bytes();
  const auto count = [&] { arena_bytes_.fetch_add(arena.bytes() - before, std::memory_order_relaxed); };
  try {
    arena.Fit(program_->network(), program_->LayoutFor(pictures));
  } catch (...) {
    count();
    throw;
  }
  count();
  return arena.value(program_->network().input).floats();
}

Runs::ArenaRef Runs::Claim(std::size_t pictures) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ClaimLocked(pictures);
}

// If possible one that is laid out for as many pictures; null when as many as there may be are at work.
Runs::ArenaRef Runs::ClaimLocked(std::size_t pictures) {
  if (claimed_ == most_) return nullptr;
  if (idle_.empty()) idle_.push_back(std::make_shared<Arena>());
  const auto fits = [&](const ArenaRef& arena) { return arena->layout() && arena->layout()->batch == pictures; };
  const auto found = std::find_if(idle_.begin(), idle_.end(), fits);
  if (found != idle_.end()) std::swap(*found, idle_.back());
  ArenaRef arena = std::move(idle_.back());
  idle_.pop_back();
  ++claimed_;
  return arena;
}

void Runs::GiveBack(const ArenaRef& arena) {
  if (!arena) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  GiveBackLocked(arena);
}

void Runs::GiveBackLocked(const ArenaRef& arena) {
  --claimed_;
  if (stopped_.load(std::memory_order_relaxed))
    arena_bytes_.fetch_sub(arena->bytes(), std::memory_order_relaxed);
  else
    idle_.push_back(arena);
}

// The run whose turn it is. When none waits, null, and the arena has been given back.
std::shared_ptr<Job> Runs::Next(const ArenaRef& arena) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (waiting_.empty()) {
    GiveBackLocked(arena);
    return nullptr;
  }
  std::shared_ptr<Job> next = std::move(waiting_.front());
  waiting_.pop_front();
  return next;
}

}  // namespace apb
