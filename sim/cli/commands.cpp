// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/commands.h"

namespace dspmem {

std::span<const Command> commands() {
  static constexpr Command all[] = {
      {"run", "replay scenarios and report what happened", run_command},
      {"watch", "replay scenarios again whenever one of their files changes", watch_command},
      {"check", "validate scenarios without running them", check_command},
      {"advise", "what a better memory layout would save: moves of objects, block sizes", advise_command},
      {"compare", "replay one scenario on several allocators, and show what they cost", compare_command},
      {"mutate", "leave out each cache operation in turn, and see whether it is missed", mutate_command},
      {"sweep", "replay a matrix of scenarios, platforms and seeds, and say which is best", sweep_command},
      {"record", "replay a scenario and write what it did as a trace", record_command},
      {"import", "make scenarios from traces, logs and sound topologies", import_command},
      {"inspect", "what a firmware ELF is: ABI, memory, allocators, and a binding for it", inspect_command},
      {"describe", "show a platform's memory map, zones and banks", describe_command},
      {"diff", "compare two JSON reports: what is new, what is fixed", diff_command},
      {"explain", "what a rule of findings means, with an example and its fix", explain_command},
      {"platforms", "list the platforms that come with dspmem", platforms_command},
      {"allocators", "list the allocators that come with dspmem", allocators_command},
      {"completion", "print a completion script for bash, zsh or fish", completion_command},
      {"man", "print a manual page, for man(1)", man_command},
      {"fields", "what files and steps have: fields, what they mean, what they may be", fields_command},
      {"steps", "list the steps that scenarios can use", steps_command},
  };
  return all;
}

}  // namespace dspmem
