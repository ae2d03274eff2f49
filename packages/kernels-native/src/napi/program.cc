#include "napi/program.h"

#include <memory>
#include <utility>
#include <vector>

#include "napi/handles.h"
#include "napi/pending.h"
#include "napi/values.h"
#include "ops/network.h"
#include "ops/program.h"
#include "ops/runs.h"

namespace apb {
namespace {

constexpr double kMostBatch = 2147483647.0;

std::size_t BatchFrom(const Napi::Value& value) { return SizeFrom(value, "the batch", kMostBatch); }

Napi::Object Row(Napi::Env env, const StepTime& time) {
  auto row = Napi::Object::New(env);
  row.Set("runs", static_cast<double>(time.runs));
  row.Set("us", time.us);
  return row;
}

}  // namespace

Napi::Value Compile(const Napi::CallbackInfo& args) {
  const auto instance = InstanceOf(args[0]);
  Network network = NetworkOf(args[1]);
  if (!args[2].IsArray()) throw Napi::TypeError::New(args.Env(), "weights must be an array");
  const auto blocks = args[2].As<Napi::Array>();
  for (std::uint32_t i = 0; i < blocks.Length(); ++i) {
    Block& block = BlockOf(blocks.Get(i), *instance);
    network.weights.push_back(std::move(block.weights()));
    ReleaseBlock(args.Env(), block);
  }
  auto program = std::make_shared<Program>(instance->kernels, std::move(network));
  auto runs = std::make_shared<Runs>(std::move(program), instance->load);
  return NewBlock(args.Env(), std::make_unique<Block>(instance, std::move(runs)));
}

Napi::Value ArenaBytes(const Napi::CallbackInfo& args) {
  const auto& runs = BlockOf(args[0]).program();
  const std::size_t batch = BatchFrom(args[1]);
  if (batch < 1) throw ContractError("a batch has at least one picture");
  Program& program = runs->program();
  const std::size_t bytes = program.LayoutFor(program.SliceOf(batch))->bytes;
  return Napi::Number::New(args.Env(), static_cast<double>(bytes));
}

Napi::Value Start(const Napi::CallbackInfo& args) {
  Block& block = BlockOf(args[0]);
  const std::shared_ptr<Runs> runs = block.program();
  const std::size_t batch = BatchFrom(args[1]);
  const View<float> values = FloatsOf(args[2], "the input");
  const auto begin = [&](std::function<void()> done) {
    return runs->Start(batch, values.data, values.size, std::move(done));
  };
  const auto [id, promise] = Pending::Of(args.Env())->Add(args.Env(), begin);
  ReportBlock(args.Env(), block);
  if (!promise) return args.Env().Undefined();
  auto started = Napi::Object::New(args.Env());
  started.Set("id", static_cast<double>(id));
  started.Set("promise", promise);
  return started;
}

Napi::Value Stop(const Napi::CallbackInfo& args) {
  const std::size_t id = SizeFrom(args[0], "id", 4294967295.0);
  Pending::Of(args.Env())->Stop(static_cast<std::uint32_t>(id));
  return args.Env().Undefined();
}

Napi::Value Profile(const Napi::CallbackInfo& args) {
  const std::vector<StepTime> times = BlockOf(args[0]).program()->program().times();
  const auto rows = Napi::Array::New(args.Env(), times.size());
  for (std::size_t i = 0; i < times.size(); ++i) rows.Set(static_cast<std::uint32_t>(i), Row(args.Env(), times[i]));
  return rows;
}

}  // namespace apb
