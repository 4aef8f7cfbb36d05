// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/output_file.h"

#include <unistd.h>

#include <filesystem>

#include "sim/cli/usage.h"

namespace dspmem {

OutputFile::OutputFile(const std::string& option, std::string path) : option_(option), path_(std::move(path)) {
  const std::filesystem::path file(path_), folder = file.has_parent_path() ? file.parent_path() : ".";
  if (std::filesystem::is_directory(file)) throw UsageError(option_ + ": '" + path_ + "' is a directory");
  if (!std::filesystem::is_directory(folder)) throw UsageError(option_ + ": the folder '" + folder.string() + "' does not exist");
  stream_.open(part(), std::ios::binary);
  if (!stream_) throw UsageError(option_ + ": '" + path_ + "' cannot be written");
}

void OutputFile::keep_apart_from(const std::string& input) const {
  std::error_code failure;
  if (std::filesystem::equivalent(path_, input, failure)) throw UsageError(option_ + ": '" + path_ + "' is what is read; name another file");
}

OutputFile::~OutputFile() {
  if (committed_) return;
  stream_.close();
  std::error_code ignored;
  std::filesystem::remove(part(), ignored);
}

std::string OutputFile::unfinished() const {
  stream_.flush();
  return part();
}

void OutputFile::commit() const {
  stream_.close();
  std::error_code failure;
  if (stream_) std::filesystem::rename(part(), path_, failure);
  if (!stream_ || failure) throw UsageError(option_ + ": '" + path_ + "' cannot be written");
  committed_ = true;
}

}  // namespace dspmem
