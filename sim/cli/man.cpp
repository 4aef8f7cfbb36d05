// SPDX-License-Identifier: Apache-2.0
// Manual pages, made from the same tables as --help.
#include <algorithm>
#include <cstdio>
#include <sstream>

#include "sim/cli/commands.h"
#include "sim/cli/usage.h"

namespace dspmem {
namespace {

const Command* shown = nullptr;  ///< the command whose page is being printed

/// Text as it is: nothing in it is a request of roff's.
std::string literal(const std::string& text) {
  std::string result;
  for (const char each : text) {
    if (each == '\\') result += "\\e";
    else if (each == '-') result += "\\-";
    else if ((each == '.' || each == '\'') && (result.empty() || result.back() == '\n'))
      result += std::string("\\&") + each;
    else result += each;
  }
  return result;
}

void print_head(const std::string& name, const std::string& summary) {
  std::string capitals = name;
  std::transform(capitals.begin(), capitals.end(), capitals.begin(),
                 [](unsigned char each) { return static_cast<char>(std::toupper(each)); });
  std::printf(".TH %s 1 \"\" \"dspmem\" \"User Commands\"\n.SH NAME\n%s \\- %s\n", literal(capitals).c_str(),
              literal(name).c_str(), literal(summary).c_str());
}

void print_overview() {
  print_head("dspmem", "simulates the memory of multi-core audio DSPs, and finds coherency bugs");
  std::printf(
      ".SH SYNOPSIS\n.B dspmem\n.I COMMAND\n.RI [ OPTIONS ]\n.SH DESCRIPTION\n"
      "Replays allocation scenarios on simulated cores whose L1 caches nobody keeps coherent, with the real allocator "
      "code of a firmware image. "
      "Reports every coherency bug with its source line, also those that this run got away with, and what switching "
      "off memory banks saves.\n.SH COMMANDS\n");
  for (const Command& command : commands())
    std::printf(".TP\n.BR dspmem\\-%s (1)\n%s\n", command.name, literal(command.summary).c_str());
  std::printf(
      ".SH EXIT STATUS\n"
      ".TP\n.B 0\nas expected\n.TP\n.B 1\nan expectation failed\n.TP\n.B 2\nbad input or usage; nothing was "
      "run\n.TP\n.B 3\nfindings that were not expected\n"
      ".TP\n.B 4\nthe simulated firmware crashed, panicked or hung\n.TP\n.B 5\ninternal error\n.TP\n.B 128 and a "
      "signal's number\nended by that signal, with a report of what ran until then\n"
      ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nno colour, also on terminals\n.TP\n.B DSPMEM_CONFIGS, "
      "DSPMEM_FIRMWARE\nfolders for platform files and firmware images, instead of those that dspmem came with\n");
}

}  // namespace

bool& manual_wanted() {
  static bool wanted = false;
  return wanted;
}

void print_manual(const std::string& usage, const boost::program_options::options_description& options) {
  print_head(std::string("dspmem-") + shown->name, shown->summary);
  std::printf(".SH SYNOPSIS\n.nf\n%s\n.fi\n.SH OPTIONS\n", literal("dspmem " + usage).c_str());
  for (const auto& option : options.options()) {
    const std::string names = option->format_name(), parameter = option->format_parameter();
    std::printf(".TP\n.B %s%s%s%s\n%s\n", literal(names).c_str(), parameter.empty() ? "" : " \\fI",
                literal(parameter).c_str(), parameter.empty() ? "" : "\\fR", literal(option->description()).c_str());
  }
  std::printf(".SH SEE ALSO\n.BR dspmem (1)\n");
}

int man_command(const std::vector<std::string>& arguments) {
  boost::program_options::options_description options("options");
  boost::program_options::variables_map values;
  if (!parse_arguments(arguments, "man [COMMAND]\n\nto read one: dspmem man run | man -l -", options, "command",
                       values))
    return 0;
  if (!values.count("command")) {
    print_overview();
    return 0;
  }
  const auto names = values["command"].as<std::vector<std::string>>();
  if (names.size() != 1) throw UsageError("man takes one command");
  std::vector<std::string> known;
  for (const Command& command : commands()) {
    known.emplace_back(command.name);
    if (names[0] != command.name) continue;
    shown = &command;
    manual_wanted() = true;
    return command.run({"--help"});
  }
  throw UsageError("there is no command '" + names[0] + "'" + suggestion(names[0], known));
}

}  // namespace dspmem
