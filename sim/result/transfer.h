// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sim/result/result.h"

namespace dspmem {

/// A result on its way between two processes of one program. No form for files: it changes with the program.
std::string to_bytes(const Result& result);
/// `rule` gives the rule of a name. Throws std::runtime_error for bytes that are none of to_bytes().
Result result_from_bytes(std::string_view bytes, const std::function<RuleId(std::string_view)>& rule);

}  // namespace dspmem
