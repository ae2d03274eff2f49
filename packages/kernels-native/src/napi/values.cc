#include "napi/values.h"

#include <cmath>

namespace apb {
namespace {

// Bound of geometry fields, so that products of two of them cannot overflow.
constexpr double kMostPixels = 2147483647.0;

[[noreturn]] void Refuse(const Napi::Value& value, const std::string& what, const char* expected) {
  throw Napi::TypeError::New(value.Env(), what + " must be " + expected);
}

template <typename T>
View<T> ViewOf(const Napi::Value& value, napi_typedarray_type type, const char* what, const char* expected) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) Refuse(value, what, expected);
  auto array = value.As<Napi::TypedArrayOf<T>>();
  return {array.Data(), array.ElementLength()};
}

Napi::Object ObjectOf(const Napi::Value& value, const char* what) {
  if (!value.IsObject()) Refuse(value, what, "an object");
  return value.As<Napi::Object>();
}

Napi::Number NumberOf(const Napi::Object& object, const char* field) {
  const Napi::Value value = object.Get(field);
  if (!value.IsNumber()) Refuse(value, field, "a number");
  return value.As<Napi::Number>();
}

// Rounds to float32.
float FloatOf(const Napi::Object& object, const char* field) { return NumberOf(object, field).FloatValue(); }

// Quantizers and encodings are float32 values to begin with: rounding one here would change what it stands
// for.
float ExactOf(const Napi::Object& object, const char* field) {
  const Napi::Number number = NumberOf(object, field);
  const float value = number.FloatValue();
  if (static_cast<double>(value) != number.DoubleValue())
    throw ContractError(std::string(field) + " " + number.ToString().Utf8Value() +
                        " is not a finite float32 value; round it with Math.fround");
  return value;
}

std::size_t SizeOf(const Napi::Object& object, const char* field) {
  return SizeFrom(object.Get(field), field, kMostPixels);
}

std::vector<float> VectorOf(const Napi::Object& object, const char* field) {
  const View<float> view = FloatsOf(object.Get(field), field);
  return std::vector<float>(view.data, view.data + view.size);
}

std::string KindOf(const Napi::Object& object) { return StringOf(object.Get("kind"), "kind"); }

Napi::Array ArrayOf(const Napi::Object& object, const char* field, std::uint32_t length) {
  const Napi::Value value = object.Get(field);
  if (!value.IsArray()) Refuse(value, field, "an array");
  const auto array = value.As<Napi::Array>();
  if (array.Length() != length)
    throw ContractError(std::string(field) + " must have " + std::to_string(length) + " numbers, got " +
                        std::to_string(array.Length()));
  return array;
}

Pair PairOf(const Napi::Object& object, const char* field) {
  const Napi::Array array = ArrayOf(object, field, 2);
  return {SizeFrom(array.Get(0u), field, kMostPixels), SizeFrom(array.Get(1u), field, kMostPixels)};
}

Pads PadsOf(const Napi::Object& object) {
  const Napi::Array array = ArrayOf(object, "pads", 4);
  const auto at = [&](std::uint32_t i) { return SizeFrom(array.Get(i), "pads", kMostPixels); };
  return {at(0), at(1), at(2), at(3)};
}

PoolGeometry PoolGeometryOf(const Napi::Object& op) {
  const Napi::Object geometry = ObjectOf(op.Get("geometry"), "geometry");
  return {PairOf(geometry, "window"), PairOf(geometry, "strides"), PadsOf(geometry)};
}

Activation ActivationOf(const Napi::Object& op) {
  const Napi::Object object = ObjectOf(op.Get("activation"), "activation");
  const std::string kind = KindOf(object);
  Activation activation;
  if (kind == "none") return activation;
  if (kind == "relu") {
    activation.kind = Activation::Kind::kRelu;
  } else if (kind == "clamp") {
    activation.kind = Activation::Kind::kClamp;
    activation.min = FloatOf(object, "min");
    activation.max = FloatOf(object, "max");
  } else if (kind == "prelu") {
    activation.kind = Activation::Kind::kPrelu;
    activation.slopes = VectorOf(object, "slopes");
  } else {
    throw ContractError("unknown activation " + kind);
  }
  return activation;
}

