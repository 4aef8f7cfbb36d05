// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>

#include "models/observe/hub.h"
#include "models/observe/origins.h"
#include "models/system.h"
#include "sim/config/platform.h"
#include "sim/power/bank_watch.h"
#include "sim/session/order.h"

namespace dspmem {

/// Accesses of masters that have no cache. Those that a core starts and waits for are ordered after what it did before,
/// and before what it does next; a master's own steps are ordered by themselves.
class Masters {
 public:
  Masters(System& system, const Platform& platform, ObserverHub& hub, Origins& origins, const BankWatch& banks,
          Order& order)
      : system_(system), platform_(platform), hub_(hub), origins_(origins), banks_(banks), order_(order) {}

  /// `master`: see config/agents.h. REQUIRES: memory is at the address, in any view.
  void write(const Actor& actor, std::uint32_t master, std::uint32_t address, std::span<const std::uint8_t> bytes,
             const SourceMark& mark);
  void read(const Actor& actor, std::uint32_t master, std::uint32_t address, std::span<std::uint8_t> bytes,
            const SourceMark& mark);

 private:
  void act(const Actor& actor, std::uint32_t master, std::size_t bytes, const SourceMark& mark,
           const std::function<void(const MasterAccess&)>& access);
  void check(Operation::Kind kind, const MasterAccess& access, std::uint32_t physical, const SourceMark& mark) const;

  System& system_;
  const Platform& platform_;
  ObserverHub& hub_;
  Origins& origins_;
  const BankWatch& banks_;
  Order& order_;
};

}  // namespace dspmem
