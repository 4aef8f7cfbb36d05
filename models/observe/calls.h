// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "models/observe/observer.h"

namespace dspmem {

/// Is told when a core enters functions that were asked for, and when they return; models/core/abi.h says where their
/// arguments and results are. Changes nothing.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  /// `nested`: from within another of these functions, not from an interrupt handler on top of it.
  virtual void on_call(Core& core, std::uint32_t function, bool nested) = 0;
  virtual void on_return(Core& core, std::uint32_t function, bool nested) = 0;
  /// Core::in_watched_call() changes: an interrupt handler begins or ends.
  virtual void on_interruption(Core& core) { (void)core; }
  /// The core starts anew: what it was in never returns.
  virtual void on_abandoned(Core& core) { (void)core; }
};

/// Sees every block of instructions that a core begins: a run of instructions without a branch in between. Costs two
/// compares a block more, and nothing where there is none. Changes nothing.
class BlockObserver {
 public:
  virtual ~BlockObserver() = default;
  /// What the core has counted until now belongs to the block before.
  virtual void on_block(Core& core, std::uint32_t pc) = 0;
  /// The core stops executing: time that passes now is not the program's.
  virtual void on_leave(Core& core) = 0;
};

/// Changes the arguments or results of functions: for experiments. Acts after all observers at a call and before them
/// at a return, so that they see what the caller passed and what it gets.
class CallIntervention {
 public:
  virtual ~CallIntervention() = default;
  virtual void before_call(Core& core, std::uint32_t function) = 0;
  virtual void after_return(Core& core, std::uint32_t function) = 0;
};

/// Decides whether a core's cache operation takes effect: for experiments that leave operations out.
class CacheOperationFilter {
 public:
  virtual ~CacheOperationFilter() = default;
  virtual bool allow(Core& core, CacheOperation operation) = 0;
};

}  // namespace dspmem
