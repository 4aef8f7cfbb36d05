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
  Platform platform;
  std::unique_ptr<FirmwareImage> image;
};

/// Reads a scenario with the platform and firmware that it or the options --platform and --firmware name. Throws InputError.
Job load_job(const std::string& scenario_file, const boost::program_options::variables_map& options);

/// The value of --energy, when it is given. Throws InputError when there are no such figures: before anything runs.
std::optional<std::string> energy_option(const boost::program_options::variables_map& options);

}  // namespace dspmem
