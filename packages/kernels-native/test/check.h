// A test program in a header's worth of code: TEST registers, CHECK counts and reports.
#ifndef APB_TEST_CHECK_H_
#define APB_TEST_CHECK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "kernels/kernels.h"

namespace apb {
namespace test {

struct Test {
  const char* name;
  void (*run)();
};

std::vector<Test>& Tests();
// Reports a failed check of the running test.
void Fail(const char* file, int line, const std::string& what);

struct Registration {
  Registration(const char* name, void (*run)()) { Tests().push_back({name, run}); }
};

// Random numbers from one printed seed (xorshift64*).
std::uint64_t Random();
inline std::uint64_t RandomBelow(std::uint64_t bound) { return Random() % bound; }
inline float RandomFloat() { return static_cast<float>(Random() >> 40) / 8388608.0f - 1.0f; }

// A set of kernels and where it comes from.
struct Variant {
  std::string name;
  Kernels kernels;
};

std::vector<Variant> ListedKernels();

// Every instruction set of this machine, those with lookups once more where lookups are made whenever they can be, and
// the portable one without any CPU feature.
std::vector<Variant> Variants();

// Every listed kernel that this machine can run, alone in a Kernels, also those that a better one of the same
// instruction set hides.
template <typename Kernel>
std::vector<Variant> VariantsOf(Kernel* Kernels::* operation) {
  std::vector<Variant> with;
  for (const Variant& v : ListedKernels())
    if (v.kernels.*operation) with.push_back(v);
  return with;
}

}  // namespace test
}  // namespace apb

#define TEST(name)                                                         \
  static void name();                                                      \
  static const ::apb::test::Registration registration_##name(#name, name); \
  static void name()

#define CHECK(condition, what) \
  if (!(condition)) ::apb::test::Fail(__FILE__, __LINE__, std::string(#condition) + ": " + (what))

#endif  // APB_TEST_CHECK_H_
