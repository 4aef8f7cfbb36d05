// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/findings.h"

#include <algorithm>
#include <fmt/format.h>

namespace dspmem {
namespace {

const char* to_string(View view) {
  switch (view) {
    case View::cached: return "cached";
    case View::uncached: return "uncached";
    case View::direct: return "direct";
  }
  return "";
}

const char* to_string(Deed::Kind kind) {
  switch (kind) {
    case Deed::Kind::none: return "nothing";
    case Deed::Kind::read: return "read";
    case Deed::Kind::write: return "write";
    case Deed::Kind::write_back: return "write-back";
    case Deed::Kind::invalidate: return "invalidate";
    case Deed::Kind::write_back_invalidate: return "write-back and invalidate";
    case Deed::Kind::power_off: return "power-off";
  }
  return "";
}

std::string hex(const std::vector<std::uint8_t>& bytes) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 16); ++i) text += fmt::format("{}{:02x}", i && i % 4 == 0 ? " " : "", bytes[i]);
  return text;
}

std::string place_of(const Result::Deed& deed) {
  if (!deed.stack.empty() && !deed.stack[0].function.empty())
    return deed.stack[0].function + (deed.stack[0].file.empty() ? "" : fmt::format(" ({}:{})", deed.stack[0].file, deed.stack[0].line));
  return deed.step.empty() ? "its start" : "the step at " + deed.step;
}

struct Words {
  Rule rule;
  const char* name;
  const char* message;  ///< {reader} {object} {writer} {other object}
  const char* missing;  ///< {reader} {object} {writer} {write place} {read place}
  const char* fix;
};

constexpr Words words[] = {
    {Rule::missing_writeback, "missing-writeback", "{reader} may read '{object}' before what {writer} wrote has left that core's cache",
     "a write-back of '{object}' by {writer} after {write place}, before it hands the object over",
     "write '{object}' back (dcache_writeback_region, or platform_shared_commit) on {writer} after the last store, before the release, signal or doorbell"},
    {Rule::missing_invalidate, "missing-invalidate", "{reader} may read an old copy of '{object}' from its own cache; memory has what {writer} wrote",
     "an invalidate of '{object}' by {reader} after it took the object over, before {read place}",
     "invalidate '{object}' (dcache_invalidate_region, or platform_shared_commit) on {reader} after the acquire and before the first load"},
    {Rule::lost_update, "lost-update", "what {writer} wrote to '{object}' may be overwritten by a write-back of an older copy of the line",
     "a write-back and invalidate by the core whose cache still held the line, before {writer} wrote",
     "give '{object}' cache lines of its own, and leave no dirty line behind when it changes hands"},
    {Rule::discarded_write, "discarded-write", "an invalidate may throw away what {writer} wrote to '{object}'",
     "a write-back before the invalidate", "write the line back before invalidating it, and give objects of different owners lines of their own"},
    {Rule::mixed_alias, "mixed-alias", "'{object}' is reached through the cache and past it: {reader} may not see what {writer} wrote",
     "one view for all accesses, or a write-back by the cached side and an invalidate before its next load",
     "use one alias for '{object}' everywhere (platform_shared_get), and write back and invalidate it before changing over"},
    {Rule::stale_boot, "stale-boot", "{reader} started with '{object}' as it was before {writer} wrote it",
     "a write-back of '{object}' by {writer} before {reader} was started", "write back everything the new core will read before switching it on (dcache_writeback_all)"},
    {Rule::lost_on_power_off, "lost-on-power-off", "what {writer} wrote to '{object}' was lost when its memory or core was switched off",
     "a bank that stays on while '{object}' is needed; where a core went down with it in its cache, a write-back before that", "move '{object}' out of the bank, or save it before the power-off"},
    {Rule::wrong_range, "wrong-range", "a cache operation on '{object}' covered other bytes than those that {writer} wrote and {reader} reads",
     "the same operation on all of the bytes that changed hands", "give the cache operation the range of what was written: address and size of all of '{object}', or of the part that is read"},
    {Rule::lock_in_cache, "lock-in-cache", "{reader} synchronises on '{object}' through its cache, where no other core sees it",
     "an access that reaches memory", "reach '{object}' through the uncached alias (SHARED_DATA and platform_shared_get), or set ATOMCTL so that S32C1I works at memory"},
    {Rule::uncommitted_access, "uncommitted-access", "{reader} used the shared data '{object}' and handed over without committing it",
     "platform_shared_commit on '{object}' after {read place}", "end every access to shared data, reads included, with platform_shared_commit before the lock is released or the other side is told"},
    {Rule::data_race, "data-race", "{reader} and {writer} access the same bytes of '{object}', and nothing orders them",
     "a lock, a signal or a doorbell between the two", "order the two accesses: a lock around both, or a release after the first and an acquire before the second"},
};

