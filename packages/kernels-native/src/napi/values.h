// JavaScript values -> native plain data. Every function throws a Napi::TypeError or ContractError that names
// the field when the value is not what the contract says.
#ifndef APB_NAPI_VALUES_H_
#define APB_NAPI_VALUES_H_

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>

#include "ops/network.h"
#include "ops/op.h"
#include "ops/types.h"
#include "ops/weights.h"

namespace apb {

// A view of a typed array's elements; valid until JavaScript runs again.
template <typename T>
struct View {
  T* data;
  std::size_t size;
};

View<float> FloatsOf(const Napi::Value& value, const char* what);
View<std::uint32_t> WordsOf(const Napi::Value& value, const char* what);
View<std::int32_t> IntegersOf(const Napi::Value& value, const char* what);

std::string StringOf(const Napi::Value& value, const char* what);
// A whole number from 0 to `most`.
std::size_t SizeFrom(const Napi::Value& value, const char* what, double most);

Shape ShapeOf(const Napi::Value& value);
Encoding EncodingOf(const Napi::Value& value);
ConvGeometry ConvGeometryOf(const Napi::Value& value);
Op OpOf(const Napi::Value& value);
// A plan without its weights; CheckNetwork is still to be called.
Network NetworkOf(const Napi::Value& value);
// Points into the typed arrays of `value`; checks that planes are as long as rows and k demand.
SourceWeights SourceWeightsOf(const Napi::Value& value);

}  // namespace apb

#endif  // APB_NAPI_VALUES_H_
