// SPDX-License-Identifier: Apache-2.0
#include "models/core/translator.h"

#if defined(__x86_64__)

#include <asmjit/x86.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "models/core/isa.h"

namespace dspmem {
namespace {

using namespace asmjit;
using x86::Gp;

// Where things are while translated code runs. eax, ecx and edx are free for each instruction.
const Gp state = x86::rbx;
const Gp fast = x86::rbp;  ///< CoreState::fast_

/// The guest registers that live in host registers: those that compilers use most.
struct Mapping {
  std::uint8_t guest;
  Gp host;
};
const std::array<Mapping, 10> mappings{{{1, x86::r12d}, {2, x86::r13d}, {3, x86::r14d}, {4, x86::r15d}, {5, x86::esi}, {6, x86::edi}, {12, x86::r8d}, {13, x86::r9d}, {14, x86::r10d}, {15, x86::r11d}}};

x86::Mem field(std::size_t offset, std::uint32_t bytes = 4) { return x86::Mem(state, static_cast<std::int32_t>(offset), bytes); }
x86::Mem guest_register(std::uint32_t number) { return field(offsetof(CoreState, a_) + 4 * number); }
#define FIELD(name) field(offsetof(CoreState, name), sizeof(CoreState::name))

std::optional<Gp> host_of(std::uint32_t guest) {
  for (const Mapping& each : mappings)
    if (each.guest == guest) return each.host;
  return std::nullopt;
}

void spill(x86::Assembler& a) {
  for (const Mapping& each : mappings) a.mov(guest_register(each.guest), each.host);
}
void reload(x86::Assembler& a) {
  for (const Mapping& each : mappings) a.mov(each.host, guest_register(each.guest));
}

constexpr std::uint32_t stride_shift = static_cast<std::uint32_t>(std::countr_zero(sizeof(L1Cache::FastEntry)));
static_assert(sizeof(L1Cache::FastEntry) == 64 && sizeof(StackFrame) == 8 && sizeof(BlockCache::Entry) == 16);

/// Goes to the block at the address in ecx; through `leave` if it is not known.
void find_block(x86::Assembler& a, std::uint64_t leave) {
  const Label unknown = a.newLabel();
  a.imul(x86::eax, x86::ecx, BlockCache::recent_factor);
  a.shr(x86::eax, 32 - BlockCache::recent_bits);
  a.shl(x86::eax, 4);
  a.add(x86::rax, FIELD(recent_blocks_));
  a.cmp(x86::ecx, x86::dword_ptr(x86::rax, offsetof(BlockCache::Entry, pc)));
  a.jne(unknown);
  a.mov(x86::rax, x86::qword_ptr(x86::rax, offsetof(BlockCache::Entry, block)));
  a.jmp(x86::qword_ptr(x86::rax, offsetof(Block, head)));
  a.bind(unknown);
  a.mov(FIELD(pc_), x86::ecx);
  a.mov(x86::edx, static_cast<std::uint32_t>(Translator::Exit::computed));
  a.jmp(leave);
}

/// Code that is not on the way of a block that runs through: made behind it.
struct Aside {
  enum class Kind { load, store, step, touch, search_next, search_taken, exit } kind = Kind::exit;
  Label from{};
  Label back{};              ///< where loads and stores go on
  Label access{};            ///< where they are made, if they need not be told
  std::uint32_t index = 0;   ///< of the instruction
  std::uint32_t bytes = 0;
  std::uint32_t guest = 0;   ///< register that is loaded or stored
  bool is_signed = false;
  Translator::Exit exit = Translator::Exit::enter;
};

}  // namespace

struct Translator::Implementation {
  Implementation(const Shape& shape, const TranslatorCallbacks& callbacks) : shape(shape), callbacks(callbacks) { make_entry(); }

  using Entry = Left (*)(CoreState*, const void*);

  void make_entry();
  void* add(CodeHolder& code, JitRuntime& runtime) {
    void* made = nullptr;
    if (runtime.add(&made, &code) != kErrorOk) throw std::runtime_error("no memory for translated code");
    return made;
  }

  Shape shape;
  TranslatorCallbacks callbacks;
  JitRuntime fixed;                     ///< what stays: the way in and out
  std::unique_ptr<JitRuntime> blocks = std::make_unique<JitRuntime>();
  Entry entry = nullptr;
  std::uint64_t leave = 0;   ///< rax, rdx: Left
  std::uint64_t cold = 0;    ///< rax: a block without code
  std::uint64_t thrown = 0;  ///< after a callback that has thrown
  // By the access' size. The address is in eax, what is stored in edx; what was loaded comes back in eax.
  std::array<std::uint64_t, 5> load_slow{}, store_slow{};
  std::uint64_t step = 0;   ///< for the instruction at op_ of block_; goes elsewhere if that does
  std::uint64_t touch = 0;  ///< rax: block; sets the zero flag when its lines are not there
};

/// Translates one block.
class BlockTranslation {
 public:
  BlockTranslation(Translator::Implementation& translator, Block& block, bool observed)
      : translator_(translator), block_(block), observed_(observed) {}
  void run();

