// SPDX-License-Identifier: Apache-2.0
#include "sim/config/paths.h"

#include <algorithm>
#include <cstdlib>

namespace dspmem {

namespace {

/// A folder of an installed dspmem, beside its bin; empty when this is none.
std::filesystem::path installed(const char* folder) {
  std::error_code failure;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failure);
  const std::filesystem::path place = program.parent_path().parent_path() / "share/dspmem" / folder;
  return !failure && std::filesystem::is_directory(place, failure) ? place : std::filesystem::path{};
}

}  // namespace

std::filesystem::path config_directory() {
  if (const char* given = std::getenv("DSPMEM_CONFIGS")) return given;
  if (const auto place = installed("configs"); !place.empty()) return place;
  return DSPMEM_SOURCE_CONFIGS;
}

std::vector<std::string> shipped_configs(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(config_directory() / folder, ignored))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

std::filesystem::path config_file(const std::string& folder, const std::string& name_or_path, const SourceMark& mark,
                                  const std::string& file, const std::string& kind) {
  std::filesystem::path path = name_or_path;
  if (name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".yaml")) {
    if (mark.line && path.is_relative()) path = std::filesystem::path(mark.file).parent_path() / path;
    if (!std::filesystem::exists(path)) throw InputError(mark, file + " '" + path.string() + "' does not exist");
    return path;
  }
  path = config_directory() / folder / (name_or_path + ".yaml");
  if (!std::filesystem::exists(path))
    throw InputError(
        mark, "'" + name_or_path + "' is not a known " + kind + suggestion(name_or_path, shipped_configs(folder)));
  return path;
}

std::filesystem::path example_directory() { return config_directory().parent_path() / "scenarios/rules"; }

std::filesystem::path firmware_directory() {
  if (const char* given = std::getenv("DSPMEM_FIRMWARE")) return given;
  if (const auto place = installed("firmware"); !place.empty()) return place;
  return DSPMEM_BUILD_FIRMWARE;
}

}  // namespace dspmem