Quantizer QuantizerOf(const Napi::Value& value) {
  const Napi::Object object = ObjectOf(value, "quantizer");
  const std::string kind = KindOf(object);
  if (kind == "sign") return {{true, 1, 0, ExactOf(object, "scale")}, 0, 0, 0};
  if (kind != "code") throw ContractError("quantizer kind is " + kind + ", not sign or code");
  const unsigned bits = static_cast<unsigned>(SizeOf(object, "bits"));
  return {{false, bits, ExactOf(object, "base"), ExactOf(object, "step")},
          ExactOf(object, "lo"),
          ExactOf(object, "hi"),
          ExactOf(object, "inv")};
}

Epilogue EpilogueOf(const Napi::Object& op) {
  const Napi::Object object = ObjectOf(op.Get("epilogue"), "epilogue");
  Epilogue epilogue = {VectorOf(object, "scale"), VectorOf(object, "shift"), ActivationOf(object), std::nullopt};
  const Napi::Value quantizer = object.Get("quantizer");
  if (!quantizer.IsUndefined()) epilogue.quantizer = QuantizerOf(quantizer);
  return epilogue;
}

// Index of a plan.
std::size_t IndexOf(const Napi::Value& value, const char* what) { return SizeFrom(value, what, 4294967295.0); }

// Calls take(element) for each element of an array.
template <typename Take>
void ForEachIn(const Napi::Object& object, const char* field, Take take) {
  const Napi::Value value = object.Get(field);
  if (!value.IsArray()) Refuse(value, field, "an array");
  const auto array = value.As<Napi::Array>();
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::HandleScope scope(object.Env());
    take(array.Get(i));
  }
}

ValueSpec ValueSpecOf(const Napi::Value& value) {
  const Napi::Object object = ObjectOf(value, "a buffer of the plan");
  ValueSpec spec = {ShapeOf(object.Get("shape")), std::nullopt};
  if (KindOf(object) == "planes") spec.encoding = EncodingOf(object.Get("encoding"));
  return spec;
}

Step StepOf(const Napi::Value& value) {
  const Napi::Object object = ObjectOf(value, "a step of the plan");
  Step step = {OpOf(object.Get("op")), {}, IndexOf(object.Get("output"), "output"), std::nullopt};
  ForEachIn(object, "inputs", [&](const Napi::Value& input) { step.inputs.push_back(IndexOf(input, "inputs")); });
  const Napi::Value weights = object.Get("weights");
  if (!weights.IsUndefined()) step.weights = IndexOf(weights, "weights");
  return step;
}

}  // namespace

View<float> FloatsOf(const Napi::Value& value, const char* what) {
  return ViewOf<float>(value, napi_float32_array, what, "a Float32Array");
}

View<std::uint32_t> WordsOf(const Napi::Value& value, const char* what) {
  return ViewOf<std::uint32_t>(value, napi_uint32_array, what, "a Uint32Array");
}

View<std::int32_t> IntegersOf(const Napi::Value& value, const char* what) {
  return ViewOf<std::int32_t>(value, napi_int32_array, what, "an Int32Array");
}

std::string StringOf(const Napi::Value& value, const char* what) {
  if (!value.IsString()) Refuse(value, what, "a string");
  return value.As<Napi::String>().Utf8Value();
}

std::size_t SizeFrom(const Napi::Value& value, const char* what, double most) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(number >= 0) || number > most || number != std::floor(number))
    throw ContractError(std::string(what) + " must be a whole number from 0 to " + std::to_string(most) + ", got " +
                        value.ToString().Utf8Value());
  return static_cast<std::size_t>(number);
}

Shape ShapeOf(const Napi::Value& value) {
  if (!value.IsArray()) Refuse(value, "shape", "an array");
  const auto array = value.As<Napi::Array>();
  Shape shape;
  for (std::uint32_t i = 0; i < array.Length(); ++i)
    shape.push_back(SizeFrom(array.Get(i), "an axis", 9007199254740991.0));
  return shape;
}

