// SPDX-License-Identifier: Apache-2.0
// What happens in a run, in types. Emitted once, by whoever knows; everybody else subscribes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/coherency/checker.h"
#include "models/core/fault.h"
#include "models/memory/sram_bank.h"
#include "models/observe/operation.h"
#include "sim/events/block.h"

namespace dspmem {

/// The next step of an agent begins, or, with a null step, its list is done. The place outlives the run.
struct StepBegan {
  AgentId core;
  const SourceMark* where;
  const std::string* kind;
  std::uint64_t cycle;
  Agent who = {};  ///< that agent, as users know it
};

// ---- Heaps ----

/// A block is somebody's from now on.
struct Allocated {
  AgentId core;
  const HeapBlock& block;
  std::string wrong;  ///< what is wrong with it, in words; empty for nothing
  std::uint64_t cycle;
};
/// The allocator has no memory for a request. `wanted` has no address.
struct AllocationFailed {
  AgentId core;
  const HeapBlock& wanted;
  std::uint32_t alignment;  ///< that it asked for; 0: none
  std::uint32_t capabilities;  ///< the same
  std::uint64_t cycle;
};
/// A block is given back. Emitted before the allocator does anything about it.
struct Freeing {
  AgentId core;
  const HeapBlock& block;
  std::uint64_t cycle;
  bool emptied = false;  ///< with all others of its heap
};
/// A block gets another size where it is: Allocated follows, with the new one.
struct Resizing {
  AgentId core;
  const HeapBlock& block;
  std::uint64_t cycle;
};
/// An address was freed where no block begins.
struct BadFree {
  AgentId core;
  std::uint32_t address;  ///< cached
  const HeapBlock* block;  ///< the live or freed one that it lies in; null for none
  std::uint64_t cycle;
};
/// The core goes into the allocator, or comes out of it.
struct AllocatorEntered {
  enum class State : std::uint8_t {
    inside,  ///< it executes the allocator's code now
    interrupted,  ///< an interrupt handler runs on top of it
    done,  ///< no call of the allocator is under way
    abandoned,  ///< the same, and what was under way never returns
  };
  AgentId core;
  State state;
  std::uint64_t cycle;
  const HeapBlock* resized = nullptr;  ///< what the call is to resize; null for none
};
/// The allocator uses these bytes for its metadata from now on, or, when it does not, an object has them.
struct MetadataChanged {
  std::uint32_t address;  ///< physical
  std::uint32_t bytes;
  bool claimed;
  std::uint64_t cycle;
};
/// An access to heap memory that belongs to no object.
struct StrayAccess {
  const Operation& access;
  std::uint32_t address;  ///< cached
  std::uint32_t bytes;
};
/// The allocator accesses an object that its call is not about.
struct AllocatorStrayed {
  const Operation& access;
  const HeapBlock& victim;
  const HeapBlock* resized;  ///< what the call is to resize; null for another call
  std::uint32_t address;  ///< cached
  std::uint32_t bytes;
};
/// Firmware read bytes of a live object, none of which anybody has written.
struct UninitialisedRead {
  const Operation& access;
  const HeapBlock& block;
  std::uint32_t address;  ///< cached
};
/// A step of the scenario uses an object wrongly.
struct ObjectMisused {
  AgentId core;
  std::string message;
  const HeapBlock& object;  ///< or what is known of an object that is no block; `freed_at` says where it was freed
  const SourceMark* freed_at;
  const SourceMark* where;
  std::uint64_t cycle;
  bool unwritten = false;  ///< nobody has written what is read
};
/// What a step had written into a block was overwritten while it lived.
struct ContentsLost {
  AgentId core;
  std::string message;
  const SourceMark* where;
  std::uint64_t cycle;
};

// ---- Coherency ----

struct CoherencyFound {
  const CoherencyFinding& finding;
};

// ---- Power ----

struct CoreChanged {
  AgentId core;
  bool on;
  std::uint64_t cycle;
};
/// A bank goes over to another state.
struct BankChanged {
  std::string bank;
  std::uint32_t address, bytes;  ///< physical
  BankState state;
  std::uint64_t cycle;
};
/// A bank is switched off by a register write. Emitted before its contents are lost.
struct BankSwitchedOff {
  std::uint32_t address, bytes;  ///< physical
  const Operation& by;  ///< kind none when nobody is known
};
/// Memory refused an access of a master without a cache, or would have refused one of a step.
struct AccessRefused {
  const Operation& access;
  std::uint32_t address;  ///< physical
  const Refusal& why;
};

// ---- Loops, and the end ----

/// A loop of steps is over: what the heaps did in its rounds.
struct LoopEnded {
  AgentId core;
  const SourceMark* where;
  std::uint64_t rounds;
  struct Growth {
    std::size_t heap;  ///< the one that grew most: index in the platform's heaps
    std::uint64_t rounds, bytes;  ///< in which what the core holds grew, and by how much, in all heaps
    std::uint64_t full_after;  ///< the first round in which an allocation failed; 0: none
  };
  std::vector<Growth> growth;
  std::uint64_t cycle;
};
/// The simulated firmware stopped.
struct Crashed {
  const CoreFault& fault;
};
/// Every core has done its steps.
struct RunEnded {
  std::uint64_t cycle;
};

}  // namespace dspmem
