// Transposition and scaling of tiles against plain loops; arrays have no spare elements.
#include "base/aligned.h"
#include "test/check.h"

namespace apb {
namespace test {
namespace {

void CheckTranspose(const Variant& v, std::size_t rows, std::size_t columns, std::size_t from_gap, std::size_t to_gap) {
  const std::size_t from_stride = columns + from_gap, to_stride = rows + to_gap;
  constexpr std::uint32_t kJunk = 0xdeadbeef;
  std::vector<std::uint32_t> from((rows - 1) * from_stride + columns), to((columns - 1) * to_stride + rows, kJunk);
  for (auto& word : from) word = static_cast<std::uint32_t>(Random());
  v.kernels.transpose({from.data(), from_stride, rows, columns, to.data(), to_stride});
  const std::string at = v.name + " " + std::to_string(rows) + " x " + std::to_string(columns);
  for (std::size_t j = 0; j < columns; ++j)
    for (std::size_t i = 0; i < to_stride && j * to_stride + i < to.size(); ++i)
      CHECK(to[j * to_stride + i] == (i < rows ? from[i * from_stride + j] : kJunk), at);
}

TEST(TransposeTurnsEveryShape) {
  for (const Variant& v : VariantsOf(&Kernels::transpose))
    for (std::size_t rows = 1; rows <= 34; ++rows)
      for (std::size_t columns = 1; columns <= 34; ++columns) {
        CheckTranspose(v, rows, columns, 3, 5);
        // Kernels know rows of two and four words that follow each other.
        CheckTranspose(v, rows, columns, 0, 0);
        if (columns == 1 || columns == 3) CheckTranspose(v, rows, columns, 1, 1);
      }
}

TEST(ScaleRowRoundsEveryOperation) {
  for (const Variant& v : VariantsOf(&Kernels::scale_row))
    for (std::size_t count = 1; count <= 64; ++count)
      for (const bool sparse : {false, true}) {
        AlignedArray<std::int32_t> acc(64);
        AlignedArray<float> sums(64), y(64);
        for (std::size_t i = 0; i < 64; ++i) {
          acc[i] = static_cast<std::int32_t>(Random());
          sums[i] = RandomFloat();
          y[i] = 7;
        }
        const float scale = RandomFloat(), step = RandomFloat();
        v.kernels.scale_row({acc.data(), sparse ? sums.data() : nullptr, scale, step, count, y.data()});
        for (std::size_t i = 0; i < 64; ++i) {
          volatile float expected = scale * static_cast<float>(acc[i]);
          volatile float part = step * sums[i];
          if (sparse) expected = expected + part;
          if (i < count) CHECK(y[i] == expected, v.name + ", " + std::to_string(i));
          if (i >= (count + 15) / 16 * 16) CHECK(y[i] == 7, v.name + " wrote beyond");
        }
      }
}

}  // namespace
}  // namespace test
}  // namespace apb
