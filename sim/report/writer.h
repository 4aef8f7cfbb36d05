// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "sim/result/result.h"
#include "sim/result/rule_info.h"

namespace dspmem {

struct WriterOptions {
  bool with_power = false;  ///< which object keeps which bank on, too
  bool stats = false;  ///< tables of cores, heaps, the allocator's calls and banks, too
  bool verbose = false;  ///< every finding with all that is known of it, and advice
  bool strict = false;  ///< warnings fail
  bool colour = false;  ///< for a terminal
  unsigned width = 100;  ///< of a line of text, in characters; at least 60
  std::span<const RuleInfo* const> rules = {};  ///< every rule
};

/// One form of a report.
struct Writer {
  const char* name;  ///< of the form, and of the option of 'dspmem run' that asks for it
  const char* extension;  ///< of its files, with the dot
  const char* summary;  ///< one line for --help
  std::string (*write)(std::span<const Result> results, const WriterOptions& options);
  bool with_history = false;  ///< it draws Result::history
};

// Every form. One line for each; all else is in its file. Text is what a terminal gets, and has no option.
#define REPORT_WRITERS(X) \
  X(text_writer) \
  X(json_writer) \
  X(sarif_writer) \
  X(junit_writer) \
  X(github_writer) \
  X(html_writer) \
  X(suppressions_writer)

#define DECLARE_WRITER(name) extern const Writer name;
REPORT_WRITERS(DECLARE_WRITER)
#undef DECLARE_WRITER

std::span<const Writer* const> writers();

/// One finding with all that is known of it, in the text report's words.
std::string finding_text(const Result::Finding& finding);

}  // namespace dspmem