Encoding EncodingOf(const Napi::Value& value) {
  const Napi::Object object = ObjectOf(value, "encoding");
  const std::string kind = KindOf(object);
  const unsigned bits = static_cast<unsigned>(SizeOf(object, "bits"));
  if (kind == "sign") return {true, bits, 0, ExactOf(object, "scale")};
  if (kind != "code") throw ContractError("encoding kind is " + kind + ", not sign or code");
  return {false, bits, ExactOf(object, "base"), ExactOf(object, "step")};
}

ConvGeometry ConvGeometryOf(const Napi::Value& value) {
  const Napi::Object object = ObjectOf(value, "geometry");
  ConvGeometry g;
  g.in_channels = SizeOf(object, "inChannels");
  g.out_channels = SizeOf(object, "outChannels");
  g.groups = SizeOf(object, "groups");
  g.kernel = PairOf(object, "kernel");
  g.strides = PairOf(object, "strides");
  g.dilations = PairOf(object, "dilations");
  g.pads = PadsOf(object);
  return g;
}

Op OpOf(const Napi::Value& value) {
  const Napi::Object op = ObjectOf(value, "op");
  const std::string name = StringOf(op.Get("op"), "op");
  if (name == "gemm" || name == "conv2d") return LayerOp{name == "conv2d", EpilogueOf(op)};
  if (name == "quantize") return QuantizeOp{QuantizerOf(op.Get("quantizer"))};
  if (name == "dequantize") return DequantizeOp{};
  if (name == "maxPool") return MaxPoolOp{PoolGeometryOf(op)};
  if (name == "avgPool") return AvgPoolOp{PoolGeometryOf(op), op.Get("countPadding").ToBoolean().Value()};
  if (name == "globalAvgPool") return GlobalAvgPoolOp{};
  if (name == "add") return AddOp{ActivationOf(op)};
  if (name == "affine") return AffineOp{VectorOf(op, "scale"), VectorOf(op, "shift"), ActivationOf(op)};
  if (name == "activate") return ActivateOp{ActivationOf(op)};
  if (name == "subsample") return SubsampleOp{PairOf(op, "strides")};
  if (name == "padChannels") return PadChannelsOp{SizeOf(op, "before"), SizeOf(op, "after")};
  if (name == "reshape") return ReshapeOp{};
  if (name == "softmax") return SoftmaxOp{};
  throw ContractError("the native backend has no operation " + name);
}

Network NetworkOf(const Napi::Value& value) {
  const Napi::Object plan = ObjectOf(value, "plan");
  Network network;
  ForEachIn(plan, "buffers", [&](const Napi::Value& buffer) { network.values.push_back(ValueSpecOf(buffer)); });
  ForEachIn(plan, "steps", [&](const Napi::Value& step) { network.steps.push_back(StepOf(step)); });
  network.input = IndexOf(plan.Get("input"), "input");
  network.output = IndexOf(plan.Get("output"), "output");
  return network;
}

SourceWeights SourceWeightsOf(const Napi::Value& value) {
  const Napi::Object object = ObjectOf(value, "weights");
  SourceWeights source;
  source.rows = SizeOf(object, "rows");
  source.k = SizeOf(object, "k");
  source.bits = static_cast<unsigned>(SizeOf(object, "bits"));
  const View<float> values = FloatsOf(object.Get("values"), "values");
  source.values = values.data;
  source.value_count = values.size;
  if (source.bits == 32) return source;
  const View<std::uint32_t> planes = WordsOf(object.Get("planes"), "planes");
  const View<float> scales = FloatsOf(object.Get("scales"), "scales");
  const View<std::uint32_t> positions = WordsOf(object.Get("positions"), "positions");
  if (source.bits != 1 && source.bits != 2) throw ContractError("weights have 1, 2 or 32 bits");
  if (planes.size != source.bits * source.rows * ((source.k + 31) / 32))
    throw ContractError("the planes of the weights have the wrong length");
  if (positions.size != values.size)
    throw ContractError(std::to_string(positions.size) + " positions do not match " + std::to_string(values.size) +
                        " full-precision values");
  source.planes = planes.data;
  source.scales = scales.data;
  source.scale_count = scales.size;
  source.positions = positions.data;
  return source;
}

}  // namespace apb
