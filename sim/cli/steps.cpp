// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "sim/cli/commands.h"
#include "sim/cli/usage.h"
#include "sim/session/steps/steps.h"

namespace dspmem {

int steps_command(const std::vector<std::string>& arguments) {
  boost::program_options::options_description options("options");
  boost::program_options::variables_map values;
  if (!parse_arguments(arguments,
                       "steps\n\nLists the steps, each with what it does. scenarios/README.md shows them in use.",
                       options, "arguments", values))
    return 0;
  if (values.count("arguments")) throw UsageError("steps takes no arguments");
  for (const StepKind* kind : step_kinds()) std::printf("%-12s %s\n", kind->name, kind->summary);
  return 0;
}

}  // namespace dspmem
