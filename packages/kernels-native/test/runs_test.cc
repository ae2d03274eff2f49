// Whole networks, laid out in arenas and run from several threads; the sanitizers watch.
#include "ops/runs.h"

#include <cmath>
#include <condition_variable>
#include <cstring>
#include <limits>
#include <string>

#include "test/check.h"

namespace apb {
namespace test {
namespace {

constexpr std::size_t kSide = 6, kChannels = 5, kPicture = kSide * kSide * kChannels;

ValueSpec Floats(Shape shape) { return {std::move(shape), std::nullopt}; }

// y = softmax(2-bit codes of relu(2x + 1), flattened, + relu(x) flattened): branches, planes, reshapes that
// move nothing.
Network Branches() {
  const Encoding code = {false, 2, 0, 0.5f};
  const Quantizer quantizer = {code, 0, 1.5f, 2};
  const Activation relu = {Activation::Kind::kRelu, 0, 0, {}};
  const std::vector<float> two(kChannels, 2.0f), one(kChannels, 1.0f);
  const Shape map = {kSide, kSide, kChannels}, row = {kPicture};
  Network network;
  network.values = {Floats(map), Floats(map), {map, code}, Floats(map), Floats(row),
                    Floats(map), Floats(row), Floats(row), Floats(row)};
  network.steps = {{AffineOp{two, one, relu}, {0}, 1, std::nullopt},
                   {QuantizeOp{quantizer}, {1}, 2, std::nullopt},
                   {DequantizeOp{}, {2}, 3, std::nullopt},
                   {ReshapeOp{}, {3}, 4, std::nullopt},
                   {ActivateOp{relu}, {0}, 5, std::nullopt},
                   {ReshapeOp{}, {5}, 6, std::nullopt},
                   {AddOp{{}}, {4, 6}, 7, std::nullopt},
                   {SoftmaxOp{}, {7}, 8, std::nullopt}};
  network.input = 0;
  network.output = 8;
  return network;
}

std::vector<float> RandomInput(std::size_t batch) {
  std::vector<float> values(batch * kPicture);
  for (float& value : values) value = RandomFloat();
  return values;
}

// Every step with buffers of its own.
std::vector<float> StepByStep(const Kernels& kernels, const Network& network, std::size_t batch,
                              const std::vector<float>& input) {
  std::vector<Buffer> buffers;
  for (const ValueSpec& value : network.values) buffers.emplace_back(value.ShapeFor(batch), value.encoding);
  std::memcpy(buffers[network.input].floats(), input.data(), input.size() * sizeof(float));
  for (const Step& step : network.steps) {
    Operands operands = {{}, &buffers[step.output], nullptr};
    for (const std::size_t i : step.inputs) operands.inputs.push_back(&buffers[i]);
    if (step.weights) operands.weights = &network.weights[*step.weights];
    Run(kernels, step.op, operands);
  }
  const Buffer& output = buffers[network.output];
  return {output.floats(), output.floats() + output.size()};
}

// Waits until all runs that were started through it have ended.
class Ends {
 public:
  std::function<void()> One() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++open_;
    return [this] {
      const std::lock_guard<std::mutex> lock(mutex_);
      --open_;
      changed_.notify_all();
    };
  }
  void Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return open_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int open_ = 0;
};

std::shared_ptr<Runs> Start(const Kernels& kernels, std::size_t threads) {
  Kernels own = kernels;
  own.threads = threads;
  return std::make_shared<Runs>(std::make_shared<Program>(own, Branches()), std::make_shared<Load>());
}

std::string Refusal(Network network) {
  try {
    CheckNetwork(network);
  } catch (const ContractError& error) {
    return error.what();
  }
  return "";
}

TEST(RunsGiveTheBitsOfSingleSteps) {
  for (const Variant& v : Variants())
    for (const std::size_t threads : {1, 2, 3}) {
      const auto runs = Start(v.kernels, threads);
      Ends ends;
      std::vector<std::shared_ptr<Job>> jobs;
      std::vector<std::vector<float>> expected;
      for (int i = 0; i < 40; ++i) {
        const std::size_t batch = 1 + RandomBelow(9);
        std::vector<float> input = RandomInput(batch);
        expected.push_back(StepByStep(v.kernels, Branches(), batch, input));
        jobs.push_back(runs->Start(batch, input.data(), input.size(), ends.One()));
        input.assign(input.size(), 9.0f);
      }
      ends.Wait();
      for (std::size_t i = 0; i < jobs.size(); ++i) {
        const AlignedArray<float>& output = jobs[i]->output();
        CHECK(!jobs[i]->error() && output.size() == expected[i].size(), v.name);
        CHECK(std::memcmp(output.data(), expected[i].data(), output.bytes()) == 0, v.name);
      }
      for (const StepTime& time : runs->program().times()) CHECK(time.runs == 40, v.name);
    }
}

// Signs of x, a layer whose floats are taken twice, as signs and by an addition, and a layer of those signs: the
// network's output has a consumer of signs too, which nobody reads.
Network Signs(const Kernels& kernels) {
  const Encoding sign = {true, 1, 0, 1};
  const QuantizeOp quantize = {{sign, 0, 0, 0}};
  const Shape map = {kSide, kSide, kChannels};
  const ConvGeometry g = {kChannels, kChannels, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}};
  const std::size_t k = 9 * kChannels;
  Network network;
  for (int layer = 0; layer < 2; ++layer) {
    std::vector<std::uint32_t> planes(kChannels * ((k + 31) / 32));
    for (std::size_t i = 0; i < planes.size(); ++i)
      planes[i] = static_cast<std::uint32_t>(Random() >> 32) & (i % 2 ? (1u << k % 32) - 1 : ~0u);
    const std::uint32_t position = 7;
    const float scale = 0.5f, value = 0.125f;
    network.weights.push_back(
        PackWeights({kChannels, k, 1, planes.data(), &scale, 1, &position, &value, 1}, 1, g, kernels));
  }
  const LayerOp layer = {true,
                         {std::vector<float>(kChannels, 1.0f), std::vector<float>(kChannels, 0.25f), {}, std::nullopt}};
  network.values = {Floats(map), {map, sign}, Floats(map), {map, sign}, Floats(map), Floats(map), {map, sign}};
  network.steps = {{quantize, {0}, 1, std::nullopt},     {layer, {1}, 2, 0},    {quantize, {2}, 3, std::nullopt},
                   {AddOp{{}}, {0, 2}, 4, std::nullopt}, {layer, {3, 4}, 5, 1}, {quantize, {5}, 6, std::nullopt}};
  network.input = 0;
  network.output = 5;
  return network;
}

TEST(RunsWriteSignsBesideFloats) {
  for (const Variant& v : Variants())
    for (const std::size_t threads : {1, 3}) {
      Kernels kernels = v.kernels;
      kernels.threads = threads;
      const auto program = std::make_shared<Program>(kernels, Signs(kernels));
      const Network& network = program->network();
      CHECK(WritesSigns(network, 1) && WritesSigns(network, 4) && !WritesSigns(network, 0) && !WritesSigns(network, 5),
            "which steps write signs");
      const auto runs = std::make_shared<Runs>(program, std::make_shared<Load>());
      Ends ends;
      std::vector<std::shared_ptr<Job>> jobs;
      std::vector<std::vector<float>> expected;
      for (int i = 0; i < 12; ++i) {
        const std::size_t batch = 1 + RandomBelow(9);
        const std::vector<float> input = RandomInput(batch);
        expected.push_back(StepByStep(v.kernels, network, batch, input));
        jobs.push_back(runs->Start(batch, input.data(), input.size(), ends.One()));
      }
      ends.Wait();
      for (std::size_t i = 0; i < jobs.size(); ++i) {
        const AlignedArray<float>& output = jobs[i]->output();
        CHECK(!jobs[i]->error() && output.size() == expected[i].size(), v.name);
        CHECK(std::memcmp(output.data(), expected[i].data(), output.bytes()) == 0, v.name);
      }
    }
}

TEST(RunsOfSeveralSlicesGiveTheBitsOfOne) {
  const Kernels kernels = Variants().front().kernels;
  for (const std::size_t threads : {1, 2}) {
    const auto runs = Start(kernels, threads);
    // Slices of different sizes.
    const std::size_t batch = 2 * runs->program().SliceOf(1 << 20) + 1;
    CHECK(runs->program().SliceOf(batch) < batch, std::to_string(batch));
    const std::vector<float> input = RandomInput(batch);
    Ends ends;
    const auto job = runs->Start(batch, input.data(), input.size(), ends.One());
    ends.Wait();
    const std::vector<float> expected = StepByStep(kernels, Branches(), batch, input);
    CHECK(!job->error() && job->output().size() == expected.size(), "size");
    CHECK(std::memcmp(job->output().data(), expected.data(), job->output().bytes()) == 0, "bits");
    for (const StepTime& time : runs->program().times()) CHECK(time.runs == 1, "one run");
  }
}

TEST(RunsEndWhenTheyAreStopped) {
  for (const std::size_t threads : {1, 3}) {
    Ends ends;
    std::vector<std::shared_ptr<Job>> jobs;
    {
      const auto runs = Start(Variants().back().kernels, threads);
      const std::vector<float> input = RandomInput(50);
      for (int i = 0; i < 60; ++i) {
        jobs.push_back(runs->Start(50, input.data(), input.size(), ends.One()));
        if (i % 5 == 0) jobs.back()->Stop();
      }
      runs->Stop();
    }  // the runs alone hold the program
    ends.Wait();
    for (const auto& job : jobs) CHECK(!job->error() && (job->stopped() || job->output().size() > 0), "stopped");
  }
}

TEST(RunsKeepNoMoreArenasThanThreads) {
  const auto runs = Start(Variants().back().kernels, 2);
  const std::size_t arena = runs->program().LayoutFor(runs->program().SliceOf(20))->bytes;
  Ends ends;
  const std::vector<float> input = RandomInput(20);
  for (int i = 0; i < 50; ++i) runs->Start(20, input.data(), input.size(), ends.One());
  ends.Wait();
  // And the input of one that waited.
  const std::size_t most = 2 * arena + input.size() * sizeof(float);
  CHECK(runs->bytes() >= arena && runs->bytes() <= most, std::to_string(runs->bytes()));
  runs->Stop();
  // The last run may be giving its arena back still.
  CHECK(runs->bytes() <= most, std::to_string(runs->bytes()));
}

TEST(RunsTakeFiniteValuesOfTheRightNumber) {
  const auto runs = Start(Variants().back().kernels, 2);
  std::vector<float> input = RandomInput(2);
  input[7] = std::numeric_limits<float>::quiet_NaN();
  for (int i = 0; i < 3; ++i) CHECK(!runs->Start(2, input.data(), input.size(), [] {}), "not a number");
  input[7] = 0;
  bool refused = false;
  try {
    runs->Start(3, input.data(), input.size(), [] {});
  } catch (const ContractError&) {
    refused = true;
  }
  CHECK(refused, "a wrong size");
  Ends ends;
  CHECK(runs->Start(2, input.data(), input.size(), ends.One()), "afterwards");
  ends.Wait();
}

TEST(RunsReportWhatStepsThrow) {
  Network network = Branches();
  network.values[8] = Floats({kPicture + 1});  // not the shape that softmax writes
  Kernels kernels = Variants().back().kernels;
  kernels.threads = 2;
  const auto runs =
      std::make_shared<Runs>(std::make_shared<Program>(kernels, std::move(network)), std::make_shared<Load>());
  Ends ends;
  const std::vector<float> input = RandomInput(1);
  const auto job = runs->Start(1, input.data(), input.size(), ends.One());
  ends.Wait();
  CHECK(job->error() && job->output().size() == 0, "the step's error");
}

TEST(ArenasShareMemoryAndReshapesMoveNothing) {
  const Network network = Branches();
  const Layout layout = LayOut(network, 3);
  CHECK(layout.offsets[4] == layout.offsets[3], "floats are reshaped in place");
  CHECK(layout.offsets[6] == layout.offsets[5], "floats are reshaped in place");
  std::size_t all = 0;
  for (const ValueSpec& value : network.values) all += Buffer(value.ShapeFor(3), value.encoding).bytes();
  // At most four maps are there at a time, of the seven.
  CHECK(layout.bytes < all * 2 / 3, std::to_string(layout.bytes) + " of " + std::to_string(all));
}

TEST(NetworksThatDoNotHoldTogetherAreRefused) {
  CHECK(Refusal(Branches()).empty(), Refusal(Branches()));
  const auto broken = [](const std::function<void(Network&)>& change) {
    Network network = Branches();
    change(network);
    return Refusal(std::move(network));
  };
  const std::pair<const char*, std::function<void(Network&)>> cases[] = {
      {"step 0", [](Network& n) { std::swap(n.steps[0], n.steps[1]); }},
      {"step 2", [](Network& n) { n.steps[2].inputs = {99}; }},
      {"step 3", [](Network& n) { n.steps[3].output = 99; }},
      {"step 4", [](Network& n) { n.steps[4].output = 0; }},
      {"step 5", [](Network& n) { n.steps[5].weights = 0; }},
      {"step 6", [](Network& n) { n.steps[6].op = LayerOp{}; }},
      {"input", [](Network& n) { n.input = 2; }},
      {"output", [](Network& n) { n.output = 9; }},
      {"output", [](Network& n) { n.steps.pop_back(); }},
  };
  for (const auto& [names, change] : cases)
    CHECK(broken(change).find(names) != std::string::npos, std::string(names) + ", got: " + broken(change));
}

}  // namespace
}  // namespace test
}  // namespace apb
