// SPDX-License-Identifier: Apache-2.0
// What becomes of heap blocks: frees that come too early, twice or elsewhere, accesses to what is nobody's, leaks at
// the end.
#include <fmt/format.h>

#include <map>
#include <set>
#include <tuple>

#include "sim/diagnose/diagnosis.h"

namespace dspmem {
namespace {

using Relation = Result::Finding::Relation;
using Kind = Result::Operation::Kind;

constexpr RuleInfo heap_misuse_rule{
    {"heap-misuse", 1},
    Severity::manifest,
    "heap memory is used wrongly",
    "A block is used after it was freed, freed twice or by the wrong core, accessed past its end, read before anybody "
    "wrote it, overlaps another block or lies in the wrong heap; or code other than the allocator touches the "
    "allocator's metadata.",
    "Let the last user free the object, keep accesses within its size, and set its fields after allocating it."};
constexpr RuleInfo leak_rule{rule::leak, Severity::latent, "memory is allocated and not given back",
                             "A heap grew in every round of a loop, or an object was still allocated when the scenario "
                             "ended (advice only: it may be meant to live on).",
                             "Free in each round what the round allocates, or allocate it once before the loop."};

class Heap final : public Subscriber {
 public:
  explicit Heap(const DiagnosisContext& context)
      : context_(context), log_(context.log), describe_(context.log.describe) {}

  void on(const StepBegan& event) override { step_is_free_[event.core] = event.kind && *event.kind == "free"; }

  void on(const Allocated& event) override {
    if (event.wrong.empty()) return from_another_zone(event);
    Result::Finding finding;
    finding.rule = heap_misuse_rule.id;
    finding.message = event.wrong;
    finding.access = describe_.allocation_of(event.block);
    finding.access.agent = Agent::core(event.core);
    finding.object = describe_.object(event.block);
    log_.add(std::move(finding));
  }

  void on(const Freeing& event) override {
    if (event.block.zone == Zone::system_runtime && event.block.core != event.core) foreign_free(event);
    if (!context_.checker) return;
    if (!event.block.name.empty())
      frees_[event.block.base] = {event.core, context_.checker->epoch_of(event.core), event.block, event.cycle};
    const std::uint32_t address = context_.physical(event.block.base);
    if (const Operation write =
            context_.checker->left_dirty_elsewhere(event.core, address, event.block.bytes).operation;
        write.kind != Operation::Kind::none)
      left_dirty(event, write);
    if (const Operation use = context_.checker->unordered_use(event.core, address, event.block.bytes).operation;
        use.kind != Operation::Kind::none)
      used_beside_free(event, use);
  }

  void on(const BadFree& event) override {
    if (step_is_free_[event.core])
      return;  // steps say themselves that they free twice; what firmware frees is only seen here
    Result::Finding finding;
    finding.rule = heap_misuse_rule.id;
    finding.access = describe_.now(event.core, Kind::free);
    if (event.block) {
      finding.object = describe_.object(*event.block);
      finding.message =
          event.address == event.block->base
              ? fmt::format("'{}' is freed again", finding.object->name)
              : fmt::format("an address {} bytes into '{}' is freed; an object is freed by its first byte",
                            event.address - event.block->base, finding.object->name);
    } else {
      finding.message = fmt::format("{:#x} is freed, where no object begins", event.address);
    }
    finding.fix = "free each object once, by the address that the allocator returned";
    log_.add(std::move(finding));
  }