 private:
  enum class Flow { next, ended };
  Flow instruction(const Op& op, std::uint32_t index);
  bool branch_condition(const Op& op);

  Gp use(std::uint32_t guest, Gp scratch) {
    if (const auto host = host_of(guest)) return *host;
    a_.mov(scratch, guest_register(guest));
    return scratch;
  }
  void define(std::uint32_t guest, Gp value) {
    if (const auto host = host_of(guest)) a_.mov(*host, value);
    else a_.mov(guest_register(guest), value);
  }
  Label aside(const Aside& description) {
    asides_.push_back(description);
    asides_.back().from = a_.newLabel();
    return asides_.back().from;
  }
  Label exit_label(Translator::Exit exit) { return aside({.exit = exit}); }
  void address_of(const Op& op);
  void entry_of(std::uint32_t bytes, std::size_t key, Label other);
  void visible(std::uint32_t bytes, std::size_t line, std::size_t mask, Label slow);
  void load(const Op& op, std::uint32_t index, std::uint32_t bytes, bool is_signed, bool literal);
  void store(const Op& op, std::uint32_t index, std::uint32_t bytes);
  void put(std::uint32_t guest, std::uint32_t bytes, const x86::Mem& where);
  void note_store(std::uint32_t index, std::uint32_t bytes);
  /// Whether a store is finer than a log can note.
  bool too_fine(std::uint32_t bytes) const { return observed_ && !(bytes >> part_shift()); }
  void link(std::size_t member, Translator::Exit unlinked);
  void search(std::size_t member, Translator::Exit unlinked);
  void finish_branch(x86::CondCode taken_if);
  void fall_through();
  void follow_taken() { link(offsetof(Block, taken), Translator::Exit::taken); }
  void push_frame(std::optional<std::uint32_t> callee);
  void go_to_computed();
  void ret(std::uint32_t index);
  void leave(Translator::Exit exit);
  void save_position(std::uint32_t index, Gp scratch);
  void step(std::uint32_t index);
  void emit_aside(const Aside& each);
  std::uint32_t part_shift() const { return translator_.shape.line_shift > 6 ? translator_.shape.line_shift - 6 : 0; }
  std::uint32_t line_bytes() const { return 1u << translator_.shape.line_shift; }

