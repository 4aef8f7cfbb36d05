// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <string>

namespace dspmem {

/// A file that is written as a whole or not at all: under another name until commit(). Throws UsageError when it cannot be written.
class OutputFile {
 public:
  /// `option`: how the user named it.
  OutputFile(const std::string& option, std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Refuses to write over what is read.
  void keep_apart_from(const std::string& input) const;
  std::ostream& stream() const { return stream_; }
  /// What has been written so far, under its other name.
  std::string unfinished() const;
  void commit() const;

 private:
  std::string part() const { return path_ + ".part"; }

  std::string option_, path_;
  mutable std::ofstream stream_;
  mutable bool committed_ = false;
};

}  // namespace dspmem
