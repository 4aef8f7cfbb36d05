// SPDX-License-Identifier: Apache-2.0
// A block's frame, memory accesses and control flow in the host's code; single instructions are in
// translate_instruction.cpp.
#if defined(__x86_64__)

#include "models/core/block_translation.h"

#include <algorithm>

namespace dspmem::translation {

// ---- Memory -------------------------------------------------------------------------------------

void BlockTranslation::address_of(const Op& op) {
  const Gp base = use(op.s, x86::eax);
  if (op.immediate) a_.lea(x86::eax, x86::ptr(base.r64(), static_cast<std::int32_t>(op.immediate)));
  else if (base != x86::eax) a_.mov(x86::eax, base);
}

/// eax: address. Leaves the entry's offset in rcx and the access' key in edx; goes to `other` unless the entry holds
/// the line, with nothing hidden.
void BlockTranslation::entry_of(std::uint32_t bytes, std::size_t key, Label other) {
  const std::uint32_t line_shift = translator_.shape.line_shift;
  a_.mov(x86::ecx, x86::eax);
  if (line_shift > stride_shift) a_.shr(x86::ecx, line_shift - stride_shift);
  a_.and_(x86::ecx, translator_.shape.set_mask << stride_shift);
  a_.mov(x86::edx, x86::eax);
  a_.and_(x86::edx, static_cast<std::int32_t>(~(line_bytes() - 1) | (bytes - 1)));
  a_.cmp(x86::edx, x86::dword_ptr(fast, x86::rcx, 0, static_cast<std::int32_t>(key)));
  a_.jne(other);
}

/// Behind a failed entry_of(): has the entry hold the line, if the cache has it in another way. Falls through if the
/// access can be made then; goes to `slow` if not.
void BlockTranslation::find_line(const Aside& access, Label slow) {
  const bool is_load = access.kind == Aside::Kind::load;
  const Label partly = a_.newLabel(), made = a_.newLabel();
  const auto entry = [](std::size_t member) {
    return x86::dword_ptr(fast, x86::rcx, 0, static_cast<std::int32_t>(member));
  };
  // A load finds an entry that holds its line, unless somebody watches, who may have hidden it.
  if (observed_ || !is_load) {
    a_.cmp(x86::edx, entry(offsetof(L1Cache::FastEntry, line)));
    a_.je(observed_ ? partly : slow);
  }
  a_.call(translator_.other_way);
  a_.jnc(slow);
  a_.cmp(x86::edx, entry(is_load ? offsetof(L1Cache::FastEntry, read_key) : offsetof(L1Cache::FastEntry, write_key)));
  if (!observed_) {
    a_.jne(slow);
    return;
  }
  a_.je(made);
  a_.cmp(x86::edx, entry(offsetof(L1Cache::FastEntry, line)));
  a_.jne(slow);
  a_.bind(partly);
  visible(access.bytes,
          is_load ? offsetof(L1Cache::Place::Hidden, from_reads) : offsetof(L1Cache::Place::Hidden, from_writes), slow);
  a_.bind(made);
}

/// Goes to `slow` if the access of the line that the entry at rcx holds is hidden. `mask`: of L1Cache::Place::Hidden.
void BlockTranslation::visible(std::uint32_t bytes, std::size_t mask, Label slow) {
  a_.mov(x86::rdx, x86::qword_ptr(fast, x86::rcx, 0, offsetof(L1Cache::FastEntry, place)));
  a_.add(x86::rdx, FIELD(hidden_at_));
  a_.mov(x86::rdx, x86::qword_ptr(x86::rdx, static_cast<std::int32_t>(mask)));
  // Shifts count modulo 64: the address is right as it is for lines of 64 bytes.
  if (line_bytes() != 64) {
    a_.movd(x86::xmm0, x86::eax);
    a_.and_(x86::eax, line_bytes() - 1);
    if (part_shift()) a_.shr(x86::eax, part_shift());
  }
  a_.shrx(x86::rdx, x86::rdx, x86::rax);
  if (line_bytes() != 64) a_.movd(x86::eax, x86::xmm0);
  a_.test(x86::dl, (1u << std::max(bytes >> part_shift(), 1u)) - 1);
  a_.jnz(slow);
}

void BlockTranslation::load(const Op& op, std::uint32_t index, std::uint32_t bytes, bool is_signed, bool literal) {
  const Label done = a_.newLabel(), access = a_.newLabel();
  const Label other = aside({.kind = Aside::Kind::load,
                             .back = done,
                             .access = access,
                             .index = index,
                             .bytes = bytes,
                             .guest = op.t,
                             .is_signed = is_signed});
  if (literal) a_.mov(x86::eax, op.immediate);
  else address_of(op);
  entry_of(bytes, offsetof(L1Cache::FastEntry, read_key), other);
  a_.bind(access);
  a_.mov(x86::rdx, x86::qword_ptr(fast, x86::rcx, 0, offsetof(L1Cache::FastEntry, base)));
  const x86::Mem data(x86::rdx, x86::rax, 0, 0, bytes);
  const auto host = host_of(op.t);
  const Gp target = host ? *host : x86::eax;
  if (bytes == 4) a_.mov(target, data);
  else if (is_signed) a_.movsx(target, data);
  else a_.movzx(target, data);
  if (!host) a_.mov(guest_register(op.t), target);
  a_.bind(done);
}

/// Stores a register's low bytes; eax, ecx and edx keep what they hold.
void BlockTranslation::put(std::uint32_t guest, std::uint32_t bytes, const x86::Mem& where) {
  if (const auto host = host_of(guest)) {
    if (bytes == 4) a_.mov(where, *host);
    else if (bytes == 2) a_.mov(where, host->r16());
    else a_.mov(where, host->r8());
    return;
  }
  a_.movd(x86::xmm0, guest_register(guest));
  if (bytes == 4) a_.movd(where, x86::xmm0);
  else if (bytes == 2) a_.pextrw(where, x86::xmm0, 0);
  else a_.pextrb(where, x86::xmm0, 0);
}

void BlockTranslation::store(const Op& op, std::uint32_t index, std::uint32_t bytes) {
  const Label done = a_.newLabel(), access = a_.newLabel();
  const Label other = aside(
      {.kind = Aside::Kind::store, .back = done, .access = access, .index = index, .bytes = bytes, .guest = op.t});
  address_of(op);
  if (too_fine(bytes)) {
    a_.jmp(other);
    a_.bind(done);
    return;
  }
  entry_of(bytes, offsetof(L1Cache::FastEntry, write_key), other);
  a_.bind(access);
  a_.mov(x86::rdx, x86::qword_ptr(fast, x86::rcx, 0, offsetof(L1Cache::FastEntry, base)));
  put(op.t, bytes, x86::Mem(x86::rdx, x86::rax, 0, 0, bytes));
  if (observed_) note_store(index, bytes);
  a_.bind(done);
}

/// Notes a store to the address in eax in the log of the place of the entry at rcx.
void BlockTranslation::note_store(std::uint32_t index, std::uint32_t bytes) {
  using Record = StoreLog::Record;
  constexpr std::size_t log = offsetof(L1Cache::Place, log), words = log + sizeof(StoreLog);
  a_.mov(x86::rcx, x86::qword_ptr(fast, x86::rcx, 0, offsetof(L1Cache::FastEntry, place)));
  if (line_bytes() != 64) a_.and_(x86::eax, line_bytes() - 1);
  if (part_shift()) a_.shr(x86::eax, part_shift());
  a_.mov(x86::edx, (1u << (bytes >> part_shift())) - 1);
  a_.shlx(x86::rdx, x86::rdx, x86::rax);  // counts modulo 64
  a_.or_(x86::qword_ptr(x86::rcx, log + offsetof(StoreLog, written)), x86::rdx);
  if (part_shift()) a_.shl(x86::eax, part_shift());
  a_.and_(x86::eax, (line_bytes() - 1) & ~3u);
  static_assert(sizeof(Record) == 4 << 2);
  const auto word = [](std::size_t member, std::uint32_t size) {
    return x86::Mem(x86::rcx, x86::rax, 2, static_cast<std::int32_t>(words + member), size);
  };
  a_.mov(word(offsetof(Record, pc), 4), block_.pc + block_.offsets[index]);
  a_.mov(x86::rdx, FIELD(cycles_));
  if (const std::uint32_t ahead = block_.cycles - block_.cycles_before[index]) a_.sub(x86::rdx, ahead);
  a_.add(x86::rdx, FIELD(store_tag_));
  a_.mov(word(offsetof(Record, when), 8), x86::rdx);
  a_.mov(x86::edx, FIELD(caller_));
  a_.mov(word(offsetof(Record, caller), 4), x86::edx);
}

// ---- Control flow -------------------------------------------------------------------------------

/// Follows one of the block's links: a jump that is patched once the other block has code.
void BlockTranslation::link(std::size_t member, Translator::Exit unlinked) {
  const bool taken = member == offsetof(Block, taken);
  const Label search = aside({.kind = taken ? Aside::Kind::search_taken : Aside::Kind::search_next, .exit = unlinked});
  (taken ? jump_to_taken_ : jump_to_next_) = a_.newLabel();
  a_.long_().jmp(search);
  a_.bind(taken ? jump_to_taken_ : jump_to_next_);  // behind the jump
}

void BlockTranslation::search(std::size_t member, Translator::Exit unlinked) {
  a_.mov(x86::rax, reinterpret_cast<std::uint64_t>(&block_) + member);
  a_.mov(x86::rax, x86::qword_ptr(x86::rax));
  a_.test(x86::rax, x86::rax);
  a_.jz(exit_label(unlinked));
  a_.jmp(x86::qword_ptr(x86::rax, offsetof(Block, head)));
}

void BlockTranslation::fall_through() {
  if (block_.at_loop_end) leave(Translator::Exit::sequential);
  else link(offsetof(Block, next), Translator::Exit::sequential);
}

void BlockTranslation::finish_branch(x86::CondCode taken_if) {
  const Label taken = a_.newLabel();
  a_.j(taken_if, taken);
  fall_through();
  a_.bind(taken);
  if (translator_.shape.taken_branch_cycles) a_.add(FIELD(cycles_), translator_.shape.taken_branch_cycles);
  follow_taken();
}

/// A special register that the core keeps in memory, through its address in a 64-bit register.
x86::Mem BlockTranslation::special_register(std::uint32_t number, const Gp& scratch) {
  a_.mov(scratch, reinterpret_cast<std::uint64_t>(&translator_.shape.special_registers[number]));
  return x86::dword_ptr(scratch);
}

/// Pushes a call's frame; the callee's address is in ecx where it is not given.
void BlockTranslation::push_frame(std::optional<std::uint32_t> callee) {
  static_assert(std::has_single_bit(CoreState::stack_depth));
  a_.mov(x86::eax, FIELD(frame_count_));
  a_.mov(x86::edx, x86::eax);
  a_.and_(x86::edx, CoreState::stack_depth - 1);
  a_.inc(x86::eax);
  a_.mov(FIELD(frame_count_), x86::eax);
  const auto frame = [](std::size_t member) {
    return x86::Mem(state, x86::rdx, 3, static_cast<std::int32_t>(offsetof(CoreState, frames_) + member), 4);
  };
  if (callee) a_.mov(frame(offsetof(StackFrame, callee)), *callee);
  else a_.mov(frame(offsetof(StackFrame, callee)), x86::ecx);
  a_.mov(frame(offsetof(StackFrame, return_address)), block_.end_pc);
  a_.mov(FIELD(caller_), block_.end_pc);
}

/// As Core::push_window_call().
void BlockTranslation::push_window_call(std::uint32_t increment, std::optional<std::uint32_t> callee) {
  push_frame(callee);
  const x86::Mem ps = special_register(special::ps, x86::rax);
  a_.and_(ps, static_cast<std::int32_t>(~ps::callinc));
  a_.or_(ps, increment << ps::callinc_shift);
  a_.mov(x86::eax, increment << 30 | (block_.end_pc & 0x3fffffff));
  define(4 * increment, x86::eax);
}

/// To the block at the address in ecx, which may not be known yet.
void BlockTranslation::go_to_computed() { find_block(a_, translator_.leave); }

/// A return that matches the innermost frame and ends no watched call; others are the core's.
void BlockTranslation::ret(std::uint32_t index) {
  const Label unusual = a_.newLabel(), outermost = a_.newLabel(), known = a_.newLabel();
  const auto return_address = [](const Gp& frame) {
    return x86::Mem(state, frame, 3,
                    static_cast<std::int32_t>(offsetof(CoreState, frames_) + offsetof(StackFrame, return_address)), 4);
  };
  a_.mov(x86::eax, FIELD(frame_count_));
  a_.sub(x86::eax, 1);
  a_.jb(unusual);
  a_.cmp(x86::eax, FIELD(watched_depth_));
  a_.jb(unusual);
  a_.mov(x86::edx, x86::eax);
  a_.and_(x86::edx, CoreState::stack_depth - 1);
  a_.mov(x86::ecx, guest_register(0));
  a_.cmp(x86::ecx, return_address(x86::rdx));
  a_.jne(unusual);
  a_.mov(FIELD(frame_count_), x86::eax);
  a_.sub(x86::eax, 1);
  a_.jb(outermost);
  a_.and_(x86::eax, CoreState::stack_depth - 1);
  a_.mov(x86::eax, return_address(x86::rax));
  a_.bind(known);
  a_.mov(FIELD(caller_), x86::eax);
  go_to_computed();
  a_.bind(outermost);
  a_.xor_(x86::eax, x86::eax);
  a_.jmp(known);
  a_.bind(unusual);
  step(index);
}

void BlockTranslation::leave(Translator::Exit exit) {
  a_.mov(x86::rax, reinterpret_cast<std::uint64_t>(&block_));
  a_.mov(x86::edx, static_cast<std::uint32_t>(exit));
  a_.jmp(translator_.leave);
}

/// For whoever asks where the core is.
void BlockTranslation::save_position(std::uint32_t index, Gp scratch) {
  a_.mov(scratch, reinterpret_cast<std::uint64_t>(block_.ops + index));
  a_.mov(FIELD(op_), scratch);
  a_.mov(scratch, reinterpret_cast<std::uint64_t>(&block_));
  a_.mov(FIELD(block_), scratch);
}

void BlockTranslation::step(std::uint32_t index) {
  save_position(index, x86::rax);
  a_.call(translator_.step);
}

void BlockTranslation::emit_aside(const Aside& each) {
  a_.bind(each.from);
  if (each.kind == Aside::Kind::search_next || each.kind == Aside::Kind::search_taken) {
    search(each.kind == Aside::Kind::search_taken ? offsetof(Block, taken) : offsetof(Block, next), each.exit);
    return;
  }
  if (each.kind == Aside::Kind::exit) {
    leave(each.exit);
    return;
  }
  if (each.kind == Aside::Kind::step) {
    step(each.index);
    a_.ud2();  // it has thrown
    return;
  }
  if (each.kind == Aside::Kind::touch) {
    const Label stop = a_.newLabel();
    a_.mov(x86::rax, FIELD(cycles_));
    a_.cmp(x86::rax, FIELD(horizon_));
    a_.jae(stop);
    a_.mov(x86::rax, reinterpret_cast<std::uint64_t>(&block_));
    a_.call(translator_.touch);
    a_.jnz(each.back);
    a_.bind(stop);
    leave(Translator::Exit::enter);
    return;
  }
  const bool is_load = each.kind == Aside::Kind::load;
  const Label slow = a_.newLabel();
  if (is_load || !too_fine(each.bytes)) {
    find_line(each, slow);
    a_.jmp(each.access);
  }
  a_.bind(slow);
  save_position(each.index, x86::rdx);
  if (is_load) {
    a_.call(translator_.load_slow[each.bytes]);
    if (each.is_signed) a_.movsx(x86::eax, x86::ax);
    define(each.guest, x86::eax);
  } else {
    const Gp value = use(each.guest, x86::edx);
    if (value != x86::edx) a_.mov(x86::edx, value);
    a_.call(translator_.store_slow[each.bytes]);
  }
  a_.jmp(each.back);
}

// ---- The block ----------------------------------------------------------------------------------

void BlockTranslation::run() {
  Section* const seldom = translator_.store.begin(code_);
  code_.attach(&a_);
  const Label body = a_.newLabel();
  // What the interpreter does at a block's head. Whatever stops it there stops us, and it sees why.
  const Label stop = exit_label(Translator::Exit::enter);
  const Label inner = a_.newLabel();
  // The key of a block that is entered carefully equals no line: the interpreter enters it.
  const Label absent = block_.careful ? stop : aside({.kind = Aside::Kind::touch, .back = inner});
  a_.mov(x86::rcx, FIELD(instruction_lines_));
  const auto key_of = [](std::uint32_t set) {
    return x86::dword_ptr(
        x86::rcx, static_cast<std::int32_t>(set * sizeof(L1Cache::FastEntry) + offsetof(L1Cache::FastEntry, read_key)));
  };
  a_.cmp(key_of(block_.set), block_.key);
  a_.jne(absent);
  if (block_.straddles) {
    a_.cmp(key_of(block_.next_set), block_.next_line);
    a_.jne(absent);
  }
  a_.bind(inner);
  a_.mov(x86::rax, FIELD(cycles_));
  a_.cmp(x86::rax, FIELD(horizon_));
  a_.jae(stop);
  a_.add(FIELD(cycles_), static_cast<std::int32_t>(block_.cycles));
  a_.add(FIELD(counts_.instructions), static_cast<std::int32_t>(block_.counts.instructions));
  if (block_.counts.data_accesses)
    a_.add(FIELD(counts_.data_accesses), static_cast<std::int32_t>(block_.counts.data_accesses));
  a_.bind(body);
  Flow flow = Flow::next;
  for (std::uint32_t index = 0; flow == Flow::next; ++index) flow = instruction(block_.ops[index], index);
  a_.section(seldom);
  for (std::size_t i = 0; i < asides_.size(); ++i) {
    const Aside each = asides_[i];  // making one may add another
    emit_aside(each);
  }
  std::uint8_t* const made = translator_.store.add(code_);
  if (jump_to_next_.isValid()) block_.jump_to_next = made + code_.labelOffset(jump_to_next_);
  if (jump_to_taken_.isValid()) block_.jump_to_taken = made + code_.labelOffset(jump_to_taken_);
  block_.head = made;
  block_.inner = made + code_.labelOffset(inner);
  block_.body = made + code_.labelOffset(body);
}

}  // namespace dspmem::translation
#endif
