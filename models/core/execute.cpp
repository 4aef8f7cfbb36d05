// SPDX-License-Identifier: Apache-2.0
// The interpreter: threaded code over predecoded blocks. Semantics come from instructions.inc; this file defines the
// words they are written in, and what happens between blocks.
//
// Hot path, per block: one compare with the horizon, one with the instruction cache's most recent line, three
// additions. Per load or store that hits the most recently used line of its set: one compare. No call, no allocation.
#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "models/core/core.h"
#include "models/core/floating_point.h"

namespace dspmem {
namespace {

inline std::int32_t to_signed(std::uint32_t value) { return static_cast<std::int32_t>(value); }

inline std::uint32_t sign_extend(std::uint32_t value, std::uint32_t sign_bit) {
  return static_cast<std::uint32_t>(to_signed(value << (31 - sign_bit)) >> (31 - sign_bit));
}

/// CLAMPS: limits a signed value to bits + 1 bits.
inline std::uint32_t clamp_signed(std::uint32_t value, std::uint32_t bits) {
  const std::int32_t high = (1 << bits) - 1;
  const std::int32_t low = -(1 << bits);
  const std::int32_t number = to_signed(value);
  return static_cast<std::uint32_t>(number < low ? low : number > high ? high : number);
}

/// NSAU: leading zero bits.
inline std::uint32_t normalize_unsigned(std::uint32_t value) {
  return static_cast<std::uint32_t>(std::countl_zero(value));
}

/// NSA: leading bits that repeat the sign, less one.
inline std::uint32_t normalize_signed(std::uint32_t value) {
  return static_cast<std::uint32_t>(std::countl_zero(value ^ static_cast<std::uint32_t>(to_signed(value) >> 31))) - 1;
}

// The most negative number divided by -1 does not fit: the result wraps, as the hardware's does.
inline std::uint32_t divide_signed(std::uint32_t a, std::uint32_t b) {
  return b == ~0u ? 0u - a : static_cast<std::uint32_t>(to_signed(a) / to_signed(b));
}
inline std::uint32_t remainder_signed(std::uint32_t a, std::uint32_t b) {
  return b == ~0u ? 0u : static_cast<std::uint32_t>(to_signed(a) % to_signed(b));
}

}  // namespace

// Operands
#define R a[op->r]
#define S a[op->s]
#define T a[op->t]
#define IMM op->immediate
#define SAR sar_
#define BOOLEAN(number) (1u & sr_[special::br] >> (number))
#define SET_BOOLEAN(number, value) \
  (sr_[special::br] = (sr_[special::br] & ~(1u << (number))) | static_cast<std::uint32_t>(value) << (number))
#define SIGNED(value) to_signed(value)
#define FR f_[op->r]
#define FS f_[op->s]
#define FT f_[op->t]
#define FCR user_[user::fcr]
#define MAC(number) sr_[special::m0 + (number)]
#define MX MAC(op->r >> 2 & 1)
#define MY MAC((op->t >> 2 & 1) + 2)
#define MULTIPLY_HALVES(what, x, y) accumulate(Accumulate::what, x, y, IMM)
#define LOAD_MAC(step) \
  do { \
    const std::uint32_t next_ = S + static_cast<std::uint32_t>(step); \
    MAC(op->r & 3) = LOAD(std::uint32_t, next_); \
    S = next_; \
  } while (0)
#define PC (block->pc + block->offsets[static_cast<std::size_t>(op - block->ops)])
#define SEQUENTIAL_PC block->end_pc

// Slow paths may need the exact position: they find it in op_ and block_.
#define SAVE_POSITION() (op_ = op, block_ = block)
#define SLOW(...) \
  do { \
    SAVE_POSITION(); \
    __VA_ARGS__; \
  } while (0)
#define CHECK_DIVISOR(value) \
  if ((value) == 0) SLOW(fault(FaultCause::divide_by_zero))

// Memory. A key equals an entry's only for an aligned access to the set's most recently used line; see L1Cache. Where
// an observer wants to see some of the line, a bit for each 64th of it says what.
#define ACCESS_KEY(type, address) ((address) & (line_mask | (sizeof(type) - 1)))
#define HIDDEN(hidden, type, address) ((hidden) >> (((address) & ~line_mask) >> part_shift) & parts_of(sizeof(type)))
#define FAST(entry, access, type, address) \
  ((entry).access##_key == ACCESS_KEY(type, address) || \
   (observer_ && (entry).line == ACCESS_KEY(type, address) && \
    !HIDDEN(data_cache_.hidden(entry).from_##access##s, type, address)))
#define LOAD(type, address_expression) \
  ({ \
    const std::uint32_t address_ = (address_expression); \
    const L1Cache::FastEntry& entry_ = fast_[address_ >> LineShift & set_mask]; \
    type value_; \
    if (FAST(entry_, read, type, address_)) [[likely]] { \
      std::memcpy(&value_, entry_.at(address_), sizeof value_); \
    } else { \
      SAVE_POSITION(); \
      value_ = static_cast<type>(load_slow(address_, sizeof(type))); \
    } \
    value_; \
  })
#define STORE(type, address_expression, value_expression) \
  do { \
    const std::uint32_t address_ = (address_expression); \
    const L1Cache::FastEntry& entry_ = fast_[address_ >> LineShift & set_mask]; \
    const type value_ = static_cast<type>(value_expression); \
    if (FAST(entry_, write, type, address_) && (!observer_ || sizeof(type) >> part_shift)) [[likely]] { \
      std::memcpy(entry_.at(address_), &value_, sizeof value_); \
      if (observer_) { \
        const std::uint32_t offset_ = address_ & ~line_mask; \
        SAVE_POSITION(); \
        entry_.place->log.note(parts_of(sizeof(type)) << (offset_ >> part_shift), offset_ / 4, store_record()); \
      } \
    } else { \
      SAVE_POSITION(); \
      store_slow(address_, value_, sizeof(type)); \
    } \
  } while (0)

// Control flow
#define BRANCH(condition) \
  do { \
    if (condition) goto taken; \
    goto sequential; \
  } while (0)
#define JUMP_TAKEN() goto follow_taken
#define JUMP(address) \
  do { \
    SAVE_POSITION(); \
    pc = (address); \
    goto computed; \
  } while (0)
#define CALL_TAKEN() \
  do { \
    a[0] = block->end_pc; \
    push_frame(block->taken_pc, block->end_pc); \
    goto follow_taken; \
  } while (0)
#define CALL(address) \
  do { \
    pc = (address); \
    a[0] = block->end_pc; \
    push_frame(pc, block->end_pc); \
    goto computed; \
  } while (0)
#define RETURN() \
  do { \
    pc = a[0]; \
    pop_frame(pc); \
    goto computed; \
  } while (0)
#define WINDOW_CALL_TAKEN(increment) \
  do { \
    push_window_call(increment, block->taken_pc, block->end_pc); \
    goto follow_taken; \
  } while (0)
#define WINDOW_CALL(increment, address) \
  do { \
    pc = (address); \
    push_window_call(increment, pc, block->end_pc); \
    goto computed; \
  } while (0)
#define NEXT_BLOCK() goto sequential_unlinked
#define SKIP_IF(condition) \
  do { \
    if (condition) { \
      pc = block->taken_pc; \
      goto computed; \
    } \
    goto sequential_unlinked; \
  } while (0)

/// Runs from pc_ until trap_address. With `table` set it only reports where each instruction's code is: labels are
/// visible nowhere else.
template <unsigned LineShift>
void Core::execute(HandlerTable* table) {
  if (table) {
    *table = HandlerTable{
#define INSTRUCTION(name, ...) &&handle_##name,
#include "models/core/instructions.inc"
#undef INSTRUCTION
        &&handle_block_end,
    };
    return;
  }

  constexpr unsigned part_shift = LineShift > 6 ? LineShift - 6 : 0;
  constexpr auto parts_of = [](std::size_t bytes) {
    return (1ull << std::max<std::size_t>(bytes >> part_shift, 1)) - 1;
  };
  constexpr std::uint32_t line_mask = ~((1u << LineShift) - 1);
  std::uint32_t* const a = a_.data();
  const std::uint32_t set_mask = data_cache_.set_mask();
  const L1Cache::FastEntry* const instruction_lines = instruction_lines_;
  const std::uint32_t translate = translator_.available() ? config_.translate_after : 0;
  std::uint32_t pc = pc_;
  Block* block = nullptr;
  const Op* op = nullptr;

computed:
  if (blocks_.clear_pending()) [[unlikely]] {
    clear_blocks();
    block = nullptr;
  } else {
    block = blocks_.find_fast(pc);
  }
  if (!block) {
    block_ = nullptr;
    pc_ = pc;
    block = block_at(pc);
    if (!block) return;
  }

enter:
  if (cycles_ >= horizon_) [[unlikely]] {
    pc_ = block->pc;
    block_ = nullptr;
    if (at_horizon(*block)) {
      pc = pc_;
      goto computed;
    }
  }
  if (instruction_lines[block->set].read_key != block->key ||
      (block->straddles && instruction_lines[block->next_set].read_key != block->next_line)) [[unlikely]] {
    pc = pc_ = block->pc;
    block_ = nullptr;
    fetch_block(*block);
    if (blocks_.clear_pending()) goto computed;
  }
  cycles_ += block->cycles;
  counts_.instructions += block->counts.instructions;
  counts_.data_accesses += block->counts.data_accesses;
  if (translate) {
    if (!block->body && ++block->entered == translate && !translator_.translate(*block, observer_ != nullptr))
      blocks_.request_clear();
    if (block->body) {
      const Translator::Left left = translator_.run(*this, *block);
      block = left.block;
      switch (left.exit) {
        case Translator::Exit::enter: goto enter;
        case Translator::Exit::sequential: goto sequential;
        case Translator::Exit::taken: goto follow_taken;
        case Translator::Exit::computed: pc = pc_; goto computed;
        case Translator::Exit::thrown: failed_ = 0; std::rethrow_exception(std::exchange(thrown_, nullptr));
      }
    }
  }
  op = block->ops;
  goto * op->handler;

#define INSTRUCTION(name, text, mask, match, format, kind, ...) \
  handle_##name : { __VA_ARGS__; } \
  ++op; \
  goto * op->handler;
#include "models/core/instructions.inc"
#undef INSTRUCTION

handle_block_end:
sequential:
  if (block->at_loop_end) [[unlikely]] {
    pc = after_block(*block);
    goto computed;
  }
  if (block->next) [[likely]] {
    block = block->next;
    goto enter;
  }
  {
    Block* const from = block;
    pc = block->end_pc;
    block_ = nullptr;
    pc_ = pc;
    block = block_at(pc);
    if (!block) return;
    if (blocks_.clear_pending()) goto computed;
    from->next = block;
    if (translate) translator_.linked(*from, *block);
    goto enter;
  }

taken:
  cycles_ += config_.timing.taken_branch_cycles;
follow_taken:
  if (block->taken) [[likely]] {
    block = block->taken;
    goto enter;
  }
  {
    Block* const from = block;
    pc = block->taken_pc;
    block_ = nullptr;
    pc_ = pc;
    block = block_at(pc);
    if (!block) return;
    if (blocks_.clear_pending()) goto computed;
    from->taken = block;
    if (translate) translator_.linked(*from, *block);
    goto enter;
  }

sequential_unlinked:
  if (restarted_) {
    restarted_ = false;
    pc = pc_;
  } else {
    pc = after_block(*block);
  }
  goto computed;
}

// ---- One instruction alone ----------------------------------------------------------------------

// The same words for an instruction that translated code has no code for, and calls. Its position is saved.
#undef LOAD
#undef STORE
#undef BRANCH
#undef JUMP_TAKEN
#undef JUMP
#undef CALL_TAKEN
#undef CALL
#undef RETURN
#undef WINDOW_CALL_TAKEN
#undef WINDOW_CALL
#undef NEXT_BLOCK
#undef SKIP_IF
#define LOAD(type, address) static_cast<type>(load_slow(address, sizeof(type)))
#define STORE(type, address, value) store_slow(address, static_cast<type>(value), sizeof(type))
#define GO(address) return pc_ = (address), after_step()
#define NEVER_LEFT() \
  throw std::logic_error("translated code has no code for '" + \
                         std::string(instruction_table()[static_cast<std::size_t>(op->opcode)].text) + "'")
#define BRANCH(condition) NEVER_LEFT()
#define JUMP_TAKEN() NEVER_LEFT()
#define JUMP(address) GO(address)
#define CALL_TAKEN() NEVER_LEFT()
#define CALL(address) static_cast<void>(address), NEVER_LEFT()
#define WINDOW_CALL_TAKEN(increment) NEVER_LEFT()
#define WINDOW_CALL(increment, address) \
  return push_window_call(increment, address, block->end_pc), pc_ = (address), after_step()
#define RETURN() \
  do { \
    const std::uint32_t to = a[0]; \
    pop_frame(to); \
    GO(to); \
  } while (0)
#define NEXT_BLOCK() \
  do { \
    if (!std::exchange(restarted_, false)) pc_ = after_block(*block); \
    return after_step(); \
  } while (0)
#define SKIP_IF(condition) \
  do { \
    if (condition) GO(block->taken_pc); \
    NEXT_BLOCK(); \
  } while (0)

Stepped Core::after_step() const { return blocks_.clear_pending() ? Stepped::stale : Stepped::elsewhere; }

Stepped Core::step() {
  std::uint32_t* const a = a_.data();
  const Block* const block = block_;
  const Op* const op = op_;
  switch (op->opcode) {
#define INSTRUCTION(name, text, mask, match, format, kind, ...) \
  case Opcode::name: { \
    __VA_ARGS__; \
  } break;
#include "models/core/instructions.inc"
#undef INSTRUCTION
    default: NEVER_LEFT();
  }
  return Stepped::on;
}

void Core::interpret(HandlerTable* table) {
  switch (data_cache_.line_shift()) {
    case 5: return execute<5>(table);
    case 6: return execute<6>(table);
    case 7: return execute<7>(table);
    default: return execute<8>(table);
  }
}

HandlerTable Core::handlers() {
  HandlerTable table;
  interpret(&table);
  return table;
}

void Core::run() {
  try {
    interpret(nullptr);
  } catch (const BusError& error) { fault(FaultCause::bus_error, error.what(), 0, error.refusal); }
  block_ = nullptr;
  if (block_observer_) block_observer_->on_leave(*this);
}

}  // namespace dspmem
