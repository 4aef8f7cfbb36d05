// SPDX-License-Identifier: Apache-2.0
// Every file of the fuzzers' corpus, those that once were findings among them, without a fuzzer.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/fuzz/readers.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Reader = void (*)(const std::uint8_t*, std::size_t);

class Corpus : public testing::TestWithParam<std::pair<const char*, Reader>> {};

TEST_P(Corpus, IsTakenOrRefused) {
  const auto& [name, read] = GetParam();
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_directory() / "tests/fuzz/corpus" / name)) {
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::vector<char> bytes(std::istreambuf_iterator<char>(stream), {});
    SCOPED_TRACE(entry.path().string());
    EXPECT_NO_THROW(read(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
    // And each of its beginnings.
    for (std::size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 50)
      EXPECT_NO_THROW(read(reinterpret_cast<const std::uint8_t*>(bytes.data()), length));
    ++files;
  }
  EXPECT_GE(files, 3u);
}

INSTANTIATE_TEST_SUITE_P(Readers, Corpus,
                         testing::Values(std::pair("topology", &read_topology), std::pair("trace", &read_trace),
                                         std::pair("yaml", &read_yaml), std::pair("elf", &read_elf)),
                         [](const auto& info) { return std::string(info.param.first); });

}  // namespace
}  // namespace dspmem::test
