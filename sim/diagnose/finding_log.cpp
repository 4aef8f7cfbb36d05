// SPDX-License-Identifier: Apache-2.0
#include "sim/diagnose/finding_log.h"

#include <fmt/format.h>

#include "models/core/abi.h"
#include "sim/config/agents.h"

namespace dspmem {
namespace {

Result::Operation::Kind kind_of(Operation::Kind kind) {
  using To = Result::Operation::Kind;
  switch (kind) {
    case Operation::Kind::none: return To::none;
    case Operation::Kind::read: return To::read;
    case Operation::Kind::write: return To::write;
    case Operation::Kind::write_back: return To::write_back;
    case Operation::Kind::invalidate: return To::invalidate;
    case Operation::Kind::write_back_invalidate: return To::write_back_invalidate;
    case Operation::Kind::power_off: return To::power_off;
    case Operation::Kind::power_on: return To::power_on;
    case Operation::Kind::fetch: return To::fetch;
  }
  return To::none;
}

Result::Operation::View view_of(View view) {
  switch (view) {
    case View::cached: return Result::Operation::View::cached;
    case View::uncached: return Result::Operation::View::uncached;
    case View::direct: return Result::Operation::View::direct;
  }
  return Result::Operation::View::none;
}

}  // namespace

std::string place_of(const Result::Operation& operation) {
  if (!operation.stack.empty() && !operation.stack[0].function.empty()) return to_string(operation.stack[0]);
  return operation.step.empty() ? "its start" : "the step at " + operation.step.to_string();
}

// ---- Describer ----------------------------------------------------------------------------------

Agent Describer::agent(AgentId id) const { return agent_of(id, platform_.core_count()); }

Result::Frame Describer::frame(std::uint32_t pc, std::uint32_t place) const {
  const SourceLine line = image_.line_at(place);
  return {pc, image_.function_at(place), line.file, line.line};
}

void Describer::add_caller(std::uint32_t return_address, Result::Operation& result) const {
  if (return_address && return_address != Core::trap_address && result.stack.size() < deepest_stack)
    result.stack.push_back(frame(return_address, abi::call_site(return_address)));
}

Result::Operation Describer::operation(const Operation& operation) const {
  Result::Operation result;
  result.agent = agent(operation.agent);
  result.kind = kind_of(operation.kind);
  result.view = view_of(operation.view);
  result.cycle = operation.cycle;
  result.count = operation.count;
  if (operation.site.pc) {
    result.stack.push_back(frame(operation.site.pc, operation.site.pc));
    add_caller(operation.site.caller, result);
  }
  if (operation.site.origin) result.step = *static_cast<const SourceMark*>(operation.site.origin);
  return result;
}

void Describer::complete_stack(const Operation& operation, Result::Operation& result) const {
  if (!operation.site.pc || operation.agent >= platform_.core_count()) return;
  for (const StackFrame& each : moment_.stack(operation.agent))
    if (!(result.stack.size() == 2 && each.return_address == operation.site.caller))
      add_caller(each.return_address, result);
}

Result::Operation Describer::now(AgentId core, Result::Operation::Kind kind) const {
  Result::Operation result;
  result.agent = agent(core);
  result.kind = kind;
  result.cycle = moment_.now(core);
  if (const std::uint32_t pc = moment_.pc(core)) result.stack.push_back(frame(pc, pc));
  for (const StackFrame& each : moment_.stack(core)) add_caller(each.return_address, result);
  if (const SourceMark* step = moment_.step(core)) result.step = *step;
  return result;
}

Result::Operation Describer::step(AgentId core, Result::Operation::Kind kind, const SourceMark& where,
                                  std::uint64_t cycle) const {
  Result::Operation result;
  result.agent = agent(core);
  result.kind = kind;
  result.step = where;
  result.cycle = cycle;
  return result;
}

Result::Operation Describer::call_of_allocator(Result::Operation::Kind kind, std::uint32_t core,
                                               const CallSite& site) const {
  Result::Operation result;
  result.agent = Agent::core(core);
  result.kind = kind;
  result.cycle = site.cycle;
  for (const std::uint32_t address : site.stack) add_caller(address, result);
  return result;
}

Result::Operation Describer::free_of(const HeapBlock& block) const {
  Result::Operation result = call_of_allocator(Result::Operation::Kind::free, block.freed_by, block.freed);
  if (block.freed_in) result.step = *block.freed_in;
  return result;
}

Result::Operation Describer::allocation_of(const HeapBlock& block) const {
  Result::Operation result = call_of_allocator(Result::Operation::Kind::allocation, block.core, block.site);
  if (block.where) result.step = *block.where;
  return result;
}

Result::Object Describer::object(const HeapBlock& block) const {
  const Result::Operation allocation = allocation_of(block);
  Result::Origin where{allocation.step, std::nullopt};
  if (where.step.empty() && !allocation.stack.empty()) where.frame = allocation.stack[0];
  const std::string name = !block.name.empty()
                               ? block.name
                               : fmt::format("{} bytes from {}", block.bytes,
                                             allocation.stack.empty() ? "the allocator" : allocation.stack[0].function);
  return {Result::Object::Kind::block,
          name,
          to_string(block.zone),
          allocation.agent,
          std::move(where),
          block.base,
          block.bytes};
}

std::optional<Result::Object> Describer::object_at(std::uint32_t address) const {
  using Kind = Result::Object::Kind;
  if (const HeapBlock* block = live_.find(address)) return object(*block);
  if (const LiveMemory::Static* known = live_.static_at(address))
    return Result::Object{Kind::static_object,           known->name, "static",    {},
                          {*known->where, std::nullopt}, known->base, known->bytes};
  if (const auto variable = image_.variable_at(address); !variable.name.empty())
    return Result::Object{Kind::variable, variable.name, "variable", {}, {}, variable.address, variable.bytes};
  for (const HeapLayout& heap : platform_.heaps)
    if (address - heap.base < heap.bytes)
      return Result::Object{Kind::heap, "heap " + heap.name, to_string(heap.zone), {}, {}, heap.base, heap.bytes};
  for (std::size_t core = 0; core < platform_.core_areas.size(); ++core)
    if (const CoreArea& area = platform_.core_areas[core]; address - area.stack_base < area.stack_bytes)
      return Result::Object{Kind::stack,     fmt::format("stack of core {}", core), "stack", {}, {}, area.stack_base,
                            area.stack_bytes};
  return std::nullopt;
}

std::vector<Result::Object> Describer::objects_between(std::uint32_t first, std::uint32_t end) const {
  std::vector<Result::Object> found;
  for (std::uint32_t address = first; address < end;) {
    const auto object = object_at(address);
    const bool thing = object && object->is_one_thing();
    if (thing) found.push_back(*object);
    address = thing ? object->address + object->bytes : address + 4;
  }
  return found;
}

std::vector<Result::Frame> Describer::frames(const CoreFault& fault) const {
  std::vector<Result::Frame> stack;
  if (fault.pc != Core::trap_address) stack.push_back(frame(fault.pc, fault.pc));
  for (const StackFrame& each : fault.stack)
    if (each.return_address != Core::trap_address)
      stack.push_back(frame(each.return_address, abi::call_site(each.return_address)));
  return stack;
}

// ---- FindingLog ---------------------------------------------------------------------------------

void FindingLog::add(Result::Finding finding) {
  const std::string key =
      fmt::format("{}|{}|{}|{}|{}|{}", finding.rule.name, to_string(finding.access.agent),
                  finding.access.step.to_string(), place_of(finding.access), finding.object ? finding.object->name : "",
                  finding.other ? to_string(finding.other->agent) : "");
  if (Result::Finding* known = find(key)) ++known->count;
  else add(key, std::move(finding));
}

Result::Finding* FindingLog::find(const std::string& key) {
  const auto known = known_.find(key);
  return known == known_.end() ? nullptr : &findings_[known->second];
}

Result::Finding* FindingLog::add(const std::string& key, Result::Finding finding) {
  if (full(finding.rule, finding.severity)) return nullptr;
  known_[key] = findings_.size();
  return &findings_.emplace_back(std::move(finding));
}

bool FindingLog::full(RuleId rule, Severity severity) {
  if (findings_.size() < most_findings) return false;
  if (severity != Severity::advice) ++unlisted_[rule];
  return true;
}

}  // namespace dspmem
