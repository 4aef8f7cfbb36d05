// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "tests/support/flat_environment.h"

namespace dspmem::test {

/// What a program wrote, and what it took.
struct Outcome {
  std::string output;
  CoreStatistics statistics;
};

/// Runs a program that ends with exit(0), from its first byte at `origin`, in 64 MiB.
inline Outcome run_on_our_core(const std::vector<std::uint8_t>& program, std::uint32_t origin,
                               const CoreConfig& config) {
  const AddressMap map({{"ram", origin, 64u << 20, RegionKind::cached, origin}});
  FlatEnvironment memory(map);
  Core core(config, map, memory);
  memory.core = &core;
  std::copy(program.begin(), program.end(), memory.at(origin, program.size()));
  core.reset(origin);
  try {
    core.run();
  } catch (const FlatEnvironment::Exit& exit) { EXPECT_EQ(exit.code, 0u); }
  return {memory.output, core.statistics()};
}

/// The first word that differs. Each sequence of a program writes so many bytes.
inline std::string describe_difference(const std::string& ours, const std::string& theirs,
                                       std::size_t bytes_of_sequence) {
  std::string text = "sizes " + std::to_string(ours.size()) + " and " + std::to_string(theirs.size());
  for (std::size_t i = 0; i + 4 <= std::min(ours.size(), theirs.size()); i += 4)
    if (ours.compare(i, 4, theirs, i, 4) != 0) {
      std::uint32_t a, b;
      std::memcpy(&a, &ours[i], 4);
      std::memcpy(&b, &theirs[i], 4);
      char line[200];
      std::snprintf(line, sizeof line, "; sequence %zu, word %zu: ours %08x, theirs %08x", i / bytes_of_sequence,
                    i % bytes_of_sequence / 4, a, b);
      return text + line;
    }
  return text;
}

}  // namespace dspmem::test
