// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/cli/commands.h"
#include "sim/cli/usage.h"
#include "sim/session/steps/steps.h"

namespace dspmem {

int steps_command(const std::vector<std::string>& arguments) {
  boost::program_options::options_description options("options");
  boost::program_options::variables_map values;
  if (!parse_arguments(arguments,
                       "steps\n\nLists the steps, each with what it does and its fields, the one that a plain value "
                       "stands for first;\n'dspmem fields STEP' explains them.",
                       options, "arguments", values))
    return 0;
  if (values.count("arguments")) throw UsageError("steps takes no arguments");
  for (const StepKind* kind : step_kinds()) {
    std::vector<std::string> names;
    for (const Field& field : kind->type().fields) names.push_back(field.name);
    fmt::print("{:<12} {}\n", kind->name, kind->summary);
    if (!names.empty()) fmt::print("{:<12}   {}\n", "", fmt::join(names, " "));
  }
  return 0;
}

}  // namespace dspmem
