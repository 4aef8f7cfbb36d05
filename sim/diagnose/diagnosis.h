// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "sim/config/allocator.h"
#include "sim/diagnose/finding_log.h"
#include "sim/diagnose/rules.h"
#include "sim/events/bus.h"
#include "sim/heap/allocator_watch.h"
#include "sim/heap/heap_shadow.h"
#include "sim/power/bank_watch.h"

namespace dspmem {

/// What a diagnosis may look at. Null: it is switched off in this run.
struct DiagnosisContext {
  const Platform& platform;
  const LiveMemory& live;
  const AddressMap& map;
  FindingLog& log;
  Result& result;
  const AllocatorWatch& allocator;
  HeapShadow* shadow;
  CoherencyChecker* checker;
  const BankWatch& banks;
  std::uint64_t watchdog_cycles;
  bool quarantine;  ///< memory that was freed is kept from the allocator
  /// In words, why a core waits for ever; empty when it is not known.
  std::function<std::string(AgentId core)> hopeless_poll;

  std::uint32_t cached(std::uint32_t address) const { return map.alias(address, RegionKind::cached); }
  std::uint32_t physical(std::uint32_t cached_address) const {
    const Region* region = map.find(cached_address);
    return region ? region->to_physical(cached_address) : cached_address;
  }
};

/// One topic: its rules, and the subscriber that turns events into findings of them.
struct Diagnosis {
  std::vector<const RuleInfo*> rules;
  std::unique_ptr<Subscriber> (*make)(const DiagnosisContext& context);
};

/// Every topic. One line of diagnoses.cpp for each; all else is in its file.
std::span<const Diagnosis* const> diagnoses();

/// For Diagnosis::make.
template <class Topic>
std::unique_ptr<Subscriber> make_diagnosis(const DiagnosisContext& context) {
  return std::make_unique<Topic>(context);
}

}  // namespace dspmem
