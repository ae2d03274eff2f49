#include "ops/elementwise.h"

#include <algorithm>
#include <cmath>

#include "ops/activation.h"
#include "ops/check.h"

namespace apb {

void RunAdd(const Activation& activation, const Buffer& a, const Buffer& b, Buffer& out) {
  ExpectShape(b.shape(), a.shape(), "the second input of add");
  ExpectShape(out.shape(), a.shape(), "the output of add");
  CheckActivation(activation, a.k());
  const float* x = a.floats();
  const float* y = b.floats();
  float* to = out.floats();
  for (std::size_t i = 0; i < a.size(); ++i) to[i] = x[i] + y[i];
  Activate(activation, a.k(), to, a.size());
}

void RunAffine(const std::vector<float>& scale, const std::vector<float>& shift, const Activation& activation,
               const Buffer& x, Buffer& out) {
  ExpectShape(out.shape(), x.shape(), "the output of affine");
  CheckChannels(scale, x.k(), "affine scale");
  CheckChannels(shift, x.k(), "affine shift");
  CheckActivation(activation, x.k());
  for (std::size_t row = 0; row < x.rows(); ++row) {
    const float* from = x.floats() + row * x.k();
    float* to = out.floats() + row * x.k();
    for (std::size_t c = 0; c < x.k(); ++c) to[c] = from[c] * scale[c] + shift[c];
  }
  Activate(activation, x.k(), out.floats(), x.size());
}

void RunActivate(const Activation& activation, const Buffer& x, Buffer& out) {
  ExpectShape(out.shape(), x.shape(), "the output of activate");
  CheckActivation(activation, x.k());
  std::copy(x.floats(), x.floats() + x.size(), out.floats());
  Activate(activation, x.k(), out.floats(), x.size());
}

void RunSoftmax(const Buffer& x, Buffer& out) {
  if (x.shape().empty()) throw ContractError("softmax needs at least one axis");
  ExpectShape(out.shape(), x.shape(), "the output of softmax");
  std::vector<double> powers(x.k());
  for (std::size_t row = 0; x.k() > 0 && row < x.rows(); ++row) {
    const float* from = x.floats() + row * x.k();
    float* to = out.floats() + row * x.k();
    const double top = *std::max_element(from, from + x.k());
    double sum = 0;
    for (std::size_t c = 0; c < x.k(); ++c) sum += powers[c] = std::exp(static_cast<double>(from[c]) - top);
    for (std::size_t c = 0; c < x.k(); ++c) to[c] = static_cast<float>(powers[c] / sum);
  }
}

}  // namespace apb
