// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "sim/result/result.h"

namespace dspmem {

/// Text from input, such that it can neither forge a line of a report nor make it invalid: control characters, bytes
/// that are no UTF-8 and characters that change the direction of what follows become escapes such as \n, \xff and
/// \u202e. Other text stays as it is.
std::string printable(std::string_view text);

/// The same for text of several lines, which stay.
std::string printable_lines(std::string_view text);

/// Every text of a history that comes from input.
void make_printable(Result::History& history);

/// Every text of the result that comes from input.
void make_printable(Result& result);

}  // namespace dspmem
