// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace dspmem {

/// The files that this process reads: whoever opens one notes it, whoever writes one asks. Files are told apart by
/// device and inode, so that links and other spellings of a path make no difference.

/// REQUIRES: called by every reader of user's files, when it opens them.
void note_input(const std::string& path);
bool is_input(const std::string& path);

/// Collects the paths of the files that are read while it lives. Not two at a time.
class InputRecord {
 public:
  InputRecord();
  ~InputRecord();
  InputRecord(const InputRecord&) = delete;
  InputRecord& operator=(const InputRecord&) = delete;
  const std::set<std::string>& paths() const { return paths_; }

 private:
  friend void note_input(const std::string& path);
  std::set<std::string> paths_;
};

/// What input may have at most, so that a mistake in it does not take the machine's memory. Set from the command line.
struct InputLimits {
  std::uint64_t file_bytes = 64 * 1024 * 1024;  ///< of a YAML file, or one that 'use' names
  std::uint64_t nodes = 1'000'000;  ///< of a YAML file: values, lists and mappings, with its aliases written out
  std::uint64_t live_objects =
      4'000'000;  ///< numbered objects of a trace at one time, with those whose allocation failed
  std::uint64_t steps = 1'000'000;  ///< of a scenario, with what its 'use' steps stand for
};
InputLimits& input_limits();

/// The whole of a file. Throws InputError for what cannot be opened, is no regular file, or is too large; notes it as
/// an input.
std::string read_input(const std::string& path);

}  // namespace dspmem
