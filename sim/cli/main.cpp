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
namespace {

void print_usage(std::FILE* to) {
  std::fputs("usage: dspmem COMMAND [OPTIONS]\n\n", to);
  for (const Command& command : commands()) std::fprintf(to, "  %-10s %s\n", command.name, command.summary);
  std::fputs(
      "\n'dspmem COMMAND --help' shows a command's options.\n"
      "Exit codes: 0 as expected; 1 an expectation failed; 2 bad input or usage; 3 findings that were not expected;\n"
      "4 the simulated firmware crashed, panicked or hung; 5 internal error.\n",
      to);
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
  std::signal(SIGPIPE,
              SIG_IGN);  // a report that cannot be written is an error like others, and the other outputs are written
  try {
    const int status = dspmem::dispatch({values + 1, values + count});
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
      throw dspmem::UsageError("the report could not be written to standard output");
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
