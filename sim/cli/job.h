// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <memory>
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

// Options that commands have in common, each declared and read here.
void add_platform_option(boost::program_options::options_description& options);
void add_allocator_option(boost::program_options::options_description& options);
void add_firmware_option(boost::program_options::options_description& options);
void add_energy_option(boost::program_options::options_description& options);
/// How to replay: --seed, --quantum, --watchdog, --interpret.
void add_replay_options(boost::program_options::options_description& options);
/// What those of them say that the command has. Throws UsageError, and InputError when there are no such energy figures: before anything runs.
ReplayOptions replay_options_of(const boost::program_options::variables_map& values);
/// The one scenario of a command. Throws UsageError; `hint` may say more than that it needs one.
std::string scenario_of(const boost::program_options::variables_map& values, const std::string& command, const std::string& hint = "");

/// Reads a scenario with the platform and allocator that it or the options --platform and --allocator name, and checks what can be checked
/// without firmware. Throws InputError.
Job load_checked(const std::string& scenario_file, const boost::program_options::variables_map& options);
/// The same with the firmware that belongs to them, or that --firmware names.
Job load_job(const std::string& scenario_file, const boost::program_options::variables_map& options);
enum class Expectations { keep, ignore };
/// The same with this allocator, whatever the options say; and maybe without what the scenario expects.
Job load_job(const std::string& scenario_file, const boost::program_options::variables_map& options, const std::string& allocator, Expectations expectations = Expectations::keep);

}  // namespace dspmem
