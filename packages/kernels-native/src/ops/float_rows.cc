#include "ops/float_rows.h"

#include <algorithm>

namespace apb {
namespace {

// Rows at such a distance all fall into one set of a first-level cache: copying them is cheaper.
bool Collide(const FloatSegment& segment) {
  return segment.rows > 1 && segment.lda > 0 && segment.lda * sizeof(float) % 4096 == 0;
}

// The part of a run within columns first .. first + depth - 1, columns counted from `first`; empty if there is none.
FloatRun Within(const FloatRun& run, std::size_t first, std::size_t depth) {
  const std::size_t begin = std::max(run.first, first), end = std::min(run.first + run.count, first + depth);
  if (begin >= end) return {0, 0, 0};
  return {run.from + begin - run.first, begin - first, end - begin};
}

}  // namespace

FloatRows::FloatRows(const Buffer& x, const Weights& weights, const Window& window, std::size_t most, std::size_t depth)
    : x_(x),
      weights_(weights),
      window_(window),
      in_memory_(LieInMemory(window, weights.groups)),
      most_(most),
      // An odd number of cache lines: rows spread over all sets of a cache.
      spread_(((depth + 15) / 16 | 1) * 16) {
  if (weights.geometry) strides_ = weights.geometry->strides;
}

std::size_t FloatRows::Begin(std::size_t first) {
  stretches_.clear();
  const std::size_t left = std::min(window_.end, window_.positions()) - first;
  if (in_memory_) {
    const std::size_t rows = std::min(left, most_);
    stretches_.push_back({x_.floats() + first * x_.k(), x_.k(), 0, 1, rows, {0, 1}, {0, 1}});
    return rows;
  }
  const std::size_t columns = window_.x.outputs(), column = first % columns;
  if (columns > most_) return BeginPart(first, std::min(left, columns - column));
  // The rest of a line, whole lines, and of the next line what is left at the end.
  const std::size_t limit = std::min(left, most_);
  const std::size_t head = column > 0 ? std::min(limit, columns - column) : 0;
  const std::size_t lines = (limit - head) / columns, tail = left > most_ ? 0 : limit - head - lines * columns;
  const std::size_t line = first / columns, next = line + (head > 0 ? 1 : 0);
  if (head > 0) AddLines(line, 1, column, head, 0);
  AddLines(next, lines, 0, columns, head);
  if (tail > 0) AddLines(next + lines, 1, 0, tail, head + lines * columns);
  return head + lines * columns + tail;
}

// Parts of a line, of which `rest` positions are left, as equal as can be.
std::size_t FloatRows::BeginPart(std::size_t first, std::size_t rest) {
  const std::size_t parts = (rest + most_ - 1) / most_, rows = (rest + parts - 1) / parts;
  AddLines(first / window_.x.outputs(), 1, first % window_.x.outputs(), rows, 0);
  return rows;
}

// Columns of some lines of outputs, counted over all pictures.
void FloatRows::AddLines(std::size_t line, std::size_t lines, std::size_t column, std::size_t columns,
                         std::size_t row) {
  const std::vector<Span>& spans = window_.y.spans;
  const std::size_t end = line + lines;
  while (line < end) {
    // Lines of one picture that see the same taps.
    const std::size_t y = line % spans.size();
    std::size_t alike = 1;
    while (line + alike < end && y + alike < spans.size() && spans[y + alike].inside == spans[y].inside) ++alike;
    AddBlock(line, alike, column, columns, row);
    line += alike;
    row += alike * columns;
  }
}

// The same where all lines see the same taps: by lines, or, where few columns see the same taps, by columns.
void FloatRows::AddBlock(std::size_t line, std::size_t lines, std::size_t column, std::size_t columns,
                         std::size_t row) {
  const std::vector<Span>& spans = window_.x.spans;
  const TapRange y = window_.y.spans[line % window_.y.outputs()].inside;
  const std::size_t right = strides_.x * x_.k(), down = strides_.y * window_.x.size * x_.k();
  for (std::size_t i = 0; i < columns;) {
    const TapRange x = spans[column + i].inside;
    std::size_t alike = 1;
    while (i + alike < columns && spans[column + i + alike].inside == x) ++alike;
    if (alike >= lines)
      for (std::size_t j = 0; j < lines; ++j)
        stretches_.push_back({FirstPixel(line + j, column + i), right, row + j * columns + i, 1, alike, y, x});
    else
      for (std::size_t j = 0; j < alike; ++j)
        stretches_.push_back({FirstPixel(line, column + i + j), down, row + i + j, columns, lines, y, x});
    i += alike;
  }
}

// The first pixel inside the picture that an output sees; any where it sees none.
const float* FloatRows::FirstPixel(std::size_t line, std::size_t column) const {
  const std::size_t outputs = window_.y.outputs();
  const Span &y = window_.y.spans[line % outputs], &x = window_.x.spans[column];
  if (y.inside.count() == 0 || x.inside.count() == 0) return x_.floats();
  const auto pixel = [](const Span& span, const Axis& axis) {
    return static_cast<std::size_t>(span.start + static_cast<std::ptrdiff_t>(span.inside.first * axis.dilation));
  };
  return x_.floats() +
         ((line / outputs * window_.y.size + pixel(y, window_.y)) * window_.x.size + pixel(x, window_.x)) * x_.k();
}

const std::vector<FloatSegment>& FloatRows::Part(std::size_t group, std::size_t first, std::size_t depth) {
  segments_.resize(stretches_.size());
  for (std::size_t i = 0; i < stretches_.size(); ++i) {
    const Stretch& s = stretches_[i];
    FloatSegment& segment = segments_[i];
    segment.a = s.a + group * weights_.tap_channels();
    segment.lda = s.lda;
    segment.row = s.row;
    segment.row_step = s.row_step;
    segment.rows = s.rows;
    Cut(s, first, depth, &segment.runs);
    if (segment.runs.empty()) segment.lda = 0;  // nothing is read, there may be no pixel
    if (Collide(segment)) Spread(&segment);
  }
  return segments_;
}

// The runs of a stretch within columns first .. first + depth - 1: taps that lie side by side are one run.
void FloatRows::Cut(const Stretch& s, std::size_t first, std::size_t depth, std::vector<FloatRun>* runs) const {
  const std::size_t channels = weights_.tap_channels(), pixel = x_.k();
  const bool together = window_.x.dilation == 1 && channels == pixel;
  const std::size_t copies = together ? 1 : s.x.count(), taps = together ? s.x.count() : 1;
  runs->clear();
  if (s.x.count() == 0) return;
  const std::size_t line = window_.x.taps * channels;
  for (std::size_t y = std::max(s.y.first, first / line); y < s.y.last && y * line < first + depth; ++y)
    for (std::size_t x = 0; x < copies; ++x) {
      const std::size_t down = (y - s.y.first) * window_.y.dilation * window_.x.size;
      const FloatRun run = {(down + x * window_.x.dilation) * pixel, y * line + (s.x.first + x) * channels,
                            taps * channels};
      const FloatRun part = Within(run, first, depth);
      if (part.count > 0) runs->push_back(part);
    }
}

// Copies what a segment reads to rows at a better distance.
void FloatRows::Spread(FloatSegment* segment) {
  if (copies_.size() == 0) copies_ = ScratchArray<float>(most_ * spread_);
  float* const to = copies_.data() + segment->row * spread_;
  for (std::size_t i = 0; i < segment->rows; ++i)
    for (const FloatRun& run : segment->runs)
      std::copy_n(segment->a + i * segment->lda + run.from, run.count,
                  to + i * segment->row_step * spread_ + run.first);
  for (FloatRun& run : segment->runs) run.from = run.first;
  segment->a = to;
  segment->lda = segment->row_step * spread_;
}

}  // namespace apb
