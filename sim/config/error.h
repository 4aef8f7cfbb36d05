// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace dspmem {

/// A place in a file that a user wrote. Line and column count from 1; 0 means the file as a whole.
struct SourceMark {
  std::string file;
  int line = 0;
  int column = 0;

  std::string to_string() const;
};

/// Input that cannot be used. what() is the whole message: file:line:column: error: ...
class InputError : public std::runtime_error {
 public:
  InputError(const SourceMark& mark, const std::string& message);
  const SourceMark& mark() const { return mark_; }
  /// Without the place.
  const std::string& message() const { return message_; }

 private:
  SourceMark mark_;
  std::string message_;
};

/// The name in `known` with the smallest edit distance, if it is close enough to be what was meant; else empty.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

/// "; did you mean 'x'?" or, with no near name, "; known are: a, b, c"; where that would be too many, those that have a word of it.
std::string suggestion(std::string_view name, const std::vector<std::string>& known);

}  // namespace dspmem
