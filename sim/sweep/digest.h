// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <boost/uuid/detail/sha1.hpp>
#include <string>

namespace dspmem {

/// Names contents by their SHA-1, as 40 hexadecimal digits.
class Digest {
 public:
  /// Parts do not run into each other.
  void add(const std::string& text) {
    const std::string size = std::to_string(text.size()) + ":";
    sha1_.process_bytes(size.data(), size.size());
    sha1_.process_bytes(text.data(), text.size());
  }
  std::string text() {
    unsigned int words[5];
    sha1_.get_digest(words);
    return fmt::format("{:08x}{:08x}{:08x}{:08x}{:08x}", words[0], words[1], words[2], words[3], words[4]);
  }

 private:
  boost::uuids::detail::sha1 sha1_;
};

}  // namespace dspmem
