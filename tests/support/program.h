// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dspmem::test {

struct ProgramResult {
  int exit_code = -1;  ///< 128 + signal when a signal ended it; 124 when it took longer than the limit
  std::string out, err;
};

/// Runs a program found on PATH or by its path, with standard input empty, and waits for its end. Throws
/// std::runtime_error when it cannot be started.
ProgramResult run_program(const std::vector<std::string>& arguments, const std::filesystem::path& directory = ".",
                          unsigned limit_seconds = 300);

/// Whether a program of this name is on PATH.
bool is_installed(const std::string& program);

/// The dspmem executable of this build.
std::string dspmem_executable();
/// The top of the source tree.
std::filesystem::path source_directory();
/// Where this build put the firmware images.
std::filesystem::path firmware_images();

/// A new folder that is removed, with all that is in it, at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Writes a file, and the folders it lies in.
  std::filesystem::path write(const std::filesystem::path& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);

}  // namespace dspmem::test
