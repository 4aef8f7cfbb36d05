// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <cstdio>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "sim/config/fields.h"
#include "sim/config/input_files.h"

namespace dspmem {

/// A command line that cannot be used; what() says why.
class UsageError : public std::runtime_error {
 public:
  explicit UsageError(const Message& message) : std::runtime_error(message.text + message.hint) {}
};

/// The value of an option that is a whole number of at least `least`, decimal or 0x; absent when it was not given.
inline std::optional<std::uint64_t> number_option(const boost::program_options::variables_map& values,
                                                  const std::string& name, std::uint64_t least,
                                                  std::uint64_t most = ~0ull) {
  if (!values.count(name)) return std::nullopt;
  const auto text = values[name].as<std::string>();
  const auto value = parse_number(text);
  if (!value || *value < least || *value > most)
    throw UsageError("--" + name + " must be a whole number " +
                     (most == ~0ull ? "of at least " + std::to_string(least)
                                    : "from " + std::to_string(least) + " to " + std::to_string(most)) +
                     ", not '" + text + "'");
  return value;
}

/// Whether --help prints a manual page, in the form of man(1): see man.cpp.
bool& manual_wanted();
void print_manual(const std::string& usage, const boost::program_options::options_description& options);

/// Parses a subcommand's arguments; everything that is not an option goes to `positional`. Returns false after --help.
inline bool parse_arguments(const std::vector<std::string>& arguments, const std::string& usage,
                            boost::program_options::options_description& options, const char* positional,
                            boost::program_options::variables_map& values) {
  namespace po = boost::program_options;
  options.add_options()("max-file", po::value<std::string>(),
                        "bytes that a YAML file may have at most (default 67108864)")(
      "max-nodes", po::value<std::string>(),
      "values, lists and mappings that a YAML file may have at most, with its aliases written out (default 1000000)")(
      "max-steps", po::value<std::string>(),
      "steps that a scenario may have at most, with what 'use' stands for (default 1000000)")(
      "max-live", po::value<std::string>(),
      "numbered objects of a trace that may be allocated at one time (default 4000000; each takes 80 bytes)")(
      "help,h", "show this text");
  po::options_description all(options);
  all.add_options()(positional, po::value<std::vector<std::string>>());
  po::positional_options_description order;
  order.add(positional, -1);
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(order).run(), values);
    po::notify(values);
  } catch (const po::unknown_option& error) {
    std::vector<std::string> known;
    for (const auto& option : options.options()) known.push_back("--" + option->long_name());
    throw UsageError("there is no option '" + error.get_option_name() + "'" +
                     suggestion(error.get_option_name(), known));
  } catch (const po::error& error) { throw UsageError(error.what()); }
  if (const auto most = number_option(values, "max-file", 1)) input_limits().file_bytes = *most;
  if (const auto most = number_option(values, "max-nodes", 1)) input_limits().nodes = *most;
  if (const auto most = number_option(values, "max-live", 1)) input_limits().live_objects = *most;
  if (const auto most = number_option(values, "max-steps", 1)) input_limits().steps = *most;
  if (!values.count("help")) return true;
  if (manual_wanted()) {
    print_manual(usage, options);
    return false;
  }
  std::ostringstream text;
  text << options;
  std::printf("usage: dspmem %s\n\n%s", usage.c_str(), text.str().c_str());
  return false;
}

}  // namespace dspmem
