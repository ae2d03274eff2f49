#include "ops/buffer.h"

#include <algorithm>
#include <utility>

namespace apb {
namespace {

std::size_t Words32(const Buffer& buffer) { return (buffer.k() + 31) / 32; }

// Bit j of byte i becomes bit i of byte j (Warren, Hacker's Delight, section 7-3).
std::uint64_t TransposeBits(std::uint64_t x) {
  std::uint64_t t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aau;
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & 0x0000cccc0000ccccu;
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0u;
  return x ^ t ^ (t << 28);
}

// Calls visit(row, column, canonical index of the first plane's word, shift within it) for every eight
// columns.
template <typename Visit>
void ForEachEight(const Buffer& buffer, Visit visit) {
  const std::size_t narrow = Words32(buffer);
  for (std::size_t r = 0; r < buffer.rows(); ++r)
    for (std::size_t column = 0; column < buffer.k(); column += 8)
      visit(r, column, r * narrow + column / 32, column % 32);
}

void ImportBytes(const std::uint32_t* canonical, Buffer& buffer) {
  const std::size_t plane = buffer.rows() * Words32(buffer);
  ForEachEight(buffer, [&](std::size_t row, std::size_t column, std::size_t word, std::size_t shift) {
    std::uint64_t eight = 0;
    for (std::size_t p = 0; p < 8; ++p) eight |= std::uint64_t{(canonical[p * plane + word] >> shift) & 255} << (8 * p);
    eight = TransposeBits(eight);
    std::uint8_t* to = buffer.codes() + row * buffer.k() + column;
    for (std::size_t i = 0; i < 8 && column + i < buffer.k(); ++i) to[i] = static_cast<std::uint8_t>(eight >> (8 * i));
  });
}

void ExportBytes(const Buffer& buffer, std::uint32_t* canonical) {
  const std::size_t plane = buffer.rows() * Words32(buffer);
  std::fill(canonical, canonical + CanonicalWords(buffer), 0);
  ForEachEight(buffer, [&](std::size_t row, std::size_t column, std::size_t word, std::size_t shift) {
    std::uint64_t eight = 0;
    const std::uint8_t* from = buffer.codes() + row * buffer.k() + column;
    for (std::size_t i = 0; i < 8 && column + i < buffer.k(); ++i) eight |= std::uint64_t{from[i]} << (8 * i);
    eight = TransposeBits(eight);
    for (std::size_t p = 0; p < 8; ++p)
      canonical[p * plane + word] |= static_cast<std::uint32_t>((eight >> (8 * p)) & 255) << shift;
  });
}

}  // namespace

Buffer::Buffer(Shape shape, std::optional<Encoding> encoding, void* memory)
    : shape_(std::move(shape)), encoding_(encoding), data_(memory) {
  const std::size_t values = SizeOf(shape_);
  if (!shape_.empty()) {
    rows_ = SizeOf(Shape(shape_.begin(), shape_.end() - 1));
    k_ = shape_.back();
  } else if (encoding_) {
    throw ContractError("planes need at least one axis");
  }
  if (is_float())
    bytes_ = values * sizeof(float);
  else
    bytes_ = is_bytes() ? values : SizeOf({rows_, words_per_row()}) * sizeof(std::uint64_t);
}

Buffer::Buffer(Shape shape, std::optional<Encoding> encoding) : Buffer(std::move(shape), encoding, nullptr) {
  own_ = AlignedArray<std::uint8_t>(bytes_);
  data_ = own_.data();
}

const Encoding& Buffer::encoding() const {
  if (!encoding_) throw ContractError("planes are needed, " + ToString(shape_) + " holds floats");
  return *encoding_;
}

float* Buffer::floats() { return const_cast<float*>(static_cast<const Buffer*>(this)->floats()); }

const float* Buffer::floats() const {
  if (encoding_) throw ContractError("a float buffer is needed, " + ToString(shape_) + " holds planes");
  return static_cast<const float*>(data_);
}

std::uint64_t* Buffer::words() { return const_cast<std::uint64_t*>(static_cast<const Buffer*>(this)->words()); }

const std::uint64_t* Buffer::words() const {
  encoding();
  return static_cast<const std::uint64_t*>(data_);
}

std::uint8_t* Buffer::codes() { return const_cast<std::uint8_t*>(static_cast<const Buffer*>(this)->codes()); }

const std::uint8_t* Buffer::codes() const {
  encoding();
  return static_cast<const std::uint8_t*>(data_);
}

std::size_t CanonicalWords(const Buffer& buffer) { return buffer.encoding().bits * buffer.rows() * Words32(buffer); }

void ImportPlanes(const std::uint32_t* canonical, Buffer& buffer) {
  if (buffer.is_bytes()) return ImportBytes(canonical, buffer);
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
  if (buffer.is_bytes()) return ExportBytes(buffer, canonical);
  const std::size_t narrow = Words32(buffer);
  const unsigned bits = buffer.encoding().bits;
  for (unsigned p = 0; p < bits; ++p)
    for (std::size_t r = 0; r < buffer.rows(); ++r) {
      const std::uint64_t* from = buffer.words() + (r * bits + p) * buffer.words_per_plane();
      std::uint32_t* to = canonical + (p * buffer.rows() + r) * narrow;
      for (std::size_t w = 0; w < narrow; ++w) to[w] = static_cast<std::uint32_t>(from[w / 2] >> (32 * (w % 2)));
    }
}

void ExpectShape(const Shape& shape, const Shape& expected, const std::string& what) {
  if (shape != expected) throw ContractError(what + " must be " + ToString(expected) + ", got " + ToString(shape));
}

void ExpectRank(const Shape& shape, std::size_t rank, const std::string& what) {
  if (shape.size() != rank)
    throw ContractError(what + " must have " + std::to_string(rank) + " axes, got " + ToString(shape));
}

}  // namespace apb
