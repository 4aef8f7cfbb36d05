// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/config/error.h"

namespace dspmem {

/// The lines of a text file, plain or compressed with gzip or zstd (its first bytes tell), in constant memory.
class LineSource {
 public:
  static constexpr std::size_t longest_line = 1 << 20;  ///< bytes

  /// Throws InputError when the file cannot be opened.
  explicit LineSource(const std::string& path);
  /// Text that is in memory already; `name` stands for it in messages. REQUIRES: outlives the source.
  LineSource(std::string_view text, std::string name);
  ~LineSource();

  /// The next line without its end, valid until the next call; false at the end. Throws InputError for damaged files
  /// and endless lines.
  bool next(std::string_view& line);
  /// Of the last line, from 1.
  std::uint64_t number() const { return number_; }
  const std::string& path() const { return path_; }

 private:
  bool refill();

  std::string path_;
  std::unique_ptr<std::istream> stream_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  ///< what of the buffer is not given out yet
  std::uint64_t number_ = 0;
};

}  // namespace dspmem
