// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <string>
#include <vector>

#include "sim/experiment/job.h"

namespace dspmem {

// Options that commands have in common, each declared and read here.
void add_platform_option(boost::program_options::options_description& options);
void add_allocator_option(boost::program_options::options_description& options);
void add_firmware_option(boost::program_options::options_description& options);
void add_energy_option(boost::program_options::options_description& options);
/// How to replay: --seed, --quantum, --watchdog, --interpret.
void add_replay_options(boost::program_options::options_description& options);
/// What those of them say that the command has. Throws UsageError, and InputError when there are no such energy
/// figures: before anything runs.
ReplayOptions replay_options_of(const boost::program_options::variables_map& values);
/// What to replay of this scenario, as those of them say that the command has.
JobRequest request_of(const std::string& scenario, const boost::program_options::variables_map& values);
/// The one scenario of a command. Throws UsageError; `hint` may say more than that it needs one.
std::string scenario_of(const boost::program_options::variables_map& values, const std::string& command,
                        const std::string& hint = "");

}  // namespace dspmem