/// Of lost-update, where two writes are found instead of a read.
constexpr Words writes_in_one_line{
    Rule::lost_update, "lost-update", "{reader} writes to '{object}' and {writer} to {other object}, in one cache line, and nothing orders the two: the write-back of one may overwrite what the other wrote",
    "cache lines of their own for what each of them writes, or a lock around both writes with a write-back and invalidate before it is released",
    "give '{object}' cache lines of its own: align it to the line, and round its size up to whole lines (shared data is allocated like that)"};

/// Of mixed-alias, where a cache operation is found instead of a read.
constexpr Words operation_past_the_cache{
    Rule::mixed_alias, "mixed-alias", "{reader} does a cache operation on an uncached address of '{object}': the line, which it has written through its cache, stays as it is",
    "the same operation on the cached address of '{object}'", "give cache operations the address that the stores used; what is reached through the uncached alias needs none"};

const Words& words_of(Rule rule) {
  return *std::find_if(std::begin(words), std::end(words), [rule](const Words& each) { return each.rule == rule; });
}

}  // namespace

const char* to_string(Rule rule) { return words_of(rule).name; }

const std::vector<std::string>& rule_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Words& each : words) all.emplace_back(each.name);
    all.insert(all.end(), {"access-violation", "heap-misuse", "leak", "redundant-maintenance", "use-of-powered-off-bank"});
    return all;
  }();
  return names;
}

Result::Frame FindingLog::frame_at(std::uint32_t pc, std::uint32_t place) const {
  const SourceLine line = image_.line_at(place);
  return {pc, image_.function_at(place), line.file, line.line};
}

Result::Deed FindingLog::describe(const Deed& deed) const {
  Result::Deed result;
  result.agent = deed.agent == host_agent ? "host" : fmt::format("{} {}", deed.agent < platform_.core_count() ? "core" : "dma", deed.agent - (deed.agent < platform_.core_count() ? 0 : platform_.core_count()));
  result.what = to_string(deed.kind);
  result.view = to_string(deed.view);
  result.cycle = deed.cycle;
  result.count = deed.count;
  if (deed.site.pc) {
    result.stack.push_back(frame_at(deed.site.pc, deed.site.pc));
    if (deed.site.caller && deed.site.caller != Core::trap_address) result.stack.push_back(frame_at(deed.site.caller, deed.site.caller - 3));
  }
  if (deed.site.origin) result.step = static_cast<const SourceMark*>(deed.site.origin)->to_string();
  return result;
}

Result::Deed FindingLog::call_of_allocator(const std::string& what, std::uint32_t core, const LiveMemory::CallSite& site) const {
  Result::Deed deed;
  deed.agent = fmt::format("core {}", core);
  deed.what = what;
  deed.cycle = site.cycle;
  for (const std::uint32_t address : site.stack)
    if (address) deed.stack.push_back(frame_at(address, address - 3));
  return deed;
}

Result::Deed FindingLog::free_of(const LiveMemory::Block& block) const { return call_of_allocator("free", block.freed_by, block.freed); }

Result::Deed FindingLog::allocation_of(const LiveMemory::Block& block) const {
  Result::Deed deed = call_of_allocator("allocation", block.core, block.site);
  if (block.where) deed.step = block.where->to_string();
  return deed;
}

