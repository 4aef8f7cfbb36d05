// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "tests/conformance/program_generator.h"

namespace dspmem::test {

/// Writes random programs for the windowed ABI: trees of functions that call each other with CALL4, CALL8, CALL12 and
/// their CALLX forms, deep enough to run over the registers many times, that move their stack pointer, and mix
/// WINDOWBASE and WINDOWSTART into what they return. The program has the window vectors itself; what it writes at its
/// end is what each tree returned.
class WindowProgram : private ProgramGenerator {
 public:
  using ProgramGenerator::base;
  static constexpr std::uint32_t result_bytes =
      20;  ///< of each sequence: the result, the stack pointer, WINDOWBASE, WINDOWSTART, the caller's own register

  struct Options {
    bool moves_stack = false;  ///< with MOVSP, whose exception needs a handler at the core's own kernel vector
    bool shows_windows = true;  ///< results depend on WINDOWBASE and WINDOWSTART, and so on the number of registers
  };
  WindowProgram(std::uint64_t seed, const Options& options) : ProgramGenerator(seed), options_(options) {}
  std::vector<std::uint8_t> generate(unsigned sequences);
  using ProgramGenerator::emitted;

 private:
  void vectors();
  void handler(unsigned quads, bool overflow);
  std::uint32_t function(unsigned depth);
  void mix(std::uint32_t accumulator, unsigned registers);
  unsigned call(std::uint32_t target, std::uint32_t argument);
  void sequence();

  Options options_;
};

}  // namespace dspmem::test
