// Timings of single kernels, the ceiling and the paper's algorithms in one run: for `apb bench kernels` and
// for bench/kernels.cc, which needs no Node.
#ifndef APB_BENCH_BENCH_H_
#define APB_BENCH_BENCH_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace apb {

// m output channels, k weights each, n rows of activations.
struct ProductShape {
  std::size_t m, k, n;
};

struct Timing {
  std::string variant;
  double us;       // of one product, the minimum over all repetitions
  double pack_us;  // of packing its activations, measured apart
};

// Alternatives that are timed round by round, so that what disturbs the machine disturbs all alike. `run`
// works on operand set `set`, of `sets` that are used in turn: together they do not fit the second-level
// cache, as in a network.
struct Contender {
  std::string variant;
  double pack_us;
  std::function<void(std::size_t set)> run;
};
std::vector<Timing> Race(const std::vector<Contender>& contenders, std::size_t sets, double milliseconds);

// GMAC/s, one MAC a bit, of the densest counting loop of these kernels; the best of many rounds.
double MeasureCeiling(const Kernels& kernels, bool exclusive, double milliseconds);

// Products of bit planes: variant "apb", and the paper's where there is one. Throws std::runtime_error when a
// result is wrong, std::invalid_argument for bits that have no such product.
std::vector<Timing> BenchBits(const Kernels& kernels, unsigned weight_bits, unsigned activation_bits,
                              const ProductShape& shape, double milliseconds);

// Whole products of 1-bit weights with 8-bit codes or floats (32), floats out, as the operation gemm runs
// them.
std::vector<Timing> BenchWide(const Kernels& kernels, unsigned activation_bits, const ProductShape& shape,
                              double milliseconds);

// The 1/1 product to floats with these shares of full-precision weights; variants "0%", "1%", ...
std::vector<Timing> BenchSparse(const Kernels& kernels, const ProductShape& shape, const std::vector<double>& shares,
                                double milliseconds);

// Convolutions of planes with a 3 x 3 kernel, floats out, on one picture of k / 9 channels: variants "plain", "padding
// 1" and "stride 2", each with n outputs, a square, so that equal times are equal rates per multiply. The picture of
// "stride 2" has four times as many pixels.
std::vector<Timing> BenchConvolution(const Kernels& kernels, unsigned activation_bits, const ProductShape& shape,
                                     double milliseconds);

// Quantizing a source of this many floats to 1-bit signs and 2-bit codes, against memcpy: variants "memcpy",
// "1", "2".
std::vector<Timing> BenchQuantize(const Kernels& kernels, std::size_t floats, double milliseconds);

}  // namespace apb

#endif  // APB_BENCH_BENCH_H_