Result::Object FindingLog::describe(const LiveMemory::Block& block) const {
  const Result::Deed allocation = allocation_of(block);
  const std::string where = !allocation.step.empty() || allocation.stack.empty() ? allocation.step : place_of(allocation);
  const std::string name = !block.name.empty() ? block.name : fmt::format("{} bytes from {}", block.bytes, allocation.stack.empty() ? "the allocator" : allocation.stack[0].function);
  return {name, to_string(block.zone), allocation.agent, where, block.base, block.bytes};
}

Result::Deed FindingLog::describe_now(const Core& core, const std::string& what) const {
  Result::Deed deed;
  deed.agent = fmt::format("core {}", core.id());
  deed.what = what;
  deed.cycle = core.now();
  if (const std::uint32_t pc = core.current_pc()) deed.stack.push_back(frame_at(pc, pc));
  for (const StackFrame& frame : core.call_stack())
    if (frame.return_address != Core::trap_address && deed.stack.size() < 16) deed.stack.push_back(frame_at(frame.return_address, frame.return_address - 3));
  if (const auto* origin = origins_ ? origins_(static_cast<AgentId>(core.id())) : nullptr) deed.step = origin->to_string();
  return deed;
}

std::optional<Result::Object> FindingLog::object_at(std::uint32_t address) const {
  if (const LiveMemory::Block* block = live_.find(address)) return describe(*block);
  if (const LiveMemory::Static* object = live_.static_at(address)) return Result::Object{object->name, "static", "", object->where->to_string(), object->base, object->bytes};
  if (const auto variable = image_.variable_at(address); !variable.name.empty()) return Result::Object{variable.name, "variable", "", "", variable.address, variable.bytes};
  for (const HeapLayout& heap : platform_.heaps)
    if (address - heap.base < heap.bytes) return Result::Object{"heap " + heap.name, to_string(heap.zone), "", "", heap.base, heap.bytes};
  for (std::size_t core = 0; core < platform_.core_areas.size(); ++core)
    if (address - platform_.core_areas[core].stack_base < platform_.core_areas[core].stack_bytes)
      return Result::Object{fmt::format("stack of core {}", core), "stack", "", "", platform_.core_areas[core].stack_base, platform_.core_areas[core].stack_bytes};
  return std::nullopt;
}

std::vector<Result::Object> FindingLog::objects_between(std::uint32_t first, std::uint32_t end) const {
  std::vector<Result::Object> found;
  for (std::uint32_t address = first; address < end;) {
    const auto object = object_at(address);
    const bool whole_heap = object && (object->name.starts_with("heap ") || object->zone == "stack");
    if (object && !whole_heap) found.push_back(*object);
    address = object && !whole_heap ? object->address + object->bytes : address + 4;
  }
  return found;
}

Rule FindingLog::refined_rule(const CoherencyFinding& raw, std::uint32_t address) const {
  const LiveMemory::Block* block = live_.find(address);
  // A write-back that came too late covered the right bytes.
  if (!checker_ || !block || raw.cause.kind != Deed::Kind::none || (raw.rule != Rule::missing_writeback && raw.rule != Rule::missing_invalidate)) return raw.rule;
  const std::uint32_t physical = map_.find(block->base)->to_physical(block->base);
  const bool invalidate = raw.rule == Rule::missing_invalidate;
  const AgentId who = invalidate ? raw.access.agent : raw.other.agent;
  return checker_->maintained_since(who, invalidate, physical, block->bytes, raw.other.cycle) ? Rule::wrong_range : raw.rule;
}

void FindingLog::describe_bytes(const CoherencyFinding& raw, std::uint32_t address, Result::Finding& finding) const {
  finding.first = finding.object ? address - finding.object->address : 0;
  finding.last = finding.first + (raw.last - raw.first);
  finding.seen = hex(raw.seen);
  finding.owed = hex(raw.owed);
}

