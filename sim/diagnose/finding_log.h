// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/core/fault.h"
#include "models/memory/address_map.h"
#include "models/observe/operation.h"
#include "sim/heap/live_memory.h"
#include "sim/image/firmware_image.h"
#include "sim/result/result.h"

namespace dspmem {

/// What an agent is at, at this moment.
class Moment {
 public:
  virtual ~Moment() = default;
  /// The instruction that a core executes; 0 when none.
  virtual std::uint32_t pc(AgentId core) const = 0;
  virtual std::uint64_t now(AgentId core) const = 0;
  /// Calls that have not returned, innermost first.
  virtual std::vector<StackFrame> stack(AgentId core) const = 0;
  /// The step of the scenario, and what kind it is; null between steps.
  virtual const SourceMark* step(AgentId agent) const = 0;
  virtual const std::string* step_kind(AgentId agent) const = 0;
};

/// Puts agents, places and memory into the terms of a result.
class Describer {
 public:
  /// REQUIRES: all of them outlive it.
  Describer(const Platform& platform, const FirmwareImage& image, const LiveMemory& live, const AddressMap& map,
            const Moment& moment)
      : platform_(platform), image_(image), live_(live), map_(map), moment_(moment) {}

  const Moment& moment() const { return moment_; }
  Agent agent(AgentId id) const;
  Result::Operation operation(const Operation& operation) const;
  /// What a core is doing at this moment, with its call stack.
  Result::Operation now(AgentId core, Result::Operation::Kind kind) const;
  /// The same where only the step is known.
  Result::Operation step(AgentId core, Result::Operation::Kind kind, const SourceMark& where,
                         std::uint64_t cycle) const;
  /// Adds the callers that are not in the operation's stack.
  void complete_stack(const Operation& operation, Result::Operation& result) const;
  Result::Object object(const HeapBlock& block) const;
  /// What lies at a cached address: an object, a variable, or part of a heap or stack.
  std::optional<Result::Object> object_at(std::uint32_t cached_address) const;
  /// The things that lie in a range of cached addresses.
  std::vector<Result::Object> objects_between(std::uint32_t first, std::uint32_t end) const;
  /// Who allocated, or freed, the block, and where.
  Result::Operation allocation_of(const HeapBlock& block) const;
  Result::Operation free_of(const HeapBlock& block) const;
  /// The code at `place`, as part of a call stack that shows `pc`.
  Result::Frame frame(std::uint32_t pc, std::uint32_t place) const;
  std::vector<Result::Frame> frames(const CoreFault& fault) const;

 private:
  static constexpr std::size_t deepest_stack = 16;

  void add_caller(std::uint32_t return_address, Result::Operation& result) const;
  Result::Operation call_of_allocator(Result::Operation::Kind kind, std::uint32_t core, const CallSite& site) const;

  const Platform& platform_;
  const FirmwareImage& image_;
  const LiveMemory& live_;
  const AddressMap& map_;
  const Moment& moment_;
};

/// The findings of a run. Equal ones are merged and counted; of very many, only how many there are of each rule.
class FindingLog {
 public:
  /// Keeps so many different findings of a run.
  static constexpr std::size_t most_findings = 1000;

  explicit FindingLog(const Describer& describe, Result& result)
      : describe(describe), findings_(result.findings), unlisted_(result.unlisted_findings) {}

  const Describer& describe;

  void add(Result::Finding finding);
  /// The finding with this key; null when there is none. With it, `add` can leave out what is known already.
  Result::Finding* find(const std::string& key);
  /// Adds a finding under a key of its own. Returns null when there is no room for more.
  Result::Finding* add(const std::string& key, Result::Finding finding);
  /// Whether there is no room for one more of this kind; it is counted then.
  bool full(RuleId rule, Severity severity);

 private:
  std::vector<Result::Finding>& findings_;
  std::map<RuleId, std::uint64_t>& unlisted_;
  std::map<std::string, std::size_t> known_;  ///< what makes findings equal -> index
};

/// A place as text in the middle of a sentence: a function, or "the step at ...".
std::string place_of(const Result::Operation& operation);

}  // namespace dspmem
