// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "models/system.h"

namespace dspmem {

/// Who executes steps, and whose time passes meanwhile: a core, or a master without a cache that has steps of its own.
class Actor {
 public:
  Actor(DspCore& core) : core_(&core) {}  // NOLINT: a core is an actor
  Actor(ScriptedMaster& master) : master_(&master) {}  // NOLINT: so is a master

  AgentId id() const { return core_ ? static_cast<AgentId>(core_->id()) : master_->agent(); }
  std::uint64_t now() const { return core_ ? core_->core().now() : master_->now(); }
  void advance(std::uint64_t cycles) const { core_ ? core_->core().advance(cycles) : master_->advance(cycles); }
  void advance_to(std::uint64_t cycle) const { core_ ? core_->core().advance_to(cycle) : master_->advance_to(cycle); }
  /// Lets all others catch up.
  void synchronise() const { core_ ? core_->synchronise() : master_->synchronise(); }
  /// Whoever makes `ready` hold must wake it.
  void wait_until(const std::function<bool()>& ready) const {
    core_ ? core_->wait_until(ready) : master_->wait_until(ready);
  }

  bool is_core() const { return core_ != nullptr; }
  /// REQUIRES: is_core().
  DspCore& core() const { return *core_; }

 private:
  DspCore* core_ = nullptr;
  ScriptedMaster* master_ = nullptr;
};

}  // namespace dspmem
