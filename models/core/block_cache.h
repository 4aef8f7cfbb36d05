// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "models/core/isa.h"
#include "models/core/timing.h"

namespace dspmem {

/// Where the interpreter's code for each opcode is.
using HandlerTable = std::array<const void*, opcode_count>;

/// One predecoded instruction: where its code is in the interpreter, and its operands.
struct Op {
  const void* handler;
  std::uint32_t immediate;
  std::uint8_t r, s, t;
  Opcode opcode;
};
static_assert(sizeof(Op) == 16);

/// Counters that a block adds as a whole when it is entered.
struct BlockCounts {
  std::uint64_t instructions = 0;
  std::uint64_t data_accesses = 0;
};

/// A run of instructions within one instruction-cache line, entered only at its head.
struct Block {
  std::uint32_t pc = 0;
  std::uint32_t line = 0;  ///< the instruction-cache line that holds its first byte
  std::uint32_t key = 0;  ///< the same, or what no line equals: entering the block then always takes the slow path
  std::uint32_t set = 0;
  std::uint32_t next_line = 0;  ///< the line behind, and its set: needed where the block straddles
  std::uint32_t next_set = 0;
  std::uint32_t cycles = 0;  ///< without cache misses and taken branches
  BlockCounts counts;
  const Op* ops = nullptr;
  Block* next = nullptr;  ///< patched in when first followed
  Block* taken = nullptr;
  std::uint32_t end_pc = 0;  ///< the address behind its last instruction
  std::uint32_t taken_pc = 0;
  bool straddles = false;  ///< its last instruction ends in the next line
  bool at_loop_end = false;  ///< end_pc is the end of some zero-overhead loop
  std::uint8_t quads = 0;  ///< how many quads of registers beyond the first its instructions use: 0 to 3
  bool watched = false;  ///< begins a function whose calls are observed
  bool careful = false;  ///< entered by fetch_block() alone: watched, or in a line that is distrusted
  std::uint32_t entered = 0;  ///< how often by the interpreter, until it is translated
  const void* head = nullptr;  ///< translated code; see Translator
  const void* inner = nullptr;  ///< the same without the look whether its lines are there: for those who come from them
  const void* body = nullptr;  ///< the same without what is checked on entry; null until translated
  // Where the translated code jumps to follow a link; until the block there is translated too, to code that looks
  // further.
  std::uint8_t* jump_to_next = nullptr;
  std::uint8_t* jump_to_taken = nullptr;
  std::vector<Block*> linked_from;  ///< blocks that have this one as next or taken

  /// Per instruction, for faults and exact times: offset of its address, and cycles spent before it.
  std::vector<std::uint8_t> offsets;
  std::vector<std::uint16_t> cycles_before;
  std::vector<std::uint8_t> quads_used;  ///< as `quads`, of each
};

/// Decoded blocks of one core. Stale code is modelled by the instruction cache, not here: a block stays valid until the
/// line it came from is fetched again with other bytes.
class BlockCache {
 public:
  BlockCache(const CoreTiming& timing, const HandlerTable& handlers, std::uint32_t line_bytes, std::uint32_t set_mask);

  struct Entry {
    std::uint32_t pc = ~0u;
    Block* block = nullptr;
  };
  /// Direct-mapped by a hash of the pc: index().
  const Entry* recent() const { return recent_.data(); }
  static constexpr std::uint32_t recent_bits = 12, recent_factor = 0x9e3779b1;
  static std::uint32_t index(std::uint32_t pc) { return pc * recent_factor >> (32 - recent_bits); }

  /// The block at `pc` if it has been decoded. The inlined part of every computed jump.
  Block* find_fast(std::uint32_t pc) const {
    const Entry& entry = recent_[index(pc)];
    return entry.pc == pc ? entry.block : nullptr;
  }
  Block* find(std::uint32_t pc);

  /// Decodes from the bytes of the line that holds `pc`, and of the next one where the last instruction needs it.
  /// `next_line` is called only in that case.
  template <class FetchNextLine>
  Block* decode(std::uint32_t pc, const std::uint8_t* line, FetchNextLine&& next_line);

  /// Remembers what a line looked like when code was decoded from it. Returns false when other bytes were remembered:
  /// everything decoded is then stale.
  bool line_unchanged(std::uint32_t line_address, std::span<const std::uint8_t> bytes) const;

  /// Blocks must end where a zero-overhead loop ends. Returns true when that was not known before.
  bool add_loop_end(std::uint32_t address) { return loop_ends_.insert(address).second; }

  /// What Block::head is until a block is translated.
  void use_cold_code(const void* code) { cold_code_ = code; }

  /// Blocks with bytes of this line are entered carefully, once all has been decoded again. Returns whether that is
  /// new.
  bool distrust(std::uint32_t line_address) { return distrusted_.insert(line_address).second; }
  bool trust(std::uint32_t line_address) { return distrusted_.erase(line_address) != 0; }
  bool distrusts(std::uint32_t line_address) const { return distrusted_.contains(line_address); }
  void trust_all() { distrusted_.clear(); }

  /// Blocks that begin here are marked as watched. REQUIRES: nothing has been decoded.
  void watch(std::uint32_t pc) { watched_.insert(pc); }

  void clear();
  bool clear_pending() const { return clear_pending_; }
  void request_clear() { clear_pending_ = true; }

 private:
  static constexpr std::uint32_t no_line = 1;  ///< no line begins there

  Block* decode_bytes(std::uint32_t pc, std::span<const std::uint8_t> bytes, bool& needs_next_line);
  void remember(std::uint32_t line_address, const std::uint8_t* bytes);

  CoreTiming timing_;
  HandlerTable handlers_;
  std::uint32_t line_bytes_;
  std::uint32_t set_mask_;
  bool clear_pending_ = false;
  const void* cold_code_ = nullptr;
  std::vector<Entry> recent_ = std::vector<Entry>(1u << recent_bits);
  std::deque<Block> blocks_;
  std::deque<std::unique_ptr<Op[]>> op_storage_;
  std::unordered_map<std::uint32_t, Block*> by_pc_;
  std::unordered_map<std::uint32_t, std::vector<std::uint8_t>> decoded_lines_;
  std::unordered_set<std::uint32_t> loop_ends_;
  std::unordered_set<std::uint32_t> watched_;
  std::unordered_set<std::uint32_t> distrusted_;  ///< lines
};

template <class FetchNextLine>
Block* BlockCache::decode(std::uint32_t pc, const std::uint8_t* line, FetchNextLine&& next_line) {
  // The longest instruction has three bytes: two of the next line complete any that starts in this one.
  std::array<std::uint8_t, 256 + 2> bytes{};
  const std::uint32_t line_address = pc & ~(line_bytes_ - 1);
  std::copy(line, line + line_bytes_, bytes.begin());
  bool needs_next_line = false;
  const std::span<const std::uint8_t> all(bytes.data(), line_bytes_ + 2);
  Block* block = decode_bytes(pc, all, needs_next_line);
  if (needs_next_line) {
    const std::uint8_t* more = next_line(line_address + line_bytes_);
    remember(line_address + line_bytes_, more);
    bytes[line_bytes_] = more[0];
    bytes[line_bytes_ + 1] = more[1];
    block = decode_bytes(pc, all, needs_next_line);
  }
  remember(line_address, bytes.data());
  by_pc_[pc] = block;
  recent_[index(pc)] = {pc, block};
  return block;
}

}  // namespace dspmem