  void on(const StrayAccess& event) override {
    const bool is_write = event.access.kind == Operation::Kind::write;
    Result::Finding finding;
    finding.rule = heap_misuse_rule.id;
    finding.access = access_of(event.access, is_write ? Kind::write : Kind::read);
    const std::string what =
        fmt::format("{} {}", event.bytes == 1 ? "a byte is" : fmt::format("{} bytes are", event.bytes),
                    is_write ? "written" : "read");
    const HeapBlock* freed = context_.allocator.freed_at(event.address);
    const HeapBlock* before = context_.live.before(event.address);
    const HeapLayout* heap = context_.live.heap_of(event.address);
    const std::string heap_name = heap ? heap->name : "";
    if (freed && stray_beside_free(event, *freed, finding.access)) return;
    if (freed) {
      finding.object = describe_.object(*freed);
      finding.other = describe_.free_of(*freed);
      finding.relation = Relation::after;
      finding.message = fmt::format("{} at offset {} of '{}', which has been freed", what, event.address - freed->base,
                                    finding.object->name);
      finding.fix = "let the last user free the object, or clear the pointers to it when it is freed";
    } else if (context_.shadow && context_.shadow->is_metadata(event.address)) {
      finding.message =
          fmt::format("{} at {:#x}, where the allocator keeps its metadata on heap {}", what, event.address, heap_name);
      finding.fix = "only the allocator may touch this memory: check the pointer and the size that lead here";
    } else if (before && event.address - before->base < before->bytes + 4096 &&
               context_.live.heap_of(before->base) == heap) {
      finding.object = describe_.object(*before);
      finding.message = beyond_end(what, event.address - before->base, *before, finding.object->name);
      finding.fix = "make the object as large as what is stored in it, or stop at its end";
    } else {
      finding.message =
          fmt::format("{} at {:#x} in heap {}, where nothing is allocated", what, event.address, heap_name);
      finding.fix = "check the pointer: it leads into a heap, and to no object there";
    }
    log_.add(std::move(finding));
  }

  void on(const AllocatorStrayed& event) override {
    const bool is_write = event.access.kind == Operation::Kind::write;
    Result::Finding finding;
    finding.rule = heap_misuse_rule.id;
    finding.access = access_of(event.access, is_write ? Kind::write : Kind::read);
    finding.object = describe_.object(event.victim);
    const std::string own = event.resized ? describe_.object(*event.resized).name : "";
    finding.message = fmt::format(
        "the allocator {} '{}' ({} at offset {})", is_write ? "writes into" : "reads", finding.object->name,
        event.bytes == 1 ? "a byte" : fmt::format("{} bytes", event.bytes), event.address - event.victim.base);
    if (event.resized) {
      finding.message += fmt::format(" while it resizes '{}', which has {} bytes", own, event.resized->bytes);
      finding.other = describe_.allocation_of(*event.resized);
      finding.fix = "the allocator: copy no more than the smaller one of the old and the new size";
    } else {
      finding.message += ", which this call is not about";
      finding.fix =
          "the allocator: do not touch what it has given to somebody; check the size that it clears or copies, "
          "and where it writes its metadata";
    }
    log_.add(std::move(finding));
  }

  void on(const UninitialisedRead& event) override {
    Result::Finding finding;
    finding.rule = heap_misuse_rule.id;
    finding.severity = Severity::advice;  // a bit field or a structure that is copied is read like this, and never used
    finding.access = access_of(event.access, Kind::read);
    finding.object = describe_.object(event.block);
    finding.message = fmt::format("byte {} of '{}' is read, and nobody has written it since it was allocated",
                                  event.address - event.block.base, finding.object->name);
    finding.fix = "set the object's fields after allocating it, or allocate it with rzalloc";
    log_.add(std::move(finding));
  }

  void on(const ObjectMisused& event) override {
    // A race is the bug then, whoever was first. Two frees are one too many in any order.
    if (event.freed_at && kind_of_step(event.core) != Kind::free && used_after_free(event)) return;
    Result::Finding finding;
    finding.rule = heap_misuse_rule.id;
    finding.message = event.message;
    finding.access = describe_.step(event.core, kind_of_step(event.core), *event.where, event.cycle);
    finding.object = Result::Object{Result::Object::Kind::block,
                                    event.object.name,
                                    to_string(event.object.zone),
                                    Agent::core(event.object.core),
                                    {},
                                    event.object.base,
                                    event.object.bytes};
    if (event.object.where) finding.object->where.step = *event.object.where;
    if (const auto known = describe_.object_at(event.object.base);
        known && known->kind == Result::Object::Kind::static_object && known->name == event.object.name)
      finding.object = known;
    if (event.freed_at) {
      finding.other.emplace();
      finding.other->kind = Kind::free;
      finding.other->step = *event.freed_at;
      finding.relation = Relation::after;
      finding.fix = fmt::format("use '{}' before it is freed at {}, or free it later", event.object.name,
                                event.freed_at->to_string());
      if (finding.access.kind == Kind::free)
        finding.fix = fmt::format("free '{}' once: remove this free, or the one at {}", event.object.name,
                                  event.freed_at->to_string());
    } else if (event.unwritten) {
      finding.fix = fmt::format(
          "write all that is read of '{}' first, or allocate it with zalloc (rzalloc); a read of what was written only "
          "says so with 'offset' and 'bytes'",
          event.object.name);
    } else {
      finding.fix = fmt::format("stay within the {} bytes of '{}': give this step an offset and size inside it",
                                event.object.bytes, event.object.name);
    }
    log_.add(std::move(finding));
  }

