// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <string>

namespace dspmem {

/// A file that is written as a whole or not at all: under a name of its own, in the same folder, until commit(). What
/// the path leads to through links is replaced, and keeps its mode and owner; a device, pipe or socket is written to.
/// Throws UsageError when it cannot be written, at once where that can be seen.
class OutputFile {
 public:
  /// `option`: how the user named it.
  OutputFile(const std::string& option, std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Refuses to write over what this process has read. Call when all inputs have been read, and before anything runs.
  void refuse_inputs() const;
  /// The file that is written, whatever its name here and through links; empty for what takes several outputs, such as
  /// a pipe.
  std::string target() const;
  /// REQUIRES: refuse_inputs() has been called. Opens what is no regular file.
  std::ostream& stream() const;
  /// What has been written so far, under its other name.
  std::string unfinished() const;
  void commit() const;

 private:
  [[noreturn]] void fail(const std::string& why) const;
  void open_beside();
  bool in_place() const { return part_.empty(); }

  std::string option_, path_;
  std::string target_;  ///< what the path leads to
  std::string part_;  ///< the other name; empty where the target itself is written to
  mutable std::ofstream stream_;
  mutable bool committed_ = false;
};

}  // namespace dspmem
