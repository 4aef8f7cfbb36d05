// SPDX-License-Identifier: Apache-2.0
// What translated code is made of: where the guest's state is in the host, and the code that all blocks share. Of the
// translator's own sources, not of its interface.
#pragma once

#include <asmjit/x86.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <optional>

#include "models/core/code_store.h"
#include "models/core/translator.h"

namespace dspmem {

struct Translator::Implementation {
  Implementation(const Shape& shape, const TranslatorCallbacks& callbacks) : shape(shape), callbacks(callbacks) {
    if (store.available()) make_entry();
  }

  using Entry = Left (*)(CoreState*, const void*);

  void make_entry();
  void find_way(asmjit::x86::Assembler& a) const;

  Shape shape;
  TranslatorCallbacks callbacks;
  CodeStore store;
  Entry entry = nullptr;
  std::uint64_t leave = 0;  ///< rax, rdx: Left
  std::uint64_t cold = 0;  ///< rax: a block without code
  std::uint64_t thrown = 0;  ///< after a callback that has thrown
  // By the access' size. The address is in eax, what is stored in edx; what was loaded comes back in eax.
  std::array<std::uint64_t, 5> load_slow{}, store_slow{};
  std::uint64_t step = 0;  ///< for the instruction at op_ of block_; goes elsewhere if that does
  std::uint64_t touch = 0;  ///< rax: block; sets the zero flag when its lines are not there
  /// eax: address; rcx, edx: as entry_of() leaves them, which stay. Sets the carry flag if another way than the most
  /// recently used one held the line, which is the most recently used one now.
  std::uint64_t other_way = 0;
};

namespace translation {

using namespace asmjit;
using x86::Gp;

// Where things are while translated code runs. eax, ecx and edx are free for each instruction.
inline const Gp state = x86::rbx;
inline const Gp fast = x86::rbp;  ///< CoreState::fast_

/// The guest registers that live in host registers: those that compilers use most.
struct Mapping {
  std::uint8_t guest;
  Gp host;
};
inline const std::array<Mapping, 10> mappings{{{1, x86::r12d},
                                               {2, x86::r13d},
                                               {3, x86::r14d},
                                               {4, x86::r15d},
                                               {5, x86::esi},
                                               {6, x86::edi},
                                               {7, x86::r8d},
                                               {8, x86::r9d},
                                               {12, x86::r10d},
                                               {15, x86::r11d}}};

inline x86::Mem field(std::size_t offset, std::uint32_t bytes = 4) {
  return x86::Mem(state, static_cast<std::int32_t>(offset), bytes);
}
inline x86::Mem guest_register(std::uint32_t number) { return field(offsetof(CoreState, a_) + 4 * number); }
#define FIELD(name) field(offsetof(CoreState, name), sizeof(CoreState::name))

inline std::optional<Gp> host_of(std::uint32_t guest) {
  for (const Mapping& each : mappings)
    if (each.guest == guest) return each.host;
  return std::nullopt;
}

/// What the host's functions leave as it is.
inline const std::array<Gp, 6> kept_by_calls{x86::rbx, x86::rbp, x86::r12, x86::r13, x86::r14, x86::r15};
inline bool is_kept_by_calls(const Gp& host) {
  return std::any_of(kept_by_calls.begin(), kept_by_calls.end(),
                     [&host](const Gp& each) { return each.id() == host.id(); });
}

inline void spill(x86::Assembler& a) {
  for (const Mapping& each : mappings) a.mov(guest_register(each.guest), each.host);
}
inline void reload(x86::Assembler& a) {
  for (const Mapping& each : mappings) a.mov(each.host, guest_register(each.guest));
}

inline constexpr std::uint32_t stride_shift = static_cast<std::uint32_t>(std::countr_zero(sizeof(L1Cache::FastEntry)));
static_assert(sizeof(L1Cache::FastEntry) <= 32 && sizeof(StackFrame) == 8 && sizeof(BlockCache::Entry) == 16);

/// Goes to the block at the address in ecx; through `leave` if it is not known.
inline void find_block(x86::Assembler& a, std::uint64_t leave) {
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

}  // namespace translation
}  // namespace dspmem
