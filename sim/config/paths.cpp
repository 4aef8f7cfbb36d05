// SPDX-License-Identifier: Apache-2.0
#include "sim/config/paths.h"

#include <cstdlib>

namespace dspmem {

std::filesystem::path config_directory() {
  if (const char* given = std::getenv("DSPMEM_CONFIGS")) return given;
  return DSPMEM_SOURCE_CONFIGS;
}

std::filesystem::path firmware_directory() {
  if (const char* given = std::getenv("DSPMEM_FIRMWARE")) return given;
  return DSPMEM_BUILD_FIRMWARE;
}

}  // namespace dspmem
