// Activations between operations.
#ifndef APB_OPS_BUFFER_H_
#define APB_OPS_BUFFER_H_

#include <cstdint>
#include <optional>

#include "base/aligned.h"
#include "ops/types.h"

namespace apb {

// Row-major floats, or codes with one row per pixel (product of the leading axes) and k = last axis.
// Codes of up to 4 bits lie as planes, [rows][bits][words of 64 bits], padding bits zero: one pixel's bits
// are together. Codes of 8 bits lie as bytes, [rows][k]: processors multiply bytes faster than eight planes.
class Buffer {
 public:
  // Both throw ContractError when planes have no axis or the size overflows.
  // Uninitialised memory of its own.
  Buffer(Shape shape, std::optional<Encoding> encoding);
  // On memory of someone else, bytes() long, aligned to kAlignment, which must outlive the buffer.
  Buffer(Shape shape, std::optional<Encoding> encoding, void* memory);

  const Shape& shape() const { return shape_; }
  bool is_float() const { return !encoding_; }
  bool is_bytes() const { return encoding_ && encoding_->bits == 8; }
  std::size_t rows() const { return rows_; }
  std::size_t k() const { return k_; }
  std::size_t size() const { return rows_ * k_; }
  std::size_t bytes() const { return bytes_; }

  // Throw ContractError on a buffer of the other kind.
  const Encoding& encoding() const;
  float* floats();
  const float* floats() const;
  std::uint64_t* words();
  const std::uint64_t* words() const;
  std::uint8_t* codes();
  const std::uint8_t* codes() const;

  std::size_t words_per_plane() const { return (k_ + 63) / 64; }
  std::size_t words_per_row() const { return encoding_ ? encoding_->bits * words_per_plane() : 0; }

 private:
  Shape shape_;
  std::optional<Encoding> encoding_;
  std::size_t rows_ = 1;
  std::size_t k_ = 1;
  std::size_t bytes_;
  AlignedArray<std::uint8_t> own_;  // empty on memory of someone else
  void* data_;
};

// Between codes here and the contract's canonical ones, [bits][rows][words of 32 bits]. The array has
// CanonicalWords(buffer) words.
std::size_t CanonicalWords(const Buffer& buffer);
void ImportPlanes(const std::uint32_t* canonical, Buffer& buffer);
void ExportPlanes(const Buffer& buffer, std::uint32_t* canonical);

// Throws ContractError naming `what` unless the shape is `expected`.
void ExpectShape(const Shape& shape, const Shape& expected, const std::string& what);
void ExpectRank(const Shape& shape, std::size_t rank, const std::string& what);

}  // namespace apb

#endif  // APB_OPS_BUFFER_H_
