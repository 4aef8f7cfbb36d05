// SPDX-License-Identifier: Apache-2.0
#include "models/core/block_cache.h"

#include <algorithm>

namespace dspmem {
namespace {

std::uint32_t word_at(std::span<const std::uint8_t> bytes, std::uint32_t offset) {
  std::uint32_t word = bytes[offset] | bytes[offset + 1] << 8;
  if (offset + 2 < bytes.size()) word |= bytes[offset + 2] << 16;
  return word;
}

/// Which of a[0] to a[15] the fields in `mask` name.
std::uint16_t registers(std::uint8_t mask, const Op& op) {
  return static_cast<std::uint16_t>((mask & field_r ? 1u << op.r : 0) | (mask & field_s ? 1u << op.s : 0) |
                                    (mask & field_t ? 1u << op.t : 0));
}

}  // namespace

BlockCache::BlockCache(const CoreTiming& timing, const HandlerTable& handlers, std::uint32_t line_bytes,
                       std::uint32_t set_mask)
    : timing_(timing), handlers_(handlers), line_bytes_(line_bytes), set_mask_(set_mask) {}

Block* BlockCache::find(std::uint32_t pc) {
  const auto found = by_pc_.find(pc);
  if (found == by_pc_.end()) return nullptr;
  recent_[index(pc)] = {pc, found->second};
  return found->second;
}

bool BlockCache::line_unchanged(std::uint32_t line_address, std::span<const std::uint8_t> bytes) const {
  const auto known = decoded_lines_.find(line_address);
  return known == decoded_lines_.end() || std::equal(bytes.begin(), bytes.end(), known->second.begin());
}

void BlockCache::remember(std::uint32_t line_address, const std::uint8_t* bytes) {
  decoded_lines_[line_address].assign(bytes, bytes + line_bytes_);
}

void BlockCache::clear() {
  clear_pending_ = false;
  std::fill(recent_.begin(), recent_.end(), Entry{});
  by_pc_.clear();
  decoded_lines_.clear();
  blocks_.clear();
  op_storage_.clear();
}

Block* BlockCache::decode_bytes(std::uint32_t pc, std::span<const std::uint8_t> bytes, bool& needs_next_line) {
  const std::uint32_t line_address = pc & ~(line_bytes_ - 1);
  Block block;
  block.pc = pc;
  block.head = cold_code_;
  block.line = line_address;
  block.watched = watched_.contains(pc);
  block.set = line_address / line_bytes_ & set_mask_;
  block.next_line = line_address + line_bytes_;
  block.next_set = block.next_line / line_bytes_ & set_mask_;
  std::vector<Op> ops;
  std::uint16_t late = 0;  // registers whose value the previous instruction has late
  std::uint32_t late_cycles = 0;
  std::uint32_t address = pc;
  bool ended = false;
  while (!ended && address - line_address < line_bytes_) {
    if (address != pc && loop_ends_.contains(address)) break;
    const std::uint32_t offset = address - line_address;
    const std::uint32_t length = instruction_length(bytes[offset]);
    block.straddles = offset + length > line_bytes_;
    if (block.straddles && !needs_next_line) {
      needs_next_line = true;
      return nullptr;
    }
    const std::uint32_t word = word_at(bytes, offset);
    const Opcode opcode = dspmem::decode(word);
    const Instruction& instruction = instruction_table()[static_cast<std::size_t>(opcode)];
    const Format& format = *instruction.format;
    Op op{handlers_[static_cast<std::size_t>(opcode)], format.immediate(word, address),
          static_cast<std::uint8_t>(word >> 12 & 0xf), static_cast<std::uint8_t>(word >> 8 & 0xf),
          static_cast<std::uint8_t>(word >> 4 & 0xf),  opcode};
    const std::uint16_t used = registers(format.reads | format.writes, op);
    block.quads_used.push_back(
        std::max<std::uint8_t>(format.increment, used > 0xff ? (used > 0xfff ? 3 : 2) : used > 0xf));
    block.quads = std::max(block.quads, block.quads_used.back());
    if (late & registers(format.reads, op)) block.cycles += late_cycles;
    block.offsets.push_back(static_cast<std::uint8_t>(address - pc));
    block.cycles_before.push_back(static_cast<std::uint16_t>(block.cycles));
    block.cycles += 1 + timing_.extra_cycles[static_cast<std::size_t>(instruction.kind)];
    ++block.counts.instructions;
    block.counts.data_accesses += accesses_data(instruction.kind);
    late_cycles = timing_.use_cycles(instruction.kind, opcode);
    late = late_cycles ? registers(format.writes, op) : std::uint16_t{0};
    if (format.target) block.taken_pc = format.target(word, address);
    ops.push_back(op);
    address += length;
    ended = ends_block(instruction.kind);
  }
  if (!ended) ops.push_back(Op{handlers_[static_cast<std::size_t>(Opcode::block_end)], 0, 0, 0, 0, Opcode::block_end});
  block.end_pc = address;
  block.careful = block.watched || distrusts(line_address) || (block.straddles && distrusts(block.next_line));
  block.key = block.careful ? no_line : line_address;
  block.at_loop_end = loop_ends_.contains(address);
  op_storage_.push_back(std::make_unique<Op[]>(ops.size()));
  std::copy(ops.begin(), ops.end(), op_storage_.back().get());
  block.ops = op_storage_.back().get();
  blocks_.push_back(std::move(block));
  return &blocks_.back();
}

}  // namespace dspmem
