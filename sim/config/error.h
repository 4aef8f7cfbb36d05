// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/result/place.h"

namespace dspmem {

using SourceMark = Place;

/// What may have been meant instead, as text to follow a message. Kept apart from it, so that who lists many messages
/// can leave it out.
struct Hint {
  std::string text;
};
/// What is wrong, and what may have been meant.
struct Message {
  std::string text, hint;

  Message(std::string text) : text(std::move(text)) {}
  Message(const char* text) : text(text) {}
  Message(std::string text, Hint hint) : text(std::move(text)), hint(std::move(hint.text)) {}
};
inline Message operator+(std::string text, Hint hint) { return {std::move(text), std::move(hint)}; }

/// Input that cannot be used. what() is the whole message: file:line:column: error: ...
class InputError : public std::runtime_error {
 public:
  InputError(const SourceMark& mark, const Message& message);
  const SourceMark& mark() const { return mark_; }
  /// Without the place.
  std::string message() const { return message_.text + message_.hint; }
  /// Without the hint.
  std::string summary() const;

 private:
  SourceMark mark_;
  Message message_;
};

/// The name in `known` with the smallest edit distance, if it is close enough to be what was meant; else empty.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

/// "; did you mean 'x'?" or, with no near name, "; known are: a, b, c"; where that would be too many, those that have a
/// word of it.
Hint suggestion(std::string_view name, const std::vector<std::string>& known);

}  // namespace dspmem
