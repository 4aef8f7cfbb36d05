// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "sim/config/error.h"

namespace dspmem {

/// A command line that cannot be used; what() says why.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Parses a subcommand's arguments; everything that is not an option goes to `positional`. Returns false after --help.
inline bool parse_arguments(const std::vector<std::string>& arguments, const std::string& usage,
                            boost::program_options::options_description& options, const char* positional,
                            boost::program_options::variables_map& values) {
  namespace po = boost::program_options;
  options.add_options()("help,h", "show this text");
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
    throw UsageError("there is no option '" + error.get_option_name() + "'" + suggestion(error.get_option_name(), known));
  } catch (const po::error& error) {
    throw UsageError(error.what());
  }
  if (!values.count("help")) return true;
  std::ostringstream text;
  text << options;
  std::printf("usage: dspmem %s\n\n%s", usage.c_str(), text.str().c_str());
  return false;
}

}  // namespace dspmem