  Translator::Implementation& translator_;
  Block& block_;
  bool observed_;
  CodeHolder code_;
  x86::Assembler a_;
  std::vector<Aside> asides_;
  Label jump_to_next_{}, jump_to_taken_{};
};

/// Makes a block's jump, whose end is given, lead to code. Nobody runs it meanwhile: cores take turns.
void patch(std::uint8_t* end, const void* code) {
  const std::ptrdiff_t distance = static_cast<const std::uint8_t*>(code) - end;
  if (!end || distance != static_cast<std::int32_t>(distance)) return;
  const VirtMem::ProtectJitReadWriteScope writable(end - 4, 4);
  const auto relative = static_cast<std::int32_t>(distance);
  std::memcpy(end - 4, &relative, 4);
}

/// Whether a block's lines are the most recently used of their sets whenever another has just begun: nothing happens to the instruction
/// cache within a block.
bool fetched_with(const Block& from, const Block& to) {
  if (from.straddles && from.set == from.next_set) return false;
  const auto has = [&from](std::uint32_t line) { return line == from.line || (from.straddles && line == from.next_line); };
  return !to.watched && has(to.line) && (!to.straddles || has(to.next_line));
}

// ---- The way in and out ------------------------------------------------------------------------------------------------

void Translator::Implementation::make_entry() {
  const auto make = [&](auto&& write) {
    CodeHolder code;
    code.init(fixed.environment());
    x86::Assembler a(&code);
    write(a);
    return reinterpret_cast<std::uint64_t>(add(code, fixed));
  };
  const std::array<Gp, 6> kept{x86::rbx, x86::rbp, x86::r12, x86::r13, x86::r14, x86::r15};
  entry = reinterpret_cast<Entry>(make([&](x86::Assembler& a) {
    for (const Gp& each : kept) a.push(each);
    a.sub(x86::rsp, 8);  // calls from translated code find the stack aligned
    a.mov(state, x86::rdi);
    a.mov(x86::rax, x86::rsi);
    a.mov(fast, FIELD(fast_));
    reload(a);
    a.jmp(x86::rax);
  }));
  const auto way_out = [&](x86::Assembler& a) {
    a.add(x86::rsp, 8);
    for (std::size_t i = kept.size(); i-- > 0;) a.pop(kept[i]);
    a.ret();
  };
  leave = make([&](x86::Assembler& a) {
    spill(a);
    way_out(a);
  });
  cold = make([&](x86::Assembler& a) {
    a.mov(x86::edx, static_cast<std::uint32_t>(Exit::enter));
    spill(a);
    way_out(a);
  });
  thrown = make([&](x86::Assembler& a) {
    a.mov(x86::edx, static_cast<std::uint32_t>(Exit::thrown));
    way_out(a);
  });
  const auto callback = [&](x86::Assembler& a, const void* function, const Gp& size, std::uint32_t bytes) {
    spill(a);
    a.sub(x86::rsp, 8);
    a.mov(x86::esi, x86::eax);
    a.mov(x86::rdi, state);
    a.mov(size, bytes);
    a.call(reinterpret_cast<std::uint64_t>(function));
    a.add(x86::rsp, 8);
    const Label failed = a.newLabel();
    a.cmp(FIELD(failed_), 0);
    a.jne(failed);
    reload(a);
    a.ret();
    a.bind(failed);
    a.add(x86::rsp, 8);  // the return address
    a.jmp(thrown);
  };
  for (const std::uint32_t bytes : {1u, 2u, 4u}) {
    load_slow[bytes] = make([&](x86::Assembler& a) { callback(a, reinterpret_cast<const void*>(callbacks.load), x86::edx, bytes); });
    store_slow[bytes] = make([&](x86::Assembler& a) { callback(a, reinterpret_cast<const void*>(callbacks.store), x86::ecx, bytes); });
  }
  step = make([&](x86::Assembler& a) {
    const Label on = a.newLabel(), out = a.newLabel();
    spill(a);
    a.sub(x86::rsp, 8);
    a.mov(x86::rdi, state);
    a.call(reinterpret_cast<std::uint64_t>(callbacks.step));
    a.add(x86::rsp, 8);
    a.mov(fast, FIELD(fast_));  // the core may be in another role now
    reload(a);
    a.cmp(x86::eax, static_cast<std::uint32_t>(Stepped::elsewhere));
    a.jb(on);
    a.lea(x86::rsp, x86::ptr(x86::rsp, 8));  // the return address
    a.ja(out);
    a.mov(x86::ecx, FIELD(pc_));
    find_block(a, leave);
    a.bind(on);
    a.ret();
    const Label failed = a.newLabel();
    a.bind(out);
    a.cmp(x86::eax, static_cast<std::uint32_t>(Stepped::failed));
    a.je(failed);
    a.mov(x86::edx, static_cast<std::uint32_t>(Exit::computed));
    a.jmp(leave);
    a.bind(failed);
    a.jmp(thrown);
  });
  touch = make([&](x86::Assembler& a) {
    spill(a);
    a.sub(x86::rsp, 8);
    a.mov(x86::rsi, x86::rax);
    a.mov(x86::rdi, state);
    a.call(reinterpret_cast<std::uint64_t>(callbacks.touch));
    a.add(x86::rsp, 8);
    a.test(x86::al, x86::al);
    reload(a);
    a.ret();
  });
}

// ---- Memory ----------------------------------------------------------------------------------------------------------------

void BlockTranslation::address_of(const Op& op) {
  const Gp base = use(op.s, x86::eax);
  if (op.immediate) a_.lea(x86::eax, x86::ptr(base.r64(), static_cast<std::int32_t>(op.immediate)));
  else if (base != x86::eax) a_.mov(x86::eax, base);
}

/// eax: address. Leaves the entry's offset in rcx and the access' key in edx; goes to `other` unless the entry holds the line, with nothing hidden.
void BlockTranslation::entry_of(std::uint32_t bytes, std::size_t key, Label other) {
  const std::uint32_t line_shift = translator_.shape.line_shift;
  a_.mov(x86::ecx, x86::eax);
  if (line_shift > stride_shift) a_.shr(x86::ecx, line_shift - stride_shift);
  if (line_shift < stride_shift) a_.shl(x86::ecx, stride_shift - line_shift);
  a_.and_(x86::ecx, translator_.shape.set_mask << stride_shift);
  a_.mov(x86::edx, x86::eax);
  a_.and_(x86::edx, static_cast<std::int32_t>(~(line_bytes() - 1) | (bytes - 1)));
  a_.cmp(x86::edx, x86::dword_ptr(fast, x86::rcx, 0, static_cast<std::int32_t>(key)));
  a_.jne(other);
}

/// Behind a failed entry_of(): goes to `slow` unless the entry holds the line and the access is not hidden.
void BlockTranslation::visible(std::uint32_t bytes, std::size_t line, std::size_t mask, Label slow) {
  a_.cmp(x86::edx, x86::dword_ptr(fast, x86::rcx, 0, static_cast<std::int32_t>(line)));
  a_.jne(slow);
  Gp first = x86::rax;  // shifts count modulo 64: right as it is for lines of 64 bytes
  if (line_bytes() != 64) {
    first = x86::rdx;
    a_.mov(x86::edx, x86::eax);
    a_.and_(x86::edx, line_bytes() - 1);
    if (part_shift()) a_.shr(x86::edx, part_shift());
  }
  a_.shrx(x86::rdx, x86::qword_ptr(fast, x86::rcx, 0, static_cast<std::int32_t>(mask)), first);
  a_.test(x86::dl, (1u << std::max(bytes >> part_shift(), 1u)) - 1);
  a_.jnz(slow);
}

void BlockTranslation::load(const Op& op, std::uint32_t index, std::uint32_t bytes, bool is_signed, bool literal) {
  const Label done = a_.newLabel(), access = a_.newLabel();
  const Label other = aside({.kind = Aside::Kind::load, .back = done, .access = access, .index = index, .bytes = bytes, .guest = op.t, .is_signed = is_signed});
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
  const Label other = aside({.kind = Aside::Kind::store, .back = done, .access = access, .index = index, .bytes = bytes, .guest = op.t});
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

/// Notes a store to the address in eax in the log of the entry at rcx.
void BlockTranslation::note_store(std::uint32_t index, std::uint32_t bytes) {
  a_.mov(x86::rcx, x86::qword_ptr(fast, x86::rcx, 0, offsetof(L1Cache::FastEntry, log)));
  if (line_bytes() != 64) a_.and_(x86::eax, line_bytes() - 1);
  if (part_shift()) a_.shr(x86::eax, part_shift());
  a_.mov(x86::edx, (1u << (bytes >> part_shift())) - 1);
  a_.shlx(x86::rdx, x86::rdx, x86::rax);  // counts modulo 64
  a_.or_(x86::qword_ptr(x86::rcx, offsetof(StoreLog, written)), x86::rdx);
  if (part_shift()) a_.shl(x86::eax, part_shift());
  a_.and_(x86::eax, (line_bytes() - 1) & ~3u);
  using Record = StoreLog::Record;
  static_assert(sizeof(Record) == 4 << 3);
  const auto word = [](std::size_t member, std::uint32_t size) { return x86::Mem(x86::rcx, x86::rax, 3, static_cast<std::int32_t>(offsetof(StoreLog, words) + member), size); };
  a_.mov(word(offsetof(Record, pc), 4), block_.pc + block_.offsets[index]);
  a_.mov(x86::rdx, FIELD(cycles_));
  if (const std::uint32_t ahead = block_.cycles - block_.cycles_before[index]) a_.sub(x86::rdx, ahead);
  a_.mov(word(offsetof(Record, cycle), 8), x86::rdx);
  a_.movups(x86::xmm0, field(offsetof(CoreState, origin_), 16));  // and caller_ behind it
  a_.movups(word(offsetof(Record, origin), 16), x86::xmm0);
}

// ---- Control flow ------------------------------------------------------------------------------------------------------------

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

/// Pushes a call's frame; the callee's address is in ecx where it is not given.
void BlockTranslation::push_frame(std::optional<std::uint32_t> callee) {
  static_assert(std::has_single_bit(CoreState::stack_depth));
  a_.mov(x86::eax, FIELD(frame_count_));
  a_.mov(x86::edx, x86::eax);
  a_.and_(x86::edx, CoreState::stack_depth - 1);
  a_.inc(x86::eax);
  a_.mov(FIELD(frame_count_), x86::eax);
  const auto frame = [](std::size_t member) { return x86::Mem(state, x86::rdx, 3, static_cast<std::int32_t>(offsetof(CoreState, frames_) + member), 4); };
  if (callee) a_.mov(frame(offsetof(StackFrame, callee)), *callee);
  else a_.mov(frame(offsetof(StackFrame, callee)), x86::ecx);
  a_.mov(frame(offsetof(StackFrame, return_address)), block_.end_pc);
  a_.mov(FIELD(caller_), block_.end_pc);
  a_.mov(guest_register(0), block_.end_pc);
}

/// To the block at the address in ecx, which may not be known yet.
void BlockTranslation::go_to_computed() { find_block(a_, translator_.leave); }

/// A return that matches the innermost frame and ends no watched call; others are the core's.
void BlockTranslation::ret(std::uint32_t index) {
  const Label unusual = a_.newLabel(), outermost = a_.newLabel(), known = a_.newLabel();
  const auto return_address = [](const Gp& frame) { return x86::Mem(state, frame, 3, static_cast<std::int32_t>(offsetof(CoreState, frames_) + offsetof(StackFrame, return_address)), 4); };
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
  using Entry = L1Cache::FastEntry;
  const bool is_load = each.kind == Aside::Kind::load;
  const Label slow = a_.newLabel();
  if (observed_ && (is_load || !too_fine(each.bytes))) {
    visible(each.bytes, is_load ? offsetof(Entry, read_line) : offsetof(Entry, write_line), is_load ? offsetof(Entry, hidden_from_reads) : offsetof(Entry, hidden_from_writes), slow);
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

// ---- Instructions ------------------------------------------------------------------------------------------------------------

/// Sets the flags of a branch and goes where it leads. False for what is no conditional branch.
bool BlockTranslation::branch_condition(const Op& op) {
  using x86::CondCode;
  const auto compare = [&](CondCode taken_if) {
    const Gp left = use(op.s, x86::eax);
    a_.cmp(left, use(op.t, x86::ecx));
    finish_branch(taken_if);
  };
  const auto compare_immediate = [&](CondCode taken_if) {
    a_.cmp(use(op.s, x86::eax), static_cast<std::int32_t>(op.immediate));
    finish_branch(taken_if);
  };
  const auto compare_zero = [&](CondCode taken_if) {
    const Gp value = use(op.s, x86::eax);
    a_.test(value, value);
    finish_branch(taken_if);
  };
  const auto all_of = [&](CondCode taken_if) {
    a_.mov(x86::ecx, use(op.s, x86::eax));
    a_.not_(x86::ecx);
    a_.test(x86::ecx, use(op.t, x86::eax));
    finish_branch(taken_if);
  };
  const auto any_of = [&](CondCode taken_if) {
    const Gp left = use(op.s, x86::eax);
    a_.test(left, use(op.t, x86::ecx));
    finish_branch(taken_if);
  };
  const auto bit = [&](CondCode taken_if) {
    const Gp value = use(op.s, x86::eax);
    a_.bt(value, use(op.t, x86::ecx));  // counts modulo 32, as the instruction does
    finish_branch(taken_if);
  };
  const auto bit_immediate = [&](CondCode taken_if) {
    a_.bt(use(op.s, x86::eax), op.immediate);
    finish_branch(taken_if);
  };
  switch (op.opcode) {
    case Opcode::beq: compare(CondCode::kE); return true;
    case Opcode::bne: compare(CondCode::kNE); return true;
    case Opcode::blt: compare(CondCode::kL); return true;
    case Opcode::bge: compare(CondCode::kGE); return true;
    case Opcode::bltu: compare(CondCode::kB); return true;
    case Opcode::bgeu: compare(CondCode::kAE); return true;
    case Opcode::beqi: compare_immediate(CondCode::kE); return true;
    case Opcode::bnei: compare_immediate(CondCode::kNE); return true;
    case Opcode::blti: compare_immediate(CondCode::kL); return true;
    case Opcode::bgei: compare_immediate(CondCode::kGE); return true;
    case Opcode::bltui: compare_immediate(CondCode::kB); return true;
    case Opcode::bgeui: compare_immediate(CondCode::kAE); return true;
    case Opcode::beqz: case Opcode::beqz_n: compare_zero(CondCode::kE); return true;
    case Opcode::bnez: case Opcode::bnez_n: compare_zero(CondCode::kNE); return true;
    case Opcode::bltz: compare_zero(CondCode::kS); return true;
    case Opcode::bgez: compare_zero(CondCode::kNS); return true;
    case Opcode::bany: any_of(CondCode::kNE); return true;
    case Opcode::bnone: any_of(CondCode::kE); return true;
    case Opcode::ball: all_of(CondCode::kE); return true;
    case Opcode::bnall: all_of(CondCode::kNE); return true;
    case Opcode::bbs: bit(CondCode::kC); return true;
    case Opcode::bbc: bit(CondCode::kNC); return true;
    case Opcode::bbsi: bit_immediate(CondCode::kC); return true;
    case Opcode::bbci: bit_immediate(CondCode::kNC); return true;
    default: return false;
  }
}

/// Writes the code of one instruction.
BlockTranslation::Flow BlockTranslation::instruction(const Op& op, std::uint32_t index) {
  using x86::eax, x86::ecx, x86::edx, x86::rax, x86::rcx;
  if (branch_condition(op)) return Flow::ended;
  // result = first op second, with results made in eax
  const auto scaled_add = [&](std::uint32_t shift) {
    const Gp left = use(op.s, eax), right = use(op.t, ecx);
    a_.lea(eax, x86::ptr(right.r64(), left.r64(), shift));
    define(op.r, eax);
    return Flow::next;
  };
  const auto scaled_subtract = [&](std::uint32_t shift) {
    const Gp left = use(op.s, eax);
    if (left != eax) a_.mov(eax, left);
    if (shift) a_.shl(eax, shift);
    a_.sub(eax, use(op.t, ecx));
    define(op.r, eax);
    return Flow::next;
  };
  const auto add_immediate = [&](std::uint32_t target) {
    a_.lea(eax, x86::ptr(use(op.s, ecx).r64(), static_cast<std::int32_t>(op.immediate)));
    define(target, eax);
    return Flow::next;
  };
  const auto bitwise = [&](std::uint32_t id) {
    const Gp left = use(op.s, eax);
    if (left != eax) a_.mov(eax, left);
    a_.emit(id, eax, use(op.t, ecx));
    define(op.r, eax);
    return Flow::next;
  };
  const auto move_immediate = [&](std::uint32_t target) {
    if (const auto host = host_of(target)) a_.mov(*host, op.immediate);
    else a_.mov(guest_register(target), op.immediate);
    return Flow::next;
  };
  const auto move_if = [&](x86::CondCode condition) {
    const Gp tested = use(op.t, eax);
    a_.test(tested, tested);
    const Gp value = use(op.s, ecx);
    const auto host = host_of(op.r);
    const Gp target = host ? *host : edx;
    if (!host) a_.mov(edx, guest_register(op.r));
    a_.cmov(condition, target, value);
    if (!host) a_.mov(guest_register(op.r), edx);
    return Flow::next;
  };
  const auto shift_immediate = [&](std::uint32_t id, std::uint32_t source, std::uint32_t count) {
    const Gp value = use(source, eax);
    if (value != eax) a_.mov(eax, value);
    if (count) a_.emit(id, eax, count);
    define(op.r, eax);
    return Flow::next;
  };
  const auto smaller_or_larger = [&](x86::CondCode keep_second) {
    const Gp left = use(op.s, eax), right = use(op.t, ecx);
    if (left != eax) a_.mov(eax, left);
    a_.cmp(eax, right);
    a_.cmov(keep_second, eax, right);
    define(op.r, eax);
    return Flow::next;
  };
  const auto multiply_halves = [&](bool is_signed) {
    const Gp left = use(op.s, eax), right = use(op.t, ecx);
    if (is_signed) {
      a_.movsx(eax, left.r16());
      a_.movsx(ecx, right.r16());
    } else {
      a_.movzx(eax, left.r16());
      a_.movzx(ecx, right.r16());
    }
    a_.imul(eax, ecx);
    define(op.r, eax);
    return Flow::next;
  };
  switch (op.opcode) {
    case Opcode::add: case Opcode::add_n: return scaled_add(0);
    case Opcode::addx2: return scaled_add(1);
    case Opcode::addx4: return scaled_add(2);
    case Opcode::addx8: return scaled_add(3);
    case Opcode::addi: case Opcode::addmi: return add_immediate(op.t);
    case Opcode::addi_n: return add_immediate(op.r);
    case Opcode::sub: return scaled_subtract(0);
    case Opcode::subx2: return scaled_subtract(1);
    case Opcode::subx4: return scaled_subtract(2);
    case Opcode::subx8: return scaled_subtract(3);
    case Opcode::and_: return bitwise(x86::Inst::kIdAnd);
    case Opcode::or_: return bitwise(x86::Inst::kIdOr);
    case Opcode::xor_: return bitwise(x86::Inst::kIdXor);
    case Opcode::mull: return bitwise(x86::Inst::kIdImul);
    case Opcode::mul16u: return multiply_halves(false);
    case Opcode::mul16s: return multiply_halves(true);
    case Opcode::neg: {
      const Gp value = use(op.t, eax);
      if (value != eax) a_.mov(eax, value);
      a_.neg(eax);
      define(op.r, eax);
      return Flow::next;
    }
    case Opcode::movi: return move_immediate(op.t);
    case Opcode::movi_n: return move_immediate(op.s);
    case Opcode::mov_n: define(op.t, use(op.s, eax)); return Flow::next;
    case Opcode::moveqz: return move_if(x86::CondCode::kE);
    case Opcode::movnez: return move_if(x86::CondCode::kNE);
    case Opcode::movltz: return move_if(x86::CondCode::kS);
    case Opcode::movgez: return move_if(x86::CondCode::kNS);
    case Opcode::extui: {
      const Gp value = use(op.t, eax);
      if (value != eax) a_.mov(eax, value);
      if (op.immediate & 31) a_.shr(eax, op.immediate & 31);
      a_.and_(eax, op.immediate >> 16);
      define(op.r, eax);
      return Flow::next;
    }
    case Opcode::sext: {
      const Gp value = use(op.s, eax);
      if (value != eax) a_.mov(eax, value);
      a_.shl(eax, 31 - op.immediate);
      a_.sar(eax, 31 - op.immediate);
      define(op.r, eax);
      return Flow::next;
    }
    // Special registers that hold what was written and nothing more; reading and writing the others is the core's.
    case Opcode::rsr:
      if (op.immediate != special::prid && op.immediate != special::scompare1 && op.immediate != special::ps) break;
      a_.mov(rax, reinterpret_cast<std::uint64_t>(&translator_.shape.special_registers[op.immediate]));
      a_.mov(eax, x86::dword_ptr(rax));
      define(op.t, eax);
      return Flow::next;
    case Opcode::wsr:
      if (op.immediate != special::scompare1) break;
      a_.mov(rax, reinterpret_cast<std::uint64_t>(&translator_.shape.special_registers[op.immediate]));
      a_.mov(x86::dword_ptr(rax), use(op.t, ecx));
      fall_through();
      return Flow::ended;
    case Opcode::nsau: {
      a_.lzcnt(eax, use(op.s, eax));
      define(op.t, eax);
      return Flow::next;
    }
    case Opcode::quou: case Opcode::remu: {
      // What divides by zero is the core's to report.
      const Label zero = aside({.kind = Aside::Kind::step, .index = index});
      a_.mov(ecx, use(op.t, ecx));
      a_.test(ecx, ecx);
      a_.jz(zero);
      a_.mov(eax, use(op.s, eax));
      a_.xor_(edx, edx);
      a_.div(ecx);
      define(op.r, op.opcode == Opcode::quou ? eax : edx);
      return Flow::next;
    }
    case Opcode::slli: return shift_immediate(x86::Inst::kIdShl, op.s, op.immediate);
    case Opcode::srli: return shift_immediate(x86::Inst::kIdShr, op.t, op.immediate);
    case Opcode::srai: return shift_immediate(x86::Inst::kIdSar, op.t, op.immediate);
    case Opcode::min_: return smaller_or_larger(x86::CondCode::kG);
    case Opcode::max_: return smaller_or_larger(x86::CondCode::kL);
    case Opcode::minu: return smaller_or_larger(x86::CondCode::kA);
    case Opcode::maxu: return smaller_or_larger(x86::CondCode::kB);
    case Opcode::ssai: a_.mov(FIELD(sar_), op.immediate); return Flow::next;
    case Opcode::ssr: case Opcode::ssl: {
      a_.mov(ecx, use(op.s, eax));
      a_.and_(ecx, 31);
      if (op.opcode == Opcode::ssl) {
        a_.mov(eax, 32);
        a_.sub(eax, ecx);
        a_.mov(FIELD(sar_), eax);
      } else {
        a_.mov(FIELD(sar_), ecx);
      }
      return Flow::next;
    }
    // Shifts by SAR, which may be 32: in 64 bits.
    case Opcode::sll: {
      a_.mov(eax, use(op.s, eax));
      a_.shl(rax, 32);
      a_.mov(ecx, FIELD(sar_));
      a_.shrx(rax, rax, rcx);
      define(op.r, eax);
      return Flow::next;
    }
    case Opcode::srl: case Opcode::sra: {
      const Gp value = use(op.t, eax);
      if (op.opcode == Opcode::sra) a_.movsxd(rax, value);
      else a_.mov(eax, value);
      a_.mov(ecx, FIELD(sar_));
      if (op.opcode == Opcode::sra) a_.sarx(rax, rax, rcx);
      else a_.shrx(rax, rax, rcx);
      define(op.r, eax);
      return Flow::next;
    }
    case Opcode::src: {
      a_.mov(eax, use(op.s, eax));
      a_.shl(rax, 32);
      a_.mov(ecx, use(op.t, ecx));
      a_.or_(rax, rcx);
      a_.mov(ecx, FIELD(sar_));
      a_.shrx(rax, rax, rcx);
      define(op.r, eax);
      return Flow::next;
    }
    case Opcode::nop: case Opcode::nop_n: case Opcode::memw: case Opcode::extw: case Opcode::excw: case Opcode::dsync: case Opcode::esync: case Opcode::rsync:
      return Flow::next;
    case Opcode::l32r: load(op, index, 4, false, true); return Flow::next;
    case Opcode::l32i: case Opcode::l32i_n: load(op, index, 4, false, false); return Flow::next;
    case Opcode::l16ui: load(op, index, 2, false, false); return Flow::next;
    case Opcode::l16si: load(op, index, 2, true, false); return Flow::next;
    case Opcode::l8ui: load(op, index, 1, false, false); return Flow::next;
    case Opcode::s32i: case Opcode::s32i_n: store(op, index, 4); return Flow::next;
    case Opcode::s16i: store(op, index, 2); return Flow::next;
    case Opcode::s8i: store(op, index, 1); return Flow::next;
    case Opcode::j: follow_taken(); return Flow::ended;
    case Opcode::call0:
      push_frame(block_.taken_pc);
      follow_taken();
      return Flow::ended;
    case Opcode::callx0:
      a_.mov(ecx, use(op.s, ecx));
      push_frame(std::nullopt);
      go_to_computed();
      return Flow::ended;
    case Opcode::jx:
      a_.mov(ecx, use(op.s, ecx));
      go_to_computed();
      return Flow::ended;
    case Opcode::ret: case Opcode::ret_n: ret(index); return Flow::ended;
    case Opcode::block_end: fall_through(); return Flow::ended;
    default: break;
  }
  step(index);
  if (!ends_block(instruction_table()[static_cast<std::size_t>(op.opcode)].kind)) return Flow::next;
  a_.ud2();  // it has gone elsewhere
  return Flow::ended;
}

void BlockTranslation::run() {
  code_.init(translator_.blocks->environment());
  code_.attach(&a_);
  const Label body = a_.newLabel();
  // What the interpreter does at a block's head. Whatever stops it there stops us, and it sees why.
  const Label stop = exit_label(Translator::Exit::enter);
  const Label inner = a_.newLabel();
  // A watched function's first block equals no line: the interpreter enters it.
  const Label absent = block_.watched ? stop : aside({.kind = Aside::Kind::touch, .back = inner});
  a_.mov(x86::rcx, FIELD(instruction_lines_));
  const auto key_of = [](std::uint32_t set) { return x86::dword_ptr(x86::rcx, static_cast<std::int32_t>(set * sizeof(L1Cache::FastEntry) + offsetof(L1Cache::FastEntry, read_key))); };
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
  if (block_.counts.data_accesses) a_.add(FIELD(counts_.data_accesses), static_cast<std::int32_t>(block_.counts.data_accesses));
  a_.bind(body);
  Flow flow = Flow::next;
  for (std::uint32_t index = 0; flow == Flow::next; ++index) flow = instruction(block_.ops[index], index);
  for (std::size_t i = 0; i < asides_.size(); ++i) {
    const Aside each = asides_[i];  // making one may add another
    emit_aside(each);
  }
  auto* made = static_cast<std::uint8_t*>(translator_.add(code_, *translator_.blocks));
  if (jump_to_next_.isValid()) block_.jump_to_next = made + code_.labelOffset(jump_to_next_);
  if (jump_to_taken_.isValid()) block_.jump_to_taken = made + code_.labelOffset(jump_to_taken_);
  block_.head = made;
  block_.inner = made + code_.labelOffset(inner);
  block_.body = made + code_.labelOffset(body);
}

// ---- The translator --------------------------------------------------------------------------------------------------------------

Translator::Translator(const Shape& shape, const TranslatorCallbacks& callbacks) {
  const auto& host = CpuInfo::host().features().x86();
  if (host.hasBMI2() && host.hasLZCNT()) implementation_ = std::make_unique<Implementation>(shape, callbacks);
}
Translator::~Translator() = default;
bool Translator::available() const { return implementation_ != nullptr; }
const void* Translator::cold() const { return implementation_ ? reinterpret_cast<const void*>(implementation_->cold) : nullptr; }
void Translator::translate(Block& block, bool observed) {
  BlockTranslation(*implementation_, block, observed).run();
  if (block.next) linked(block, *block.next);
  if (block.taken) linked(block, *block.taken);
  for (Block* from : block.linked_from) linked(*from, block);
}
void Translator::linked(Block& from, Block& to) {
  if (!to.body) {
    to.linked_from.push_back(&from);
    return;
  }
  const void* const entry = fetched_with(from, to) ? to.inner : to.head;
  if (from.next == &to) patch(from.jump_to_next, entry);
  if (from.taken == &to) patch(from.jump_to_taken, entry);
}
Translator::Left Translator::run(CoreState& state, const Block& block) const { return implementation_->entry(&state, block.body); }
void Translator::clear() {
  if (implementation_) implementation_->blocks = std::make_unique<asmjit::JitRuntime>();
}

}  // namespace dspmem

#else

namespace dspmem {

struct Translator::Implementation {};
Translator::Translator(const Shape&, const TranslatorCallbacks&) {}
Translator::~Translator() = default;
bool Translator::available() const { return false; }
const void* Translator::cold() const { return nullptr; }
void Translator::translate(Block&, bool) {}
void Translator::linked(Block&, Block&) {}
Translator::Left Translator::run(CoreState&, const Block&) const { return {}; }
void Translator::clear() {}

}  // namespace dspmem
#endif
