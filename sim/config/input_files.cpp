// SPDX-License-Identifier: Apache-2.0
#include "sim/config/input_files.h"

#include <sys/stat.h>

#include <fstream>
#include <optional>
#include <set>
#include <utility>

#include "sim/config/error.h"

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

InputLimits& input_limits() {
  static InputLimits limits;
  return limits;
}

std::string read_input(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status)) throw InputError({path}, "cannot be opened");
  if (S_ISDIR(status.st_mode)) throw InputError({path}, "is a directory, not a YAML file");
  if (!S_ISREG(status.st_mode)) throw InputError({path}, "is a device or a pipe, not a YAML file");
  const std::uint64_t most = input_limits().file_bytes;
  if (static_cast<std::uint64_t>(status.st_size) > most)
    throw InputError({path}, "has " + std::to_string(status.st_size) + " bytes, more than the " + std::to_string(most) +
                                 " that a YAML file may have; --max-file raises that");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw InputError({path}, "cannot be opened");
  note_input(path);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

namespace {
InputRecord* record = nullptr;
}

InputRecord::InputRecord() { record = this; }
InputRecord::~InputRecord() { record = nullptr; }

void note_input(const std::string& path) {
  if (record) record->paths_.insert(path);
  if (const auto identity = identity_of(path)) inputs().insert(*identity);
}

bool is_input(const std::string& path) {
  const auto identity = identity_of(path);
  return identity && inputs().contains(*identity);
}

}  // namespace dspmem
