// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "models/core/core_state.h"

namespace dspmem {

class Core;

/// What came of an instruction that was executed for translated code.
enum class Stepped : std::uint32_t {
  on,  ///< the next one of the block follows
  elsewhere,  ///< execution goes on at CoreState::pc_
  stale,  ///< the same, but decoded code may not be used any more
  failed,  ///< something was thrown
};

/// What translated code needs of its core when it cannot go on by itself. The functions keep what they throw for
/// rethrow().
struct TranslatorCallbacks {
  std::uint32_t (*load)(CoreState* state, std::uint32_t address, std::uint32_t bytes);
  void (*store)(CoreState* state, std::uint32_t address, std::uint32_t value, std::uint32_t bytes);
  /// Executes the instruction at CoreState::op_ of CoreState::block_, of those that this has no code for.
  Stepped (*step)(CoreState* state);
  /// Makes the block's lines the most recently used of their sets. False when they are not in the cache. Throws
  /// nothing.
  bool (*touch)(CoreState* state, const Block* block);
  /// Makes a line of the data cache the most recently used of its set. Throws nothing.
  void (*make_most_recent)(CoreState* state, std::uint32_t set, std::uint32_t way);
};

/// Turns hot blocks into host code that does what the interpreter does: same registers, cycles, cache and statistics.
/// What it has no code for it lets the core do, instruction by instruction. On hosts other than x86-64 it translates
/// nothing.
///
/// Between instructions the most used registers live in the host's; CoreState has them whenever anybody else runs.
class Translator {
 public:
  /// How translated code was left, and what the interpreter does then.
  enum class Exit : std::uint64_t {
    enter,  ///< the block's head: its line must be fetched, or time has come to synchronise
    sequential,  ///< behind the block's end, which is not linked, or ends a zero-overhead loop
    taken,  ///< the block's taken branch, which is not linked; its cycles are counted
    computed,  ///< at CoreState::pc_; `block` means nothing
    thrown,  ///< a callback has thrown
  };
  struct Left {
    Block* block;
    Exit exit;
  };
  /// How the core's memory accesses work. `taken_branch_cycles` from CoreTiming.
  struct Shape {
    std::uint32_t line_shift, set_mask, tags_per_set;
    std::uint32_t taken_branch_cycles;
    std::uint32_t* special_registers;  ///< by number
  };

  Translator(const Shape& shape, const TranslatorCallbacks& callbacks);
  ~Translator();

  /// Where blocks without code begin for translated code: Block::head until translate(). Null when nothing is ever
  /// translated.
  const void* cold() const;
  /// Whether this host can run translated code.
  bool available() const;
  /// `observed`: somebody may want to see accesses, and have stores noted. Sets the block's code. False when there is
  /// no room for more until clear().
  bool translate(Block& block, bool observed);
  /// `to` has become next or taken of `from`.
  void linked(Block& from, Block& to);
  /// Runs a block whose head was passed, and whatever follows. REQUIRES: block.code.
  Left run(CoreState& state, const Block& block) const;
  /// Drops all code.
  void clear();

  struct Implementation;

 private:
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace dspmem
