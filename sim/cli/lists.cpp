// SPDX-License-Identifier: Apache-2.0
// What comes with dspmem.
#include <fmt/format.h>

#include "sim/cli/commands.h"
#include "sim/cli/usage.h"
#include "sim/config/allocator.h"
#include "sim/config/platform.h"

namespace dspmem {
namespace {

/// Parses the arguments of a command that has none. False after --help.
bool no_arguments(const std::vector<std::string>& arguments, const std::string& command) {
  boost::program_options::options_description options("options");
  boost::program_options::variables_map values;
  if (!parse_arguments(arguments, command, options, "argument", values)) return false;
  if (values.count("argument")) throw UsageError(command + " takes no arguments");
  return true;
}

}  // namespace

int platforms_command(const std::vector<std::string>& arguments) {
  if (!no_arguments(arguments, "platforms")) return 0;
  for (const std::string& name : shipped_platforms()) fmt::print("{:<14} {}\n", name, load_platform(name).description);
  fmt::print("\n'dspmem describe NAME' shows one; a path to a .yaml file of your own goes wherever a name does\n");
  return 0;
}

int allocators_command(const std::vector<std::string>& arguments) {
  if (!no_arguments(arguments, "allocators")) return 0;
  for (const std::string& name : shipped_allocators())
    fmt::print("{:<14} {}\n", name, load_allocator(name).description);
  fmt::print(
      "\n'dspmem compare SCENARIO' replays one scenario on several; bindings are described in configs/README.md\n");
  return 0;
}

}  // namespace dspmem
