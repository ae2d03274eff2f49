#include "ops/buffer.h"

#include <utility>

namespace apb {
namespace {

std::size_t Words32(const Buffer& buffer) { return (buffer.k() + 31) / 32; }

}  // namespace

Buffer::Buffer(Shape shape, std::optional<Encoding> encoding)
    : shape_(std::move(shape)), encoding_(encoding), rows_(1), k_(1) {
  SizeOf(shape_);
  if (!shape_.empty()) {
    rows_ = SizeOf(Shape(shape_.begin(), shape_.end() - 1));
    k_ = shape_.back();
  }
  if (!encoding_) {
    floats_ = AlignedArray<float>(size());
    return;
  }
  if (shape_.empty()) throw ContractError("planes need at least one axis");
  words_ = AlignedArray<std::uint64_t>(SizeOf({rows_, words_per_row()}));
}

const Encoding& Buffer::encoding() const {
  if (!encoding_) throw ContractError("planes are needed, " + ToString(shape_) + " holds floats");
  return *encoding_;
}

float* Buffer::floats() { return const_cast<float*>(static_cast<const Buffer*>(this)->floats()); }

const float* Buffer::floats() const {
  if (encoding_) throw ContractError("a float buffer is needed, " + ToString(shape_) + " holds planes");
  return floats_.data();
}

std::uint64_t* Buffer::words() {
  return const_cast<std::uint64_t*>(static_cast<const Buffer*>(this)->words());
}

const std::uint64_t* Buffer::words() const {
  encoding();
  return words_.data();
}

std::size_t CanonicalWords(const Buffer& buffer) {
  return buffer.encoding().bits * buffer.rows() * Words32(buffer);
}

void ImportPlanes(const std::uint32_t* canonical, Buffer& buffer) {
  const std::size_t narrow = Words32(buffer);
  const std::size_t wide = buffer.words_per_plane();
  const unsigned bits = buffer.encoding().bits;
  for (unsigned p = 0; p < bits; ++p)
    for (std::size_t r = 0; r < buffer.rows(); ++r) {
      const std::uint32_t* from = canonical + (p * buffer.rows() + r) * narrow;
      std::uint64_t* to = buffer.words() + (r * bits + p) * wide;
      for (std::size_t w = 0; w < wide; ++w) {
        const std::uint64_t high = 2 * w + 1 < narrow ? from[2 * w + 1] : 0;
        to[w] = from[2 * w] | (high << 32);
      }
    }
}

void ExportPlanes(const Buffer& buffer, std::uint32_t* canonical) {
  const std::size_t narrow = Words32(buffer);
  const unsigned bits = buffer.encoding().bits;
  for (unsigned p = 0; p < bits; ++p)
    for (std::size_t r = 0; r < buffer.rows(); ++r) {
      const std::uint64_t* from = buffer.words() + (r * bits + p) * buffer.words_per_plane();
      std::uint32_t* to = canonical + (p * buffer.rows() + r) * narrow;
      for (std::size_t w = 0; w < narrow; ++w)
        to[w] = static_cast<std::uint32_t>(from[w / 2] >> (32 * (w % 2)));
    }
}

void ExpectShape(const Shape& shape, const Shape& expected, const std::string& what) {
  if (shape != expected)
    throw ContractError(what + " must be " + ToString(expected) + ", got " + ToString(shape));
}

void ExpectRank(const Shape& shape, std::size_t rank, const std::string& what) {
  if (shape.size() != rank)
    throw ContractError(what + " must have " + std::to_string(rank) + " axes, got " + ToString(shape));
}

}  // namespace apb
