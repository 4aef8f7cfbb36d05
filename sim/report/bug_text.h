// SPDX-License-Identifier: Apache-2.0
// How the text report shows one bug. Of the text writer's own sources.
#pragma once

#include <string>

#include "sim/report/writer.h"
#include "sim/result/groups.h"

namespace dspmem {

/// Adds emphasis for a terminal, or nothing.
class Paint {
 public:
  explicit Paint(bool colour) : colour_(colour) {}
  std::string bad(const std::string& text) const { return wrap("1;31", text); }
  std::string good(const std::string& text) const { return wrap("1;32", text); }
  std::string strong(const std::string& text) const { return wrap("1", text); }
  std::string mark(const std::string& text) const { return wrap("33", text); }
  std::string faint(const std::string& text) const { return wrap("2", text); }

 private:
  std::string wrap(const char* code, const std::string& text) const {
    return colour_ ? std::string("\x1b[") + code + "m" + text + "\x1b[0m" : text;
  }
  bool colour_;
};

/// Breaks text into lines of at most `width` characters, the second and later ones behind `indent`. Words are not
/// broken.
std::string wrapped(const std::string& text, const std::string& indent, unsigned width);

/// A bug: what is wrong, who did what when, the source, the object, the fix. `number`: of the bug in this report, from
/// 1; 0: of none.
std::string bug_text(const Group& group, std::size_t number, const WriterOptions& options);

}  // namespace dspmem
