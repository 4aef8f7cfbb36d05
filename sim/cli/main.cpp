// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

#include "sim/cli/commands.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/usage.h"
#include "sim/result/printable.h"

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
      {"steps", "list the steps that scenarios can use", steps_command},
  };
  return all;
}

namespace {

void print_usage(std::FILE* to) {
  std::fputs("usage: dspmem COMMAND [OPTIONS]\n\n", to);
  for (const Command& command : commands()) std::fprintf(to, "  %-10s %s\n", command.name, command.summary);
  std::fputs("\n'dspmem COMMAND --help' shows a command's options.\n"
             "Exit codes: 0 as expected; 1 an expectation failed; 2 bad input or usage; 3 findings that were not expected;\n"
             "4 the simulated firmware crashed, panicked or hung; 5 internal error.\n", to);
}

int dispatch(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    print_usage(stderr);
    return exit_bad_input;
  }
  if (arguments[0] == "help" && arguments.size() > 1) return dispatch({arguments[1], "--help"});
  if (arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    print_usage(stdout);
    return 0;
  }
  if (arguments[0] == "--version") {
    std::printf("dspmem %s\n", DSPMEM_VERSION);
    return 0;
  }
  std::vector<std::string> known;
  for (const Command& command : commands()) {
    if (arguments[0] == command.name) return command.run({arguments.begin() + 1, arguments.end()});
    known.emplace_back(command.name);
  }
  throw UsageError("there is no command '" + arguments[0] + "'" + suggestion(arguments[0], known));
}

}  // namespace
}  // namespace dspmem

int main(int count, char** values) {
  dspmem::end_in_order_when_terminated();
  std::signal(SIGPIPE, SIG_IGN);  // a report that cannot be written is an error like others, and the other outputs are written
  try {
    const int status = dspmem::dispatch({values + 1, values + count});
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) throw dspmem::UsageError("the report could not be written to standard output");
    return status;
  } catch (const dspmem::InputError& error) {
    std::fprintf(stderr, "%s\n", dspmem::printable(error.what()).c_str());
    return dspmem::exit_bad_input;
  } catch (const dspmem::UsageError& error) {
    std::fprintf(stderr, "dspmem: error: %s\n", dspmem::printable(error.what()).c_str());
    return dspmem::exit_bad_input;
  } catch (const std::bad_alloc&) {
    std::fputs(dspmem::out_of_memory, stderr);
    return dspmem::exit_internal_error;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dspmem: internal error: %s\n", dspmem::printable(error.what()).c_str());
    return dspmem::exit_internal_error;
  }
}
