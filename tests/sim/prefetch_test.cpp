// SPDX-License-Identifier: Apache-2.0
// The shipped firmware on every shipped platform, with a prefetcher that may fetch any line at any time.
#include <gtest/gtest.h>

#include "sim/config/platform.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

class Prefetching : public testing::TestWithParam<std::string> {};

/// Without an alias and on several cores, data that is only written back and invalidated after an access may be
/// prefetched before the next one: what is found there (smp_noalias) is right, as configs/README.md says.
std::vector<std::string> platforms_that_need_no_more() {
  std::vector<std::string> names = shipped_platforms();
  std::erase_if(names,
                [](const std::string& name) { return load_platform(name).shared == SharedData::writeback_invalidate; });
  return names;
}

TEST_P(Prefetching, FindsNothingInTheFirmware) {
  const std::string name = GetParam();
  const Platform platform = load_platform(name);
  const TemporaryDirectory directory;
  std::string text = read_file(source_directory() / "configs/platforms" / (name + ".yaml"));
  const std::size_t cache = text.find("\nl1d: {");
  ASSERT_NE(cache, std::string::npos);
  text.insert(text.find('}', cache), ", prefetch_lines: 1");
  const std::string file = directory.write("prefetching.yaml", text),
                    image = (firmware_images() / (name + ".elf")).string();
  std::vector<std::string> scenarios{"scenarios/playback.yaml"};
  if (platform.core_count() > 1)
    scenarios.insert(scenarios.end(), {"scenarios/quickstart.yaml", "scenarios/shared_data.yaml"});
  for (const std::string& scenario : scenarios) {
    const ProgramResult run =
        run_program({dspmem_executable(), "run", scenario, "-p", file, "--firmware", image, "--ignore-expectations"},
                    source_directory());
    EXPECT_EQ(run.exit_code, 0) << scenario << " on " << name << "\n" << run.out << run.err;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Prefetching, testing::ValuesIn(platforms_that_need_no_more()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace dspmem::test
