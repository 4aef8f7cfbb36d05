// SPDX-License-Identifier: Apache-2.0
// Where translated code lies. Of the translator's own sources, not of its interface.
#pragma once

#include <asmjit/x86.h>

#include <cstddef>
#include <cstdint>

namespace dspmem {

/// Memory for the code of one translator, in two parts: what is run whenever a block is, side by side, and what seldom
/// is somewhere else. The host's instruction cache holds more of the first then, and that is what the speed of code
/// that is not all loops hangs on.
class CodeStore {
 public:
  /// Bytes of address space, of which only what is used becomes memory; as they stand here, for the code of some 40 000
  /// blocks.
  struct Sizes {
    std::size_t often = std::size_t{8} << 20, seldom = std::size_t{16} << 20;
    std::size_t piece = std::size_t{64} << 10;  ///< what the longest block may need in either part
  };

  /// Has no memory where the host grants none that is executable: see available().
  explicit CodeStore(const Sizes& sizes);
  CodeStore() : CodeStore(Sizes()) {}
  ~CodeStore();
  CodeStore(const CodeStore&) = delete;
  CodeStore& operator=(const CodeStore&) = delete;

  bool available() const { return memory_ != nullptr; }
  bool has_room() const { return often_ + sizes_.piece <= sizes_.often && seldom_ + sizes_.piece <= sizes_.seldom; }
  /// Prepares for writing a piece of code. Returns the section for what seldom runs. Throws std::runtime_error when the
  /// host's memory is used up. REQUIRES: has_room().
  asmjit::Section* begin(asmjit::CodeHolder& code) const;
  /// Puts it into memory; returns where. Throws std::runtime_error when it is longer than Sizes::piece, or jumps to or
  /// calls what is more than 2 GiB away.
  std::uint8_t* add(asmjit::CodeHolder& code);
  /// What is there now stays when all else is dropped.
  void keep();
  void clear();

 private:
  Sizes sizes_;
  std::uint8_t* memory_ = nullptr;
  std::size_t often_ = 0, seldom_ = 0;  ///< used
  std::size_t often_kept_ = 0, seldom_kept_ = 0;
};

}  // namespace dspmem
