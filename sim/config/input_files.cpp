// SPDX-License-Identifier: Apache-2.0
#include "sim/config/input_files.h"

#include <sys/stat.h>

#include <optional>
#include <set>
#include <utility>

namespace dspmem {
namespace {

using Identity = std::pair<dev_t, ino_t>;

std::optional<Identity> identity_of(const std::string& path) {
  struct stat status {};
  // Devices and pipes are not changed by what is written to them.
  if (stat(path.c_str(), &status) || !S_ISREG(status.st_mode)) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

std::set<Identity>& inputs() {
  static std::set<Identity> all;
  return all;
}

}  // namespace

void note_input(const std::string& path) {
  if (const auto identity = identity_of(path)) inputs().insert(*identity);
}

bool is_input(const std::string& path) {
  const auto identity = identity_of(path);
  return identity && inputs().contains(*identity);
}

}  // namespace dspmem
