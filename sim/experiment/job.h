// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sim/session/session.h"

namespace dspmem {

/// What is to be replayed, by name. Absent: what the scenario, the platform and the binding say.
struct JobRequest {
  std::string scenario;
  std::optional<std::string> platform, allocator, firmware;
  bool ignore_expectations = false;
  bool allow_mismatch = false;  ///< run an image on a platform that it was not built for
  Edits scenario_edits = {}, platform_edits = {};
};

/// All that one replay needs, read and checked.
struct Job {
  Scenario scenario;
  Platform platform;  ///< as the allocator sees it
  Allocator allocator;
  std::optional<std::string> firmware;  ///< path of the image, where somebody has named one
  std::unique_ptr<FirmwareImage> image;
  std::vector<std::pair<std::string, std::uint32_t>> platform_facts;  ///< that the image must have been built for

  SessionInput input() const { return {scenario, platform, allocator, *image}; }
};

/// A scenario in the language of this program: its steps, its rules. Throws InputError.
Scenario load_scenario(const std::string& path, const Edits& edits = {});
/// Whether an image was built for these facts of a platform, as far as it says.
bool built_for(const FirmwareImage& image, const std::vector<std::pair<std::string, std::uint32_t>>& facts);
/// The image that goes with a platform and an allocator. Throws InputError when there is none.
std::string firmware_path(const Platform& platform, const Allocator& allocator);
/// Reads all but the firmware, and checks what can be checked without it. Throws InputError.
Job load_checked(const JobRequest& request);
/// The same with the firmware that belongs to them.
Job load_job(const JobRequest& request);

/// Replays once.
inline Result run(const Job& job, const ReplayOptions& options) { return Session(job.input(), options).run(); }

}  // namespace dspmem
