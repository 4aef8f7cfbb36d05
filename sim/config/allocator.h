// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/config/platform.h"

namespace dspmem {

/// What is passed for one argument of an allocator's function.
struct AllocatorArgument {
  enum class Kind {
    bytes,  ///< of the object
    count,  ///< objects of `bytes` each, as calloc() has it: 1 when a scenario calls
    old_bytes,  ///< of a reallocation: the size so far
    alignment,  ///< bytes, a power of two
    pointer,  ///< the object
    zone,  ///< number of a Zone
    flags,  ///< SOF_MEM_FLAG_*
    capabilities,  ///< SOF_MEM_CAPS_*
    core,  ///< whose heap
    heap_base,  ///< cached address of the binding's one heap
    heap_bytes,
    number,  ///< always the same
    value_of,  ///< what a variable of the firmware holds, one word
    address_of,  ///< where a symbol of the firmware is
    result_of_initialise,  ///< what the function returned that does `initialise`, such as a heap's handle
    out_pointer,  ///< address of a word: before the call the object, or 0; afterwards the block
    buffer,  ///< `number` bytes outside of heaps, the same ones in every call: those of its name, or its size
  };
  Kind kind = Kind::bytes;
  std::uint32_t number = 0;
  std::uint32_t high = 0;  ///< of a wide number: the upper 32 bits
  bool wide = false;  ///< 64 bits: two words, the first of which has an even number
  std::uint32_t word = 0;  ///< where it is passed: 0 to 5 for a2 to a7, from 6 on the caller's stack
  std::string symbol;
  SourceMark mark;
};

/// One function of an allocator.
struct AllocatorFunction {
  enum class Role {
    initialise,  ///< called once on core 0, before the first step
    allocate,  ///< returns a block, or 0
    allocate_zeroed,  ///< the same, filled with zeros
    reallocate,  ///< returns a block in place of `pointer`, or 0 and leaves that one
    free,  ///< gives `pointer` back
    reset,  ///< empties the heaps of `zone` that belong to the core that calls
    internal,  ///< works on the heaps themselves: may touch all of their memory
  };
  /// What the result means of a function that returns a block.
  enum class Returns {
    pointer,  ///< it is the block, or 0
    status,  ///< 0: the block is where `out_pointer` points; else there is none
    success,  ///< not 0: the block is where `out_pointer` points; else there is none
  };
  std::string symbol;
  Role role = Role::internal;
  Returns returns = Returns::pointer;
  std::vector<AllocatorArgument> arguments;
  std::vector<Zone> zones;  ///< what it serves; empty: all
  SourceMark mark;

  /// The word that has an argument of a kind: AllocatorArgument::word.
  std::optional<std::uint32_t> position(AllocatorArgument::Kind kind) const;
  bool serves(Zone zone) const;
  /// The zone of what it allocates, where no argument tells: that of `zones`, if there is but one.
  Zone own_zone() const { return zones.size() == 1 ? zones.front() : Zone::runtime; }
};

/// How to use an allocator, and how to watch it being used: configs/allocators/*.yaml. With `one_heap` it serves every
/// zone from one heap, which takes the place of the platform's common ones; else it uses the platform's zones as they
/// are.
struct Allocator {
  std::string name, description, file;
  SourceMark firmware_mark;
  std::string firmware;  ///< the ELF that has it, from the binding's folder; empty: PLATFORM-NAME.elf among our own
  SourceMark symbols_mark;
  std::string symbols;  ///< a map file of GNU ld with names that the ELF lacks, from the binding's folder; empty: none
  bool one_heap = false;
  /// Memory of the image that is a heap: an array, or between two symbols.
  struct ImageHeap {
    std::string variable, begin, end;
    SourceMark mark;
  };
  std::vector<ImageHeap> heaps;  ///< where the one heap, or its parts are, if not where the platform's common heaps are
  std::uint32_t alignment = 0;  ///< of every block; 0: the platform's
  std::uint32_t header_bytes = 0;  ///< the allocator's own, right before each block
  std::vector<std::string> variables;  ///< of the firmware, that only the allocator may touch
  SourceMark variables_mark;
  std::vector<AllocatorFunction> functions;
  SourceMark lock_mark, unlock_mark;
  std::string lock, unlock;  ///< called around each use by a scenario; empty: the allocator locks by itself
  /// What calls pass for flags and capabilities of requests, by bit of SOF_MEM_FLAG_* and SOF_MEM_CAPS_*. Empty: those
  /// bits.
  struct Bits {
    std::map<std::uint32_t, std::uint32_t> values;
    SourceMark mark;
  };
  Bits flags, capabilities;
  /// A function of the image that does nothing but return.
  struct Stub {
    enum class Result { nothing, number, first_argument };
    std::string function;
    Result result = Result::nothing;
    std::int32_t number = 0;  ///< -2048 to 2047
    SourceMark mark;
  };
  std::vector<Stub> stubs;
  /// How an image without dspmem's start-up code is started: not at all, its functions are called on a stack of the
  /// platform's; or core 0 executes it from its entry until a function is reached.
  SourceMark start_mark;
  std::string until;  ///< that function; empty: not started
  std::uint64_t start_up_cycles = 0;  ///< longest that this may take; 0: as the watchdog
  /// RAM of the image's chip that the platform file does not have, one bank each.
  struct Memory {
    std::string name;
    std::uint32_t base = 0, bytes = 0;
    SourceMark mark;
  };
  std::vector<Memory> memories;
  /// Registers whose hardware is not there, and what they answer.
  struct Registers {
    RegisterRange range;
    SourceMark mark;
  };
  std::vector<Registers> registers;
  std::string
      heap_info;  ///< as heap_info() of alloc.h, by way of scenario_read_heap_info(); empty: figures come from watching

  /// What calls pass for bits of SOF_MEM_FLAG_* or SOF_MEM_CAPS_*. An InputError at the binding where it does not say.
  std::uint32_t translate(const Bits& bits, std::uint32_t value, const char* kind) const;
  /// Where a buffer is among all of them, and how many bytes these have, in whole lines.
  std::uint32_t buffer_offset(const AllocatorArgument& buffer, std::uint32_t line_bytes) const;
  std::uint32_t buffer_bytes(std::uint32_t line_bytes) const;
  /// The first function that does this for a zone; null when there is none. `aligned`: it must take an alignment.
  const AllocatorFunction* find(AllocatorFunction::Role role, Zone zone, bool aligned = false) const;
};

/// Adds RAM of one bank. REQUIRES: nothing is there.
void add_memory(Platform& platform, const std::string& name, std::uint32_t base, std::uint32_t bytes);

/// Reads configs/allocators/<name>.yaml, or any file when `name_or_path` has a slash or ends in .yaml. Throws
/// InputError; `mark` is where the user named it.
Allocator load_allocator(const std::string& name_or_path, const SourceMark& mark = {});

/// The platform as this allocator sees it: its heap in place of the platform's, its memories beside those.
Platform with_allocator(Platform platform, const Allocator& allocator);

std::vector<std::string> shipped_allocators();

/// The fields of an allocator binding.
const FieldType& allocator_fields();

}  // namespace dspmem
