// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace dspmem {

/// The folder with platforms/ and allocators/: $DSPMEM_CONFIGS, or the one of the source tree or installation.
std::filesystem::path config_directory();

/// The folder with the shipped firmware images: $DSPMEM_FIRMWARE, or firmware/ beside the executable.
std::filesystem::path firmware_directory();

}  // namespace dspmem
