// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "sim/cli/commands.h"
#include "sim/cli/usage.h"
#include "sim/replay/step.h"

namespace dspmem {

int steps_command(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) throw UsageError("steps takes no arguments");
  for (const StepKind& kind : step_kinds()) std::printf("%-12s %s\n", kind.name, kind.summary);
  return 0;
}

}  // namespace dspmem
