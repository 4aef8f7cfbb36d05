// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/config/error.h"

namespace dspmem {

/// The folder with platforms/ and allocators/: $DSPMEM_CONFIGS, or the one of the source tree or installation.
std::filesystem::path config_directory();

/// Names of the files that come with dspmem in a folder of it: platforms, energy.
std::vector<std::string> shipped_configs(const std::string& folder);
/// The file that a user means by a name, or by a path: whatever has a slash or ends in .yaml, relative to the file that
/// names it. Throws InputError at `mark` when there is none. `file` and `kind` are for messages: "platform file",
/// "platform".
std::filesystem::path config_file(const std::string& folder, const std::string& name_or_path, const SourceMark& mark,
                                  const std::string& file, const std::string& kind);

/// The folder with an example of each rule, and its fix.
std::filesystem::path example_directory();

/// The folder with the shipped firmware images: $DSPMEM_FIRMWARE, or firmware/ beside the executable.
std::filesystem::path firmware_directory();

}  // namespace dspmem