  void on(const ContentsLost& event) override {
    Result::Finding finding;
    finding.rule = heap_misuse_rule.id;
    finding.message = event.message;
    finding.access = describe_.step(event.core, Kind::call, *event.where, event.cycle);
    log_.add(std::move(finding));
  }

  void on(const RunEnded&) override {
    for (const auto& [base, block] : context_.live.blocks()) {
      if (block.zone == Zone::system) continue;
      Result::Finding finding;
      finding.rule = leak_rule.id;
      finding.severity = Severity::advice;
      finding.object = describe_.object(block);
      finding.message = fmt::format("'{}' is still allocated at the end", finding.object->name);
      finding.access = describe_.allocation_of(block);
      log_.add(std::move(finding));
    }
  }

 private:
  /// What the core's present step does to the object.
  Kind kind_of_step(AgentId core) const {
    const std::string* const step = describe_.moment().step_kind(core);
    if (!step) return Kind::access;
    if (*step == "read" || *step == "copy") return Kind::read;
    if (*step == "write" || *step == "fill" || *step == "add") return Kind::write;
    if (*step == "free" || *step == "realloc") return Kind::free;
    if (*step == "writeback") return Kind::write_back;
    if (*step == "invalidate") return Kind::invalidate;
    if (*step == "writeback_invalidate" || *step == "commit") return Kind::write_back_invalidate;
    return Kind::access;
  }
  Result::Operation access_of(const Operation& access, Kind kind) const {
    if (access.view == View::direct) return describe_.operation(access);
    Result::Operation result = describe_.now(access.agent, kind);
    result.view = describe_.operation(access).view;
    return result;
  }

  static std::string beyond_end(const std::string& what, std::uint32_t offset, const HeapBlock& block,
                                const std::string& name) {
    if (offset < block.bytes)
      return fmt::format("{} at offset {} of '{}' reach past its end: it has {} bytes", what, offset, name,
                         block.bytes);
    return fmt::format("{} {} the end of '{}', which has {} bytes", what,
                       offset == block.bytes ? "right behind" : fmt::format("{} bytes behind", offset - block.bytes),
                       name, block.bytes);
  }

  /// What a free comes too early for, as far as it is the same for all of that.
  Result::Finding beside_free(const Freeing& event, const Operation& other) const {
    Result::Finding finding;
    finding.severity = Severity::latent;
    finding.access = describe_.now(event.core, Kind::free);
    finding.object = describe_.object(event.block);
    finding.other = describe_.operation(other);
    return finding;
  }

  /// Once for each place in the scenario, zone and heap.
  void from_another_zone(const Allocated& event) {
    const HeapLayout* const heap = context_.live.heap_of(event.block.base);
    const bool for_sharing =
        heap && event.block.shared && (heap->zone == Zone::runtime_shared || heap->zone == Zone::system_shared);
    if (!heap || heap->serves(event.block.zone) || for_sharing ||
        !elsewhere_.insert({event.block.where, event.block.zone, heap}).second)
      return;
    Result::Finding finding;
    finding.rule = heap_misuse_rule.id;
    finding.severity = Severity::advice;
    finding.object = describe_.object(event.block);
    finding.message = fmt::format(
        "'{}' ({} bytes) was asked for in zone {} and got memory of heap {}: {} had no block that is free and large "
        "enough",
        finding.object->name, event.block.bytes, to_string(event.block.zone), heap->name, to_string(event.block.zone));
    finding.access = describe_.allocation_of(event.block);
    finding.fix =
        "give the zone blocks of this size, or ask for the zone that serves it: its lines and its bank may be others'";
    log_.add(std::move(finding));
  }

  void foreign_free(const Freeing& event) {
    Result::Finding finding;
    finding.rule = heap_misuse_rule.id;
    finding.access = describe_.now(event.core, Kind::free);
    finding.object = describe_.object(event.block);
    finding.message =
        fmt::format("'{}' of core {}'s heap is freed by core {}", finding.object->name, event.block.core, event.core);
    finding.fix = "free it on the core that it belongs to: send that core a message";
    log_.add(std::move(finding));
  }

