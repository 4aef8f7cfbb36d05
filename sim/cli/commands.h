// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

namespace dspmem {

/// Exit code of a command that was used wrongly or given input that it cannot use.
inline constexpr int exit_bad_input = 2;
inline constexpr int exit_internal_error = 5;
inline constexpr const char* out_of_memory =
    "dspmem: error: there is not enough memory: this machine, its container or 'ulimit -v' gives no more\n";

struct Command {
  const char* name;
  const char* summary;
  int (*run)(const std::vector<std::string>& arguments);
};

/// Every subcommand; each is one file and one line here.
std::span<const Command> commands();

int run_command(const std::vector<std::string>& arguments);
int check_command(const std::vector<std::string>& arguments);
int explain_command(const std::vector<std::string>& arguments);
int diff_command(const std::vector<std::string>& arguments);
int inspect_command(const std::vector<std::string>& arguments);
int describe_command(const std::vector<std::string>& arguments);
int advise_command(const std::vector<std::string>& arguments);
int compare_command(const std::vector<std::string>& arguments);
int record_command(const std::vector<std::string>& arguments);
int import_command(const std::vector<std::string>& arguments);
int sweep_command(const std::vector<std::string>& arguments);
int watch_command(const std::vector<std::string>& arguments);
int man_command(const std::vector<std::string>& arguments);
int mutate_command(const std::vector<std::string>& arguments);
int platforms_command(const std::vector<std::string>& arguments);
int allocators_command(const std::vector<std::string>& arguments);
int completion_command(const std::vector<std::string>& arguments);
int fields_command(const std::vector<std::string>& arguments);
int steps_command(const std::vector<std::string>& arguments);

}  // namespace dspmem
