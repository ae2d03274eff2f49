#include "napi/bench.h"

#include <string>
#include <vector>

#include "bench/bench.h"
#include "napi/handles.h"
#include "napi/values.h"

namespace apb {
namespace {

// Shapes beyond these would take more memory than a benchmark should.
constexpr double kMostSide = 1 << 20;
constexpr double kMostMilliseconds = 60000;

Napi::Value ToArray(Napi::Env env, const std::vector<Timing>& timings) {
  const auto array = Napi::Array::New(env, timings.size());
  for (std::size_t i = 0; i < timings.size(); ++i) {
    auto row = Napi::Object::New(env);
    row.Set("variant", timings[i].variant);
    row.Set("us", timings[i].us);
    row.Set("packUs", timings[i].pack_us);
    array.Set(static_cast<std::uint32_t>(i), row);
  }
  return array;
}

std::vector<double> SharesOf(const Napi::Value& value) {
  std::vector<double> shares;
  if (!value.IsArray()) return shares;
  const auto array = value.As<Napi::Array>();
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const double share = array.Get(i).ToNumber().DoubleValue();
    if (!(share >= 0 && share <= 1)) throw ContractError("a share must be from 0 to 1");
    shares.push_back(share);
  }
  return shares;
}

}  // namespace

Napi::Value Bench(const Napi::CallbackInfo& args) {
  const auto instance = InstanceOf(args[0]);
  const Kernels& kernels = instance->kernels;
  const std::string what = StringOf(args[1], "what");
  const auto size = [&](std::size_t i, const char* name) { return SizeFrom(args[i], name, kMostSide); };
  const auto a = static_cast<unsigned>(size(2, "a")), b = static_cast<unsigned>(size(3, "b"));
  const double milliseconds = static_cast<double>(SizeFrom(args[7], "milliseconds", kMostMilliseconds));
  if (what == "ceiling") return Napi::Number::New(args.Env(), MeasureCeiling(kernels, a == 0, milliseconds));
  if (what == "quantize")
    return ToArray(args.Env(), BenchQuantize(kernels, SizeFrom(args[6], "n", 1 << 28), milliseconds));
  const ProductShape shape = {size(4, "m"), size(5, "k"), size(6, "n")};
  if (shape.m < 1 || shape.k < 1 || shape.n < 1) throw ContractError("m, k and n must be at least 1");
  if (what == "bits") return ToArray(args.Env(), BenchBits(kernels, a, b, shape, milliseconds));
  if (what == "wide") return ToArray(args.Env(), BenchWide(kernels, b, shape, milliseconds));
  if (what == "sparse") return ToArray(args.Env(), BenchSparse(kernels, shape, SharesOf(args[8]), milliseconds));
  if (what == "convolution") return ToArray(args.Env(), BenchConvolution(kernels, b, shape, milliseconds));
  throw ContractError("there is no benchmark " + what);
}

}  // namespace apb