void FindingLog::on_finding(const CoherencyFinding& raw) {
  const std::uint32_t address = map_.alias(raw.address, RegionKind::cached);
  const bool two_writes = raw.rule == Rule::lost_update && raw.access.kind == Deed::Kind::write;
  const bool operation = raw.rule == Rule::mixed_alias && raw.access.kind != Deed::Kind::read;
  const Words& text = two_writes ? writes_in_one_line : operation ? operation_past_the_cache : words_of(refined_rule(raw, address));
  Result::Finding finding;
  finding.rule = text.name;
  finding.kind = raw.manifest ? Result::Finding::Kind::manifest : Result::Finding::Kind::latent;
  finding.access = describe(raw.access);
  if (raw.other.kind != Deed::Kind::none) finding.other = describe(raw.other);
  if (raw.cause.kind != Deed::Kind::none) finding.cause = describe(raw.cause);
  finding.object = object_at(address);

  // Equal: the same rule, both places and the object's place of allocation.
  const std::string key = fmt::format("{}|{}|{}|{}|{}|{}", finding.rule, finding.access.agent, place_of(finding.access), finding.other ? finding.other->agent + place_of(*finding.other) : "",
                                      finding.object ? finding.object->name : "", finding.object ? finding.object->where : "");
  if (const auto known = known_.find(key); known != known_.end()) {
    Result::Finding& same = findings_[known->second];
    ++same.count;
    if (raw.manifest && same.kind == Result::Finding::Kind::latent) {  // the occurrence that shows is the one to describe
      same.kind = Result::Finding::Kind::manifest;
      describe_bytes(raw, address, same);
    }
    return;
  }
  if (full(finding.rule, finding.kind)) return;
  known_[key] = findings_.size();

  // Only what is new needs the whole story.
  if (stack_ && raw.access.site.pc && raw.access.agent < platform_.core_count()) {
    for (const StackFrame& frame : stack_(raw.access.agent))
      if (frame.return_address != Core::trap_address && finding.access.stack.size() < 16 &&
          !(finding.access.stack.size() == 2 && frame.return_address == raw.access.site.caller))
        finding.access.stack.push_back(frame_at(frame.return_address, frame.return_address - 3));
  }
  const std::uint32_t line = platform_.line_bytes(), line_start = address / line * line;
  const std::string name = finding.object ? finding.object->name : fmt::format("memory at {:#x}", address);
  for (Result::Object& each : objects_between(line_start, line_start + line))
    if (!finding.object || each.address != finding.object->address) finding.neighbours.push_back(std::move(each));
  describe_bytes(raw, address, finding);
  for (const Deed& deed : raw.history) finding.history.push_back(describe(deed));
  std::string other_name;
  if (two_writes) {
    const std::uint32_t other_address = map_.alias(raw.other_address, RegionKind::cached);
    const auto other = object_at(other_address);
    other_name = !other ? fmt::format("memory at {:#x}", other_address) : finding.object && other->address == finding.object->address ? "other bytes of it" : fmt::format("'{}'", other->name);
  }
  const auto fill_in = [&](std::string sentence) {
    const std::pair<const char*, std::string> blanks[] = {{"{reader}", finding.access.agent}, {"{object}", name}, {"{other object}", other_name}, {"{writer}", finding.other ? finding.other->agent : "nobody"},
                                                         {"{write place}", finding.other ? place_of(*finding.other) : "its write"}, {"{read place}", place_of(finding.access)}};
    for (const auto& [blank, value] : blanks)
      for (std::size_t at; (at = sentence.find(blank)) != std::string::npos;) sentence.replace(at, std::string_view(blank).size(), value);
    return sentence;
  };
  finding.message = fill_in(text.message);
  finding.missing = fill_in(text.missing);
  finding.fix = fill_in(text.fix);
  findings_.push_back(std::move(finding));
}

void FindingLog::add(Result::Finding finding) {
  const std::string key = fmt::format("{}|{}|{}|{}|{}|{}", finding.rule, finding.access.agent, finding.access.step, place_of(finding.access), finding.object ? finding.object->name : "",
                                      finding.other ? finding.other->agent : "");
  if (const auto known = known_.find(key); known != known_.end()) {
    ++findings_[known->second].count;
    return;
  }
  if (full(finding.rule, finding.kind)) return;
  known_[key] = findings_.size();
  findings_.push_back(std::move(finding));
}

bool FindingLog::full(const std::string& rule, Result::Finding::Kind kind) {
  if (findings_.size() < most_findings) return false;
  if (kind != Result::Finding::Kind::advice) ++unlisted_[rule];
  return true;
}

}  // namespace dspmem
