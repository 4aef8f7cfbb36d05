// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "models/observe/hub.h"
#include "models/system.h"
#include "sim/config/platform.h"
#include "sim/session/rendezvous.h"

namespace dspmem {

/// Does for an image that is called without our start-up code what steps need and the image has no function for: cache
/// operations on a range, locks, banks, filling and copying memory. The effect is real: loads, stores and cache
/// operations of the core, each of one cycle.
class StandIns {
 public:
  /// `hub` is told of what orders cores.
  StandIns(System& system, const Platform& platform, const SystemConfig& config, Rendezvous& rendezvous,
           ObserverHub& hub)
      : system_(system), platform_(platform), config_(config), rendezvous_(rendezvous), hub_(hub) {}

  /// Whether it can do what a function of this name does.
  static bool knows(const std::string& function);
  /// REQUIRES: knows(function).
  std::uint32_t call(DspCore& core, const std::string& function, std::span<const std::uint32_t> arguments,
                     const SourceMark& mark);
  /// Powers another core, which then waits for steps: ordered after what `core` has done.
  void power_on(DspCore& core, std::uint32_t other);
  /// Functions that were done.
  const std::set<std::string>& used() const { return used_; }

 private:
  using Arguments = std::span<const std::uint32_t>;
  using Action = std::uint32_t (StandIns::*)(DspCore&, Arguments, const SourceMark&);
  static const std::map<std::string, Action>& actions();

  void each_line(DspCore& core, CacheOperation operation, std::uint32_t address, std::uint32_t bytes);
  std::uint32_t write_back(DspCore& core, Arguments arguments, const SourceMark& mark);
  std::uint32_t invalidate(DspCore& core, Arguments arguments, const SourceMark& mark);
  std::uint32_t write_back_invalidate(DspCore& core, Arguments arguments, const SourceMark& mark);
  std::uint32_t commit(DspCore& core, Arguments arguments, const SourceMark& mark);
  std::uint32_t fill(DspCore& core, Arguments arguments, const SourceMark& mark);
  std::uint32_t lock(DspCore& core, Arguments arguments, const SourceMark& mark);
  std::uint32_t unlock(DspCore& core, Arguments arguments, const SourceMark& mark);
  std::uint32_t enable_core(DspCore& core, Arguments arguments, const SourceMark& mark);
  std::uint32_t banks_on(DspCore& core, Arguments arguments, const SourceMark& mark);
  std::uint32_t banks_off(DspCore& core, Arguments arguments, const SourceMark& mark);
  static constexpr std::uint32_t allocators_lock = ~0u;  ///< of a binding's lock, which passes no arguments
  void switch_banks(DspCore& core, Arguments arguments, bool on);

  System& system_;
  const Platform& platform_;
  const SystemConfig& config_;
  Rendezvous& rendezvous_;
  ObserverHub& hub_;
  std::set<std::string> used_;
};

}  // namespace dspmem
