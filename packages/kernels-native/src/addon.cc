// The N-API surface: takes arguments apart, calls the native library, turns its exceptions into JavaScript's.
// src/addon.ts declares the same functions for TypeScript.
#include <napi.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <utility>

#include "base/cpu.h"
#include "base/finite.h"
#include "base/pool.h"
#include "kernels/kernels.h"
#include "napi/bench.h"
#include "napi/errors.h"
#include "napi/handles.h"
#include "napi/program.h"
#include "napi/values.h"
#include "ops/check.h"
#include "ops/layer.h"
#include "ops/op.h"

namespace apb {
namespace {

using Arguments = Napi::CallbackInfo;

// isas(): string[], best first.
Napi::Value Isas(const Arguments& args) {
  const std::vector<std::string> names = UsableIsas(DetectCpu());
  Napi::Array list = Napi::Array::New(args.Env(), names.size());
  for (std::uint32_t i = 0; i < names.size(); ++i) list.Set(i, names[i]);
  return list;
}

// open(isa, threads): Instance
Napi::Value Open(const Arguments& args) {
  Kernels kernels = SelectKernels(StringOf(args[0], "isa"), DetectCpu());
  kernels.threads = std::max<std::size_t>(SizeFrom(args[1], "threads", static_cast<double>(kMostThreads)), 1);
  return NewInstance(args.Env(), kernels);
}

// close(instance): frees the memory of all its buffers and weights.
Napi::Value Close(const Arguments& args) {
  for (Block* block : InstanceOf(args[0])->blocks) ReleaseBlock(args.Env(), *block);
  return args.Env().Undefined();
}

// alloc(instance, shape, encoding | undefined): Block
Napi::Value Alloc(const Arguments& args) {
  std::optional<Encoding> encoding;
  if (!args[2].IsUndefined()) {
    encoding = EncodingOf(args[2]);
    CheckEncoding(*encoding);
  }
  return NewBlock(args.Env(), std::make_unique<Block>(InstanceOf(args[0]), Buffer(ShapeOf(args[1]), encoding)));
}

// release(block): frees its memory.
Napi::Value Release(const Arguments& args) {
  ReleaseBlock(args.Env(), BlockOf(args[0]));
  return args.Env().Undefined();
}

// bytes(block): number
Napi::Value Bytes(const Arguments& args) {
  return Napi::Number::New(args.Env(), static_cast<double>(BlockOf(args[0]).bytes()));
}

// Throws unless an array has as many elements as a buffer holds.
void ExpectLength(std::size_t length, std::size_t expected) {
  if (length != expected)
    throw ContractError("the buffer holds " + std::to_string(expected) + " elements, the array " +
                        std::to_string(length));
}

// write(block, Float32Array): boolean; whether all values are finite.
Napi::Value Write(const Arguments& args) {
  Buffer& buffer = BlockOf(args[0]).buffer();
  const View<float> values = FloatsOf(args[1], "values");
  float* to = buffer.floats();
  ExpectLength(values.size, buffer.size());
  return Napi::Boolean::New(args.Env(), CopyFinite(values.data, to, values.size));
}

// read(block, Float32Array)
Napi::Value Read(const Arguments& args) {
  const Buffer& buffer = BlockOf(args[0]).buffer();
  const View<float> values = FloatsOf(args[1], "values");
  const float* from = buffer.floats();
  ExpectLength(values.size, buffer.size());
  if (values.size > 0) std::memcpy(values.data, from, values.size * sizeof(float));
  return args.Env().Undefined();
}

// writePlanes(block, Uint32Array)
Napi::Value WritePlanes(const Arguments& args) {
  Buffer& buffer = BlockOf(args[0]).buffer();
  const View<std::uint32_t> words = WordsOf(args[1], "planes");
  ExpectLength(words.size, CanonicalWords(buffer));
  ImportPlanes(words.data, buffer);
  return args.Env().Undefined();
}

// readPlanes(block, Uint32Array)
Napi::Value ReadPlanes(const Arguments& args) {
  const Buffer& buffer = BlockOf(args[0]).buffer();
  const View<std::uint32_t> words = WordsOf(args[1], "planes");
  ExpectLength(words.size, CanonicalWords(buffer));
  ExportPlanes(buffer, words.data);
  return args.Env().Undefined();
}

// prepare(instance, source weights, activation bits, geometry | undefined): Block
Napi::Value Prepare(const Arguments& args) {
  std::optional<ConvGeometry> geometry;
  if (!args[3].IsUndefined()) geometry = ConvGeometryOf(args[3]);
  const unsigned bits = static_cast<unsigned>(SizeFrom(args[2], "activationBits", 32));
  const auto instance = InstanceOf(args[0]);
  Weights weights = PackWeights(SourceWeightsOf(args[1]), bits, geometry, instance->kernels);
  return NewBlock(args.Env(), std::make_unique<Block>(instance, std::move(weights)));
}

// gemmInt(instance, activations, weights, Int32Array)
Napi::Value GemmInt(const Arguments& args) {
  const auto instance = InstanceOf(args[0]);
  const View<std::int32_t> out = IntegersOf(args[3], "the output of gemmInt");
  RunGemmInt(instance->kernels, BlockOf(args[1], *instance).buffer(), BlockOf(args[2], *instance).weights(), out.data,
             out.size);
  return args.Env().Undefined();
}

// run(instance, op, inputs, output, weights | undefined)
Napi::Value RunOp(const Arguments& args) {
  const auto instance = InstanceOf(args[0]);
  const Op op = OpOf(args[1]);
  if (!args[2].IsArray()) throw Napi::TypeError::New(args.Env(), "inputs must be an array");
  const auto inputs = args[2].As<Napi::Array>();
  Operands operands = {{}, &BlockOf(args[3], *instance).buffer(), nullptr};
  for (std::uint32_t i = 0; i < inputs.Length(); ++i)
    operands.inputs.push_back(&BlockOf(inputs.Get(i), *instance).buffer());
  if (!args[4].IsUndefined()) operands.weights = &BlockOf(args[4], *instance).weights();
  Run(instance->kernels, op, operands);
  return args.Env().Undefined();
}

// No C++ exception may pass through the engine; node-addon-api itself carries Napi::Error over.
template <Napi::Value (*function)(const Arguments&)>
Napi::Value Guarded(const Arguments& args) {
  try {
    return function(args);
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw ErrorOf(args.Env(), std::current_exception());
  }
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, Napi::Value (*function)(const Arguments&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("isas", Guarded<Isas>);
  add("open", Guarded<Open>);
  add("close", Guarded<Close>);
  add("alloc", Guarded<Alloc>);
  add("release", Guarded<Release>);
  add("bytes", Guarded<Bytes>);
  add("write", Guarded<Write>);
  add("read", Guarded<Read>);
  add("writePlanes", Guarded<WritePlanes>);
  add("readPlanes", Guarded<ReadPlanes>);
  add("prepare", Guarded<Prepare>);
  add("gemmInt", Guarded<GemmInt>);
  add("run", Guarded<RunOp>);
  add("compile", Guarded<Compile>);
  add("arenaBytes", Guarded<ArenaBytes>);
  add("start", Guarded<Start>);
  add("stop", Guarded<Stop>);
  add("profile", Guarded<Profile>);
  add("bench", Guarded<Bench>);
  return exports;
}

}  // namespace
}  // namespace apb

// At global scope, where the macro declares its C functions.
static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) { return apb::Init(env, exports); }
NODE_API_MODULE(apb_kernels_native, InitAddon)
