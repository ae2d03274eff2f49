#include "ops/layout.h"

#include <algorithm>
#include <cstring>

#include "ops/copy_bits.h"

namespace apb {
namespace {

template <typename T>
void CopyValues(const T* from, T* to, std::size_t count) {
  if (count > 0) std::memcpy(to, from, count * sizeof(T));
}

// Rows of k bits become rows of another length: copied run by run, each within one row on either side.
void ReshapePlanes(const Buffer& x, Buffer& out) {
  std::fill(out.words(), out.words() + out.rows() * out.words_per_row(), 0);
  const std::size_t total = x.size();
  for (std::size_t at = 0; at < total;) {
    const std::size_t source = at % x.k();
    const std::size_t target = at % out.k();
    const std::size_t run = std::min(x.k() - source, out.k() - target);
    const std::uint64_t* from = x.words() + at / x.k() * x.words_per_row();
    std::uint64_t* to = out.words() + at / out.k() * out.words_per_row();
    for (unsigned p = 0; p < x.encoding().bits; ++p)
      CopyBits(from + p * x.words_per_plane(), source, to + p * out.words_per_plane(), target, run);
    at += run;
  }
}

}  // namespace

void RunSubsample(const Pair& strides, const Buffer& x, Buffer& out) {
  if (strides.y < 1 || strides.x < 1) throw ContractError("strides must be at least 1");
  const Shape& s = x.shape();
  ExpectRank(s, 4, "the input of subsample");
  const std::size_t height = (s[1] + strides.y - 1) / strides.y;
  const std::size_t width = (s[2] + strides.x - 1) / strides.x;
  ExpectShape(out.shape(), {s[0], height, width, s[3]}, "the output of subsample");
  float* to = out.floats();
  for (std::size_t n = 0; n < s[0]; ++n)
    for (std::size_t y = 0; y < height; ++y)
      for (std::size_t column = 0; column < width; ++column, to += s[3])
        CopyValues(x.floats() + ((n * s[1] + y * strides.y) * s[2] + column * strides.x) * s[3], to, s[3]);
}

void RunPadChannels(std::size_t before, std::size_t after, const Buffer& x, Buffer& out) {
  Shape expected = x.shape();
  if (expected.empty()) throw ContractError("padChannels needs at least one axis");
  expected.back() += before + after;
  ExpectShape(out.shape(), expected, "the output of padChannels");
  const float* from = x.floats();
  float* to = out.floats();
  for (std::size_t row = 0; row < x.rows(); ++row, from += x.k(), to += out.k()) {
    std::fill(to, to + before, 0.0f);
    CopyValues(from, to + before, x.k());
    std::fill(to + before + x.k(), to + out.k(), 0.0f);
  }
}

void RunReshape(const Buffer& x, Buffer& out) {
  if (x.size() != out.size())
    throw ContractError(ToString(x.shape()) + " cannot be reshaped to " + ToString(out.shape()));
  if (x.is_float()) return CopyValues(x.floats(), out.floats(), x.size());
  if (!(x.encoding() == out.encoding())) throw ContractError("reshape cannot change the encoding of planes");
  if (x.is_bytes()) return CopyValues(x.codes(), out.codes(), x.size());
  ReshapePlanes(x, out);
}

}  // namespace apb
