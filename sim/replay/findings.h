// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

#include "models/coherency/coherency_observer.h"
#include "sim/image/firmware_image.h"
#include "sim/replay/objects.h"
#include "sim/report/result.h"

namespace dspmem {

/// Turns the checker's findings into words: functions, source lines, objects and their neighbours. Equal ones are merged and counted.
class FindingLog : public FindingListener {
 public:
  /// Keeps so many different findings of a run; of further ones only how many there are of each rule.
  static constexpr std::size_t most_findings = 1000;

  FindingLog(const Platform& platform, const FirmwareImage& image, const LiveMemory& live, const AddressMap& map, Result& result)
      : platform_(platform), image_(image), live_(live), map_(map), findings_(result.findings), unlisted_(result.unlisted_findings) {}

  void on_finding(const CoherencyFinding& finding) override;
  /// A finding that needs no translation.
  void add(Result::Finding finding);
  /// The call stack of a core at this moment.
  void use_checker(const CoherencyChecker& checker) { checker_ = &checker; }
  void use_stack_of(std::function<std::vector<StackFrame>(AgentId)> stack) { stack_ = std::move(stack); }

  /// The step that an agent is at.
  void use_origins(std::function<const SourceMark*(AgentId)> origins) { origins_ = std::move(origins); }

  Result::Deed describe(const Deed& deed) const;
  Result::Object describe(const LiveMemory::Block& block) const;
  /// What lies at a cached address: an object, a variable, or part of a heap or stack.
  std::optional<Result::Object> object_at(std::uint32_t cached_address) const;
  /// Who allocated the block, and where.
  Result::Deed allocation_of(const LiveMemory::Block& block) const;
  Result::Deed free_of(const LiveMemory::Block& block) const;
  /// What `core` is doing at this moment, with its call stack. REQUIRES: use_stack_of.
  Result::Deed describe_now(const Core& core, const std::string& what) const;
  Result::Frame frame_at(std::uint32_t pc, std::uint32_t place) const;

 private:
  Result::Deed call_of_allocator(const std::string& what, std::uint32_t core, const LiveMemory::CallSite& site) const;
  /// The rule that says most, now that the object is known.
  Rule refined_rule(const CoherencyFinding& raw, std::uint32_t address) const;
  void describe_bytes(const CoherencyFinding& raw, std::uint32_t address, Result::Finding& finding) const;
  std::vector<Result::Object> objects_between(std::uint32_t first, std::uint32_t end) const;

  const Platform& platform_;
  const FirmwareImage& image_;
  const LiveMemory& live_;
  const AddressMap& map_;
  /// Whether there is no room for one more; it is counted then.
  bool full(const std::string& rule, Result::Finding::Kind kind);

  std::vector<Result::Finding>& findings_;
  std::map<std::string, std::uint64_t>& unlisted_;
  std::map<std::string, std::size_t> known_;  ///< what makes findings equal -> index
  std::function<std::vector<StackFrame>(AgentId)> stack_;
  std::function<const SourceMark*(AgentId)> origins_;
  const CoherencyChecker* checker_ = nullptr;
};

/// "missing-writeback", ...
const char* to_string(Rule rule);
/// Every rule that a finding can have.
const std::vector<std::string>& rule_names();

}  // namespace dspmem
