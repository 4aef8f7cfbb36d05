// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <memory>
#include <optional>
#include <string>

#include "sim/replay/replay.h"

namespace dspmem {

/// All that one replay needs, read and checked.
struct Job {
  Scenario scenario;
  Platform platform;  ///< as the allocator sees it
  Allocator allocator;
  std::unique_ptr<FirmwareImage> image;
};

/// Reads a scenario with the platform, allocator and firmware that it or the options --platform, --allocator and --firmware name. Throws
/// InputError.
Job load_job(const std::string& scenario_file, const boost::program_options::variables_map& options);
enum class Expectations { keep, ignore };
/// The same with this allocator, whatever the options say; and maybe without what the scenario expects.
Job load_job(const std::string& scenario_file, const boost::program_options::variables_map& options, const std::string& allocator, Expectations expectations = Expectations::keep);

/// The value of --energy, when it is given. Throws InputError when there are no such figures: before anything runs.
std::optional<std::string> energy_option(const boost::program_options::variables_map& options);

}  // namespace dspmem
