// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace dspmem {

struct CommandOutcome {
  int exit_code = 0;  ///< 127: there is no such program; 128 and the signal where one ended it
  std::string out, err;
};

/// Runs another program of this machine, found on PATH, and waits for it. Its standard input is empty. Throws
/// std::system_error when no process can be started.
CommandOutcome run_system_command(const std::vector<std::string>& arguments);

}  // namespace dspmem
