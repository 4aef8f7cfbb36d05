// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

namespace dspmem::test {

/// Something that a user can get wrong, and the one line that comes back.
struct BadInputCase {
  using Files = std::map<std::string, std::string>;

  std::string name;
  std::vector<std::string> arguments;
  Files files;  ///< "@tgl.elf" stands for the image, "@tgl.elf:40" for its first 40 bytes, "@other" for another
                ///< machine's, "@endless" without an end of its texts
  std::string message;  ///< "..." at its end stands for anything
};

const std::vector<BadInputCase>& bad_inputs();

/// What such a file holds.
std::string bad_input_contents(const std::string& text);

}  // namespace dspmem::test
