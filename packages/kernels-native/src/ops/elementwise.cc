#include "ops/elementwise.h"

#include <algorithm>
#include <cmath>

#include "base/pool.h"
#include "ops/activation.h"
#include "ops/check.h"

namespace apb {

void RunAdd(std::size_t threads, const Activation& activation, const Buffer& a, const Buffer& b, Buffer& out) {
  ExpectShape(b.shape(), a.shape(), "the second input of add");
  ExpectShape(out.shape(), a.shape(), "the output of add");
  CheckActivation(activation, a.k());
  const float* x = a.floats();
  const float* y = b.floats();
  float* to = out.floats();
  ParallelRows(threads, a.rows(), a.k(), [&](std::size_t first, std::size_t rows) {
    const std::size_t begin = first * a.k(), end = begin + rows * a.k();
    for (std::size_t i = begin; i < end; ++i) to[i] = x[i] + y[i];
    Activate(activation, a.k(), to + begin, end - begin);
  });
}

void RunAffine(std::size_t threads, const std::vector<float>& scale, const std::vector<float>& shift,
               const Activation& activation, const Buffer& x, Buffer& out) {
  ExpectShape(out.shape(), x.shape(), "the output of affine");
  CheckChannels(scale, x.k(), "affine scale");
  CheckChannels(shift, x.k(), "affine shift");
  CheckActivation(activation, x.k());
  const float* values = x.floats();
  float* results = out.floats();
  ParallelRows(threads, x.rows(), x.k(), [&](std::size_t first, std::size_t rows) {
    for (std::size_t row = first; row < first + rows; ++row) {
      const float* from = values + row * x.k();
      float* to = results + row * x.k();
      for (std::size_t c = 0; c < x.k(); ++c) to[c] = from[c] * scale[c] + shift[c];
    }
    Activate(activation, x.k(), results + first * x.k(), rows * x.k());
  });
}

void RunActivate(std::size_t threads, const Activation& activation, const Buffer& x, Buffer& out) {
  ExpectShape(out.shape(), x.shape(), "the output of activate");
  CheckActivation(activation, x.k());
  const float* values = x.floats();
  float* results = out.floats();
  ParallelRows(threads, x.rows(), x.k(), [&](std::size_t first, std::size_t rows) {
    const std::size_t begin = first * x.k(), size = rows * x.k();
    std::copy(values + begin, values + begin + size, results + begin);
    Activate(activation, x.k(), results + begin, size);
  });
}

void RunSoftmax(std::size_t threads, const Buffer& x, Buffer& out) {
  if (x.shape().empty()) throw ContractError("softmax needs at least one axis");
  ExpectShape(out.shape(), x.shape(), "the output of softmax");
  const float* values = x.floats();
  float* results = out.floats();
  if (x.k() == 0) return;
  ParallelRows(threads, x.rows(), x.k(), [&](std::size_t first, std::size_t rows) {
    std::vector<double> powers(x.k());
    for (std::size_t row = first; row < first + rows; ++row) {
      const float* from = values + row * x.k();
      float* to = results + row * x.k();
      const double top = *std::max_element(from, from + x.k());
      double sum = 0;
      for (std::size_t c = 0; c < x.k(); ++c) sum += powers[c] = std::exp(static_cast<double>(from[c]) - top);
      for (std::size_t c = 0; c < x.k(); ++c) to[c] = static_cast<float>(powers[c] / sum);
    }
  });
}

}  // namespace apb
