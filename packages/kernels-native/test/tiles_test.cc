// Tiles of bits visit every position once, and scratch memory is what it was asked for.
#include <map>

#include "base/scratch.h"
#include "ops/bit_tiles.h"
#include "test/check.h"

namespace apb {
namespace test {
namespace {

TEST(TilesApartVisitEveryPositionOnce) {
  for (const std::size_t pad : {0, 1, 3})
    for (const std::size_t width : {1, 2, 9, 70}) {
      const ConvGeometry g = {1, 1, 1, {3, 3}, {1, 1}, {1, 1}, {pad, pad, pad, pad}};
      if (width + 2 * pad < 3) continue;
      Window window = MakeWindow({2, 11, width, 1}, g);
      const Interior y(window.y), x(window.x);
      const std::size_t columns = window.x.outputs(), lines = window.y.outputs(), total = window.positions();
      for (const std::size_t begin : {std::size_t{0}, total / 3})
        for (const std::size_t end : {total, total - total / 4}) {
          window.begin = begin;
          window.end = end;
          std::map<std::size_t, int> visits;
          ForEachBitTileApart(window, y, x, [&](const BitTile& tile) {
            std::size_t row = 0, inside = 0;
            for (const Stretch& stretch : tile) {
              CHECK(stretch.row == row, "rows follow each other");
              row += stretch.count;
              for (std::size_t i = stretch.position; i < stretch.position + stretch.count; ++i) {
                ++visits[i];
                inside += y.Has(i / columns % lines) && x.Has(i % columns);
              }
            }
            CHECK(row == tile.rows() && row <= kTileRows, "rows of a tile");
            CHECK(inside == 0 || inside == row, "interior and border are not mixed");
          });
          CHECK(visits.size() == end - begin && visits.begin()->first == begin, "every position");
          for (const auto& [position, times] : visits) CHECK(times == 1, "position " + std::to_string(position));
        }
    }
}

TEST(TilesAreAsFewAndAsEvenAsCanBe) {
  const ConvGeometry g = {1, 1, 1, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}};
  for (const std::size_t group : {1, 16, 32})
    for (const std::size_t count : {0, 1, 15, 16, 17, 63, 64, 65, 80, 128, 144, 196, 1000})
      for (const std::size_t begin : {0, 3}) {
        Window window = MakeWindow({1, 1, count + begin + 1, 1}, g);
        window.begin = begin;
        window.end = begin + count;
        std::size_t at = begin, tiles = 0, least = kTileRows, most = 0;
        ForEachBitTile(window, group, [&](const BitTile& tile) {
          CHECK(tile.begin() + 1 == tile.end() && tile.begin()->position == at, "in order");
          at += tile.rows();
          ++tiles;
          const std::size_t groups = (tile.rows() + group - 1) / group;
          least = std::min(least, groups);
          most = std::max(most, groups);
        });
        CHECK(at == begin + count && tiles == (count + kTileRows - 1) / kTileRows, std::to_string(count) + " rows");
        CHECK(tiles == 0 || most - least <= 1, std::to_string(count) + " rows are divided evenly");
      }
}

TEST(ScratchMemoryHoldsWhatWasAskedFor) {
  for (int round = 0; round < 3; ++round) {
    std::vector<ScratchArray<std::uint8_t>> arrays;
    for (const std::size_t size : {0, 1, 63, 4096, 4097, 5000, 6000, 7000, 8000, 1 << 20, (1 << 20) + 1}) {
      arrays.emplace_back(size);
      CHECK(reinterpret_cast<std::uintptr_t>(arrays.back().data()) % kAlignment == 0, "alignment");
      std::fill_n(arrays.back().data(), size, static_cast<std::uint8_t>(arrays.size()));
    }
    for (std::size_t a = 0; a < arrays.size(); ++a)
      for (std::size_t i = 0; i < arrays[a].size(); ++i) CHECK(arrays[a][i] == a + 1, "blocks overlap");
    arrays[3] = std::move(arrays[4]);
    CHECK(arrays[3].size() == 4097 && arrays[4].size() == 0 && arrays[4].data() == nullptr, "moved");
  }
}

}  // namespace
}  // namespace test
}  // namespace apb
