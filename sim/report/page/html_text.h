// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace dspmem::page {

/// Text in a page, between tags or in quotes.
std::string escaped(std::string_view text);
/// JSON in a script element: no end tag, no comment can begin in it.
std::string script_text(std::string_view json);

}  // namespace dspmem::page
