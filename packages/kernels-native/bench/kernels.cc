// `apb bench kernels` without Node, for profilers: node scripts/bench.mjs [--isa NAME] [--ms N] [--threads N]
// [m,k,n ...] prints the ceiling and every product of bits, each beside the paper's algorithm where there is
// one.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>

#include "base/cpu.h"
#include "bench/bench.h"

namespace apb {
namespace {

constexpr ProductShape kShapes[] = {{64, 576, 2916},  {128, 576, 2916}, {128, 1152, 676}, {256, 1152, 676},
                                    {256, 2304, 144}, {512, 2304, 144}, {512, 4608, 25}};
constexpr unsigned kOps[][2] = {{1, 1}, {1, 2}, {1, 4}, {2, 1}, {2, 2}};

struct Options {
  std::string isa = UsableIsas(DetectCpu()).front();
  double milliseconds = 60;
  unsigned threads = 1;
  std::vector<ProductShape> shapes;
};

unsigned NumberOf(const char* text) {
  char* end = nullptr;
  const unsigned long value = std::strtoul(text, &end, 10);
  if (*end != 0 || value < 1 || value > 1000000)
    throw std::invalid_argument(std::string(text) + " is no number from 1");
  return static_cast<unsigned>(value);
}

ProductShape ShapeFrom(const char* text) {
  ProductShape s = {};
  char rest;
  if (std::sscanf(text, "%zu,%zu,%zu%c", &s.m, &s.k, &s.n, &rest) != 3 || s.m < 1 || s.k < 1 || s.n < 1)
    throw std::invalid_argument(std::string(text) + " is no shape m,k,n");
  return s;
}

Options OptionsFrom(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name.rfind("--", 0) != 0) {
      options.shapes.push_back(ShapeFrom(argv[i]));
      continue;
    }
    if (++i == argc) throw std::invalid_argument(name + " needs a value");
    if (name == "--isa")
      options.isa = argv[i];
    else if (name == "--ms")
      options.milliseconds = NumberOf(argv[i]);
    else if (name == "--threads")
      options.threads = NumberOf(argv[i]);
    else
      throw std::invalid_argument("unknown option " + name);
  }
  if (options.shapes.empty()) options.shapes.assign(std::begin(kShapes), std::end(kShapes));
  return options;
}

void Report(const Kernels& kernels, double ceiling, const ProductShape& s, double milliseconds) {
  for (const auto& [w, a] : kOps) {
    const std::vector<Timing> timings = BenchBits(kernels, w, a, s, milliseconds);
    for (const Timing& t : timings) {
      const double gmacs = static_cast<double>(s.m) * s.k * s.n / t.us / 1000;
      std::printf("%u/%u %-17s %5zu,%5zu,%5zu %10.2f us %8.1f GMAC/s %6.3f of the ceiling %6.2f paper|last / this\n", w,
                  a, t.variant.c_str(), s.m, s.k, s.n, t.us, gmacs, gmacs * w * a / ceiling, timings.back().us / t.us);
    }
  }
}

void RunAll(const Options& options) {
  Kernels kernels = SelectKernels(options.isa, DetectCpu());
  kernels.threads = options.threads;
  const double exclusive = MeasureCeiling(kernels, true, 300), inclusive = MeasureCeiling(kernels, false, 300);
  std::printf("%s: ceiling %.1f GMAC/s (xor), %.1f (and)\n", options.isa.c_str(), exclusive, inclusive);
  for (const ProductShape& shape : options.shapes)
    Report(kernels, std::max(exclusive, inclusive), shape, options.milliseconds);
}

}  // namespace
}  // namespace apb

int main(int argc, char** argv) {
  try {
    apb::RunAll(apb::OptionsFrom(argc, argv));
    return 0;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "bench: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench: %s\n", error.what());
    return 1;
  }
}
