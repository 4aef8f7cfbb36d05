// SPDX-License-Identifier: Apache-2.0
// Every console block of the documents is what the command prints today. "..." stands for lines left out.
#include <gtest/gtest.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

struct Block {
  std::string command;
  std::vector<std::string> lines;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<Block> console_blocks(const std::string& file) {
  std::vector<Block> blocks;
  bool inside = false;
  for (const std::string& line : lines_of(read_file(source_directory() / file))) {
    if (line == "```console") inside = true;
    else if (line == "```") inside = false;
    else if (inside && line.starts_with("$ ")) blocks.push_back({line.substr(2), {}});
    else if (inside) blocks.back().lines.push_back(line);
  }
  return blocks;
}

/// The program instead of what a user types to reach it.
std::string executable_command(const std::string& command) {
  const auto tail = [&command](const char* start) {
    return dspmem_executable() + command.substr(std::string_view(start).size());
  };
  if (command.starts_with("tools/run ")) return tail("tools/run").insert(dspmem_executable().size(), " run");
  if (command.starts_with("dspmem ")) return tail("dspmem");
  return command;
}

/// Whether `expected`, in which "..." stands for any lines, is `actual`.
bool matches(const std::vector<std::string>& expected, const std::vector<std::string>& actual, std::size_t e,
             std::size_t a) {
  if (e == expected.size()) return a == actual.size();
  if (expected[e] == "...") {
    for (std::size_t skip = a; skip <= actual.size(); ++skip)
      if (matches(expected, actual, e + 1, skip)) return true;
    return false;
  }
  return a < actual.size() && expected[e] == actual[a] && matches(expected, actual, e + 1, a + 1);
}

class Document : public testing::TestWithParam<const char*> {};

TEST_P(Document, ShowsWhatTheCommandsPrint) {
  const std::vector<Block> blocks = console_blocks(GetParam());
  EXPECT_GE(blocks.size(), 1u);
  for (const Block& block : blocks) {
    const ProgramResult result =
        run_program({"sh", "-c", executable_command(block.command) + " 2>&1"}, source_directory());
    EXPECT_TRUE(matches(block.lines, lines_of(result.out), 0, 0)) << "$ " << block.command << "\n" << result.out;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Document, testing::Values("README.md", "scenarios/README.md", "configs/README.md"),
                         [](const auto& info) {
                           return std::string(info.index == 0 ? "Readme" : info.index == 1 ? "Scenarios" : "Configs");
                         });

TEST(Readme, TellsWhatTheQuantumChangesToday) {
  std::size_t rows = 0;
  for (const std::string& line : lines_of(read_file(source_directory() / "tests/bench/README.md"))) {
    unsigned long quantum = 0, cycles = 0, conflicts = 0, allocation = 0;
    double difference = 0;
    if (std::sscanf(line.c_str(), " %lu %*u (%*u to %*u) MIPS %lu %lf %% %lu %lu", &quantum, &cycles, &difference,
                    &conflicts, &allocation) != 5)
      continue;
    ++rows;
    const auto report = nlohmann::json::parse(run_program({dspmem_executable(), "run", "scenarios/four_cores.yaml",
                                                           "--quantum", std::to_string(quantum), "--json", "-"},
                                                          source_directory())
                                                  .out);
    unsigned long counted = 0;
    for (const auto& bank : report["banks"]) counted += bank["conflicts"].get<unsigned long>();
    EXPECT_EQ(report["cycles"], cycles) << line;
    EXPECT_EQ(counted, conflicts) << line;
    EXPECT_EQ(report["operations"][0]["median_cycles"], allocation) << line;
  }
  EXPECT_GE(rows, 4u);
}

}  // namespace
}  // namespace dspmem::test
