// SPDX-License-Identifier: Apache-2.0
#include "models/core/translator.h"

#if defined(__x86_64__)

#include <cstring>

#include "models/core/block_translation.h"

namespace dspmem {

using namespace translation;

namespace {

/// Makes a block's jump, whose end is given, lead to code. Nobody runs it meanwhile: cores take turns.
void patch(std::uint8_t* end, const void* code) {
  const std::ptrdiff_t distance = static_cast<const std::uint8_t*>(code) - end;
  if (!end || distance != static_cast<std::int32_t>(distance)) return;
  const VirtMem::ProtectJitReadWriteScope writable(end - 4, 4);
  const auto relative = static_cast<std::int32_t>(distance);
  std::memcpy(end - 4, &relative, 4);
}

/// Whether a block's lines are the most recently used of their sets whenever another has just begun: nothing happens to
/// the instruction cache within a block.
bool fetched_with(const Block& from, const Block& to) {
  if (from.straddles && from.set == from.next_set) return false;
  const auto has = [&from](std::uint32_t line) {
    return line == from.line || (from.straddles && line == from.next_line);
  };
  return !to.careful && has(to.line) && (!to.straddles || has(to.next_line));
}

}  // namespace

// ---- The way in and out -------------------------------------------------------------------------

void Translator::Implementation::make_entry() {
  const auto make = [&](auto&& write) {
    CodeHolder code;
    store.begin(code);
    x86::Assembler a(&code);
    write(a);
    return reinterpret_cast<std::uint64_t>(store.add(code));
  };
  entry = reinterpret_cast<Entry>(make([&](x86::Assembler& a) {
    for (const Gp& each : kept_by_calls) a.push(each);
    a.sub(x86::rsp, 8);  // calls from translated code find the stack aligned
    a.mov(state, x86::rdi);
    a.mov(x86::rax, x86::rsi);
    a.mov(fast, FIELD(fast_));
    reload(a);
    a.jmp(x86::rax);
  }));
  const auto way_out = [&](x86::Assembler& a) {
    a.add(x86::rsp, 8);
    for (std::size_t i = kept_by_calls.size(); i-- > 0;) a.pop(kept_by_calls[i]);
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
  const auto call_far = [](x86::Assembler& a, const void* function) {
    a.mov(x86::rax, reinterpret_cast<std::uint64_t>(function));
    a.call(x86::rax);
  };
  const auto callback = [&](x86::Assembler& a, const void* function, const Gp& size, std::uint32_t bytes) {
    spill(a);
    a.sub(x86::rsp, 8);
    a.mov(x86::esi, x86::eax);
    a.mov(x86::rdi, state);
    a.mov(size, bytes);
    call_far(a, function);
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
    load_slow[bytes] =
        make([&](x86::Assembler& a) { callback(a, reinterpret_cast<const void*>(callbacks.load), x86::edx, bytes); });
    store_slow[bytes] =
        make([&](x86::Assembler& a) { callback(a, reinterpret_cast<const void*>(callbacks.store), x86::ecx, bytes); });
  }
  step = make([&](x86::Assembler& a) {
    const Label on = a.newLabel(), out = a.newLabel();
    spill(a);
    a.sub(x86::rsp, 8);
    a.mov(x86::rdi, state);
    call_far(a, reinterpret_cast<const void*>(callbacks.step));
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
  // Calls of functions that neither throw nor look at the guest's registers, which need not be where those would look
  // for them. An even number of registers: the stack stays aligned for the calls below.
  std::vector<Gp> lost;
  for (const Mapping& each : mappings)
    if (!is_kept_by_calls(each.host)) lost.push_back(each.host.r64());
  const auto save_lost = [&](x86::Assembler& a) {
    for (const Gp& each : lost) a.push(each);
  };
  const auto restore_lost = [&](x86::Assembler& a) {
    for (std::size_t i = lost.size(); i-- > 0;) a.pop(lost[i]);
  };
  touch = make([&](x86::Assembler& a) {
    save_lost(a);
    a.sub(x86::rsp, 8);
    a.mov(x86::rsi, x86::rax);
    a.mov(x86::rdi, state);
    call_far(a, reinterpret_cast<const void*>(callbacks.touch));
    a.add(x86::rsp, 8);
    restore_lost(a);
    a.test(x86::al, x86::al);
    a.ret();
  });
  other_way = make([&](x86::Assembler& a) {
    const Label absent = a.newLabel();
    a.movd(x86::xmm0, x86::edx);
    find_way(a);
    a.jz(absent);
    save_lost(a);
    a.push(x86::rax);
    a.push(x86::rcx);
    a.sub(x86::rsp, 8);
    a.movd(x86::dword_ptr(x86::rsp), x86::xmm0);
    a.mov(x86::rdi, state);
    a.mov(x86::esi, x86::ecx);
    a.shr(x86::esi, stride_shift);
    call_far(a, reinterpret_cast<const void*>(callbacks.make_most_recent));
    a.mov(x86::edx, x86::dword_ptr(x86::rsp));
    a.add(x86::rsp, 8);
    a.pop(x86::rcx);
    a.pop(x86::rax);
    restore_lost(a);
    a.stc();
    a.ret();
    a.bind(absent);
    a.movd(x86::edx, x86::xmm0);
    a.clc();
    a.ret();
  });
  store.keep();
}

/// rcx: offset of a set's entry; xmm0: a line. Leaves the way that holds it in edx, or the zero flag set. rcx and xmm0
/// stay.
void Translator::Implementation::find_way(x86::Assembler& a) const {
  const std::uint32_t groups = shape.tags_per_set / 4;
  const auto equal = [](std::uint32_t group) { return x86::xmm(2 + group); };
  static_assert(stride_shift == 5);  // an entry has 32 bytes, four tags have 16
  if (groups == 1) a.shr(x86::ecx, 1);
  else if (groups == 4) a.add(x86::ecx, x86::ecx);
  a.pshufd(x86::xmm1, x86::xmm0, 0);
  a.mov(x86::rdx, FIELD(tags_));
  for (std::uint32_t group = 0; group < groups; ++group) {
    a.movdqu(equal(group), x86::ptr(x86::rdx, x86::rcx, 0, static_cast<std::int32_t>(16 * group)));
    a.pcmpeqd(equal(group), x86::xmm1);
  }
  if (groups == 1) {
    a.movmskps(x86::edx, equal(0));
    a.add(x86::ecx, x86::ecx);
  } else {
    a.packssdw(equal(0), equal(1));
    if (groups == 4) {
      a.packssdw(equal(2), equal(3));
      a.shr(x86::ecx, 1);
    }
    a.packsswb(equal(0), groups == 4 ? equal(2) : equal(0));
    a.pmovmskb(x86::edx, equal(0));
  }
  a.bsf(x86::edx, x86::edx);
}

// ---- The translator -----------------------------------------------------------------------------

Translator::Translator(const Shape& shape, const TranslatorCallbacks& callbacks) {
  const auto& host = CpuInfo::host().features().x86();
  if (!host.hasBMI2() || !host.hasLZCNT()) return;
  implementation_ = std::make_unique<Implementation>(shape, callbacks);
  if (!implementation_->store.available()) implementation_.reset();
}
Translator::~Translator() = default;
bool Translator::available() const { return implementation_ != nullptr; }
const void* Translator::cold() const {
  return implementation_ ? reinterpret_cast<const void*>(implementation_->cold) : nullptr;
}
bool Translator::translate(Block& block, bool observed) {
  if (!implementation_->store.has_room()) return false;
  BlockTranslation(*implementation_, block, observed).run();
  if (block.next) linked(block, *block.next);
  if (block.taken) linked(block, *block.taken);
  for (Block* from : block.linked_from) linked(*from, block);
  return true;
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
Translator::Left Translator::run(CoreState& state, const Block& block) const {
  return implementation_->entry(&state, block.body);
}
void Translator::clear() {
  if (implementation_) implementation_->store.clear();
}

}  // namespace dspmem

#else

namespace dspmem {

struct Translator::Implementation {};
Translator::Translator(const Shape&, const TranslatorCallbacks&) {}
Translator::~Translator() = default;
bool Translator::available() const { return false; }
const void* Translator::cold() const { return nullptr; }
bool Translator::translate(Block&, bool) { return false; }
void Translator::linked(Block&, Block&) {}
Translator::Left Translator::run(CoreState&, const Block&) const { return {}; }
void Translator::clear() {}

}  // namespace dspmem
#endif