  void left_dirty(const Freeing& event, const Operation& write) {
    Result::Finding finding = beside_free(event, write);
    const std::string owner = to_string(finding.other->agent);
    finding.rule = rule::lost_update;
    finding.message = fmt::format(
        "{} frees '{}' while {} may hold dirty lines of it: evicted later, they overwrite what the next owner of the "
        "memory has written",
        to_string(finding.access.agent), finding.object->name, owner);
    finding.missing = fmt::format("a write-back and invalidate of '{}' by {} before it hands the object over",
                                  finding.object->name, owner);
    finding.fix =
        "let the core that wrote the object write it back and invalidate it when it is done with it, or free it there";
    finding.cause = finding.other;
    if (finding.other->step.line && finding.other->stack.empty() && !event.block.name.empty())
      finding.patches.push_back(
          {finding.other->step, Result::Patch::How::after, "writeback_invalidate: " + event.block.name});
    log_.add(std::move(finding));
  }

  void used_beside_free(const Freeing& event, const Operation& use) { race_with_free(beside_free(event, use)); }

  void race_with_free(Result::Finding finding) {
    const std::string user = to_string(finding.other->agent);
    finding.rule = rule::data_race;
    finding.relation = Relation::against;
    const bool late = finding.severity == Severity::manifest;
    finding.message = late ? fmt::format("{} used '{}' after {} had freed it: nothing orders the two", user,
                                         finding.object->name, to_string(finding.access.agent))
                           : fmt::format("{} frees '{}' while {} may still use it: nothing orders the two",
                                         to_string(finding.access.agent), finding.object->name, user);
    finding.missing = fmt::format("a signal, a doorbell or a lock between what {} does with '{}' and the free", user,
                                  finding.object->name);
    finding.fix =
        "free the object when the other side has said that it is done with it, or by whoever takes the last reference "
        "back under a lock";
    log_.add(std::move(finding));
  }

  /// The use came after the free in this run. Where nothing orders the two, it could have come before: a race, as it
  /// would be reported then.
  bool used_after_free(const ObjectMisused& event) {
    if (!context_.checker) return false;
    const auto known = frees_.find(event.object.base);
    const bool freed = known != frees_.end() && known->second.block.name == event.object.name;
    // A step that frees has begun to, and the allocator has not got the memory yet: the core that frees has not
    // released anything since.
    const AgentId by = freed ? known->second.core : freeing_core(*event.freed_at);
    if (by == event.core ||
        (freed ? context_.checker->has_heard(event.core, by, known->second.epoch) : by == max_agents))
      return false;
    Result::Finding finding;
    finding.severity = Severity::manifest;
    finding.access = describe_.step(by, Kind::free, *event.freed_at, freed ? known->second.cycle : 0);
    finding.object = freed ? describe_.object(known->second.block) : describe_.object_at(event.object.base);
    finding.other = describe_.step(event.core, kind_of_step(event.core), *event.where, event.cycle);
    race_with_free(std::move(finding));
    return true;
  }

  /// The same for what hardware or firmware does to memory that was freed.
  bool stray_beside_free(const StrayAccess& event, const HeapBlock& block, const Result::Operation& access) {
    const auto known = frees_.find(block.base);
    if (!context_.checker || known == frees_.end() || known->second.block.id != block.id ||
        context_.checker->has_heard(event.access.agent, known->second.core, known->second.epoch))
      return false;
    Result::Finding finding;
    finding.severity = Severity::manifest;
    finding.access = describe_.free_of(block);
    finding.object = describe_.object(block);
    finding.other = access;
    race_with_free(std::move(finding));
    return true;
  }

  /// The core that is at this step; max_agents for none.
  AgentId freeing_core(const SourceMark& step) const {
    for (AgentId core = 0; core < context_.platform.core_count(); ++core)
      if (describe_.moment().step(core) == &step) return core;
    return max_agents;
  }

  DiagnosisContext context_;
  FindingLog& log_;
  const Describer& describe_;
  struct Freed {
    AgentId core;
    std::uint32_t epoch;  ///< of the core that freed
    HeapBlock block;
    std::uint64_t cycle;
  };
  std::map<std::uint32_t, Freed> frees_;  ///< the last at each address
  std::array<bool, max_agents> step_is_free_{};
  std::set<std::tuple<const SourceMark*, Zone, const HeapLayout*>> elsewhere_;
};

}  // namespace

extern const Diagnosis heap_diagnosis;
const Diagnosis heap_diagnosis{{&heap_misuse_rule, &leak_rule}, make_diagnosis<Heap>};

}  // namespace dspmem
