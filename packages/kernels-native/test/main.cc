// Runs all tests, or those whose name contains the argument. APB_TEST_SEED replays a failure.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "test/check.h"

namespace apb {

#define APB_ISA(name, needs, lane, rows)
#define APB_KERNEL(operation, isa, needs, function) std::remove_pointer_t<decltype(Kernels::operation)> function;
#include "kernels/kernels.inc"
#undef APB_ISA
#undef APB_KERNEL

namespace test {
namespace {

std::uint64_t seed = 1;
std::uint64_t state = 1;
int failures = 0;

}  // namespace

std::vector<Test>& Tests() {
  static std::vector<Test> tests;
  return tests;
}

void Fail(const char* file, int line, const std::string& what) {
  ++failures;
  if (failures <= 20) std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
}

std::uint64_t Random() {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1dull;
}

// Bits of a lane of an instruction set's bit panels.
static unsigned LaneBits(const std::string& isa) {
#define APB_ISA(name, needs, lane, rows) \
  if (isa == #name) return lane;
#define APB_KERNEL(operation, isa, needs, function)
#include "kernels/kernels.inc"
#undef APB_ISA
#undef APB_KERNEL
  return 0;
}

std::vector<Variant> ListedKernels() {
  const std::uint32_t features = DetectCpu();
  std::vector<Variant> variants;
#define APB_ISA(name, needs, lane, rows)
#define APB_KERNEL(operation, isa, needs, function)     \
  if (((needs) & ~features) == 0) {                     \
    variants.push_back({#function, {}});                \
    variants.back().kernels.operation = &function;      \
    variants.back().kernels.lane_bits = LaneBits(#isa); \
  }
#include "kernels/kernels.inc"
#undef APB_ISA
#undef APB_KERNEL
  return variants;
}

namespace {

// Lookups that are made wherever they can be, also where counting takes less time. A variant has its own.
constexpr std::size_t kMostLookups = 4;
Lookup always[kMostLookups];
template <int i>
const Lookup& Always() {
  return always[i];
}
constexpr LookupKernels* kAlways[kMostLookups] = {Always<0>, Always<1>, Always<2>, Always<3>};

}  // namespace

std::vector<Variant> Variants() {
  const std::uint32_t features = DetectCpu();
  std::vector<Variant> variants = {{"portable without CPU features", SelectKernels("portable", 0)}};
  std::size_t looking_up = 0;
  for (const std::string& isa : UsableIsas(features)) {
    const Kernels kernels = SelectKernels(isa, features);
    variants.push_back({isa, kernels});
    if (!kernels.lookup || looking_up == kMostLookups) continue;
    Lookup& lookup = always[looking_up];
    lookup = kernels.lookup();
    for (std::size_t i = 0; i < 3; ++i) lookup.least_uses[i] = lookup.least_pixel_uses[i] = 1e-6f;
    variants.push_back({isa + ", always looking up", kernels});
    variants.back().kernels.lookup = kAlways[looking_up++];
  }
  return variants;
}

int RunAll(const char* only) {
  int passed = 0, failed = 0;
  for (const Test& test : Tests()) {
    if (only && !std::strstr(test.name, only)) continue;
    // Every test starts from the seed, so that one alone sees the same numbers.
    state = seed * 0x9e3779b97f4a7c15ull + 1;
    const int before = failures;
    test.run();
    const bool good = failures == before;
    std::printf("%s %s\n", good ? "ok  " : "FAIL", test.name);
    good ? ++passed : ++failed;
  }
  std::printf("seed %llu\n%d passed, %d failed\n", static_cast<unsigned long long>(seed), passed, failed);
  return failed > 0 || passed == 0;
}

}  // namespace test
}  // namespace apb

int main(int argc, char** argv) {
  if (const char* text = std::getenv("APB_TEST_SEED")) apb::test::seed = std::strtoull(text, nullptr, 10);
  std::printf("instruction sets:");
  for (const auto& variant : apb::test::Variants()) std::printf(" [%s]", variant.name.c_str());
  std::printf("\n");
  return apb::test::RunAll(argc > 1 ? argv[1] : nullptr);
}
