// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "sim/result/result.h"

namespace dspmem {

struct WriterOptions {
  bool with_power = false;  ///< which object keeps which bank on, too
};

/// One form of a report.
struct Writer {
  const char* name;       ///< of the form, and of the option of 'dspmem run' that asks for it
  const char* extension;  ///< of its files, with the dot
  const char* summary;    ///< one line for --help
  std::string (*write)(const Result& result, const WriterOptions& options);
};

// Every form. One line for each; all else is in its file. Text is what a terminal gets, and has no option.
#define REPORT_WRITERS(X) \
  X(text_writer)          \
  X(json_writer)

#define DECLARE_WRITER(name) extern const Writer name;
REPORT_WRITERS(DECLARE_WRITER)
#undef DECLARE_WRITER

std::span<const Writer* const> writers();

/// One finding as the text report has it.
std::string finding_text(const Result::Finding& finding);

}  // namespace dspmem
