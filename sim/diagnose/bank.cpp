// SPDX-License-Identifier: Apache-2.0
// Memory whose bank is off, not usable yet, or goes off too early.
#include <fmt/format.h>

#include <algorithm>

#include "sim/diagnose/diagnosis.h"

namespace dspmem {
namespace {

using Relation = Result::Finding::Relation;

}  // namespace

extern const RuleInfo use_of_powered_off_bank_rule;
constexpr RuleInfo use_of_powered_off_bank_rule{
    {"use-of-powered-off-bank", 1},
    Severity::manifest,
    "an SRAM bank is used while it is off, or may be",
    "Something accesses a bank that is powered off, in retention or not usable yet after power-on, or a bank is "
    "switched off while somebody may still use it. An access may be hidden: the eviction of a dirty line, a prefetch, "
    "a DMA transfer.",
    "Switch a bank on, and wait for it, before the access; switch it off when all who use it have said that they are "
    "done and have written their caches back."};

namespace {

class Bank final : public Subscriber {
 public:
  explicit Bank(const DiagnosisContext& context)
      : context_(context), log_(context.log), describe_(context.log.describe) {}

  void on(const Crashed& event) override {
    if (event.fault.cause != FaultCause::bus_error || !event.fault.refusal.of_bank()) return;
    Result::Operation access;
    access.agent = Agent::core(event.fault.core);
    access.kind = Result::Operation::Kind::access;
    access.stack = describe_.frames(event.fault);
    access.cycle = event.fault.cycle;
    if (const SourceMark* step = describe_.moment().step(static_cast<AgentId>(event.fault.core))) access.step = *step;
    refused(access, event.fault.refusal, event.fault.address);
  }

  void on(const AccessRefused& event) override { refused(describe_.operation(event.access), event.why, event.address); }

  void on(const BankSwitchedOff& event) override {
    if (context_.shadow) lost(event);
    if (!context_.checker) return;
    dirty(event);
    used(event);
  }

 private:
  /// `address`: what was accessed; an eviction on its behalf may have needed another bank.
  void refused(const Result::Operation& access, const Refusal& why, std::uint32_t address) {
    const std::uint32_t base = why.bank_base;
    Result::Finding finding;
    finding.rule = use_of_powered_off_bank_rule.id;
    finding.message =
        fmt::format("{} needs SRAM bank {}, which {}", to_string(access.agent), why.bank, state_of_bank(why.kind));
    finding.access = access;
    if (context_.physical(context_.cached(address)) - base < bytes_of_bank(base)) {
      finding.object = object_at(context_.cached(address));
    } else if (const auto evicted = object_at(context_.cached(why.address)); evicted && context_.checker) {
      // On behalf of another access, or of a cache operation by index.
      finding.object = evicted;
      finding.access.kind = Result::Operation::Kind::write_back;
      finding.message += fmt::format(": a dirty line of '{}' is written back", evicted->name);
      if (const Operation write = last_write_in(why.address); write.kind != Operation::Kind::none) {
        finding.other = describe_.operation(write);
        finding.relation = Relation::after;
      }
    }
    if (const Operation off = context_.banks.power_off_of(base); off.kind != Operation::Kind::none)
      finding.cause = describe_.operation(off);
    for (const HeapBlock* block : context_.live.between(base, std::uint64_t{base} + bytes_of_bank(base)))
      if (finding.neighbours.size() < most_neighbours && !(finding.object && finding.object->address == block->base))
        finding.neighbours.push_back(describe_.object(*block));
    finding.fix =
        "keep the bank on while what lives in it is used, or move that to a bank that stays on; what an off bank held "
        "is lost";
    log_.add(std::move(finding));
  }

  /// The latest write to the line that holds an address.
  Operation last_write_in(std::uint32_t address) const {
    const std::uint32_t bytes = context_.platform.line_bytes();
    Operation latest;
    for (std::uint32_t at = address / bytes * bytes, end = at + bytes; at < end; at += 4)
      if (const Operation write = context_.checker->last_write(at); write.cycle >= latest.cycle) latest = write;
    return latest;
  }

  /// What lies there, or did until it was freed; nothing that only others lie in.
  std::optional<Result::Object> object_at(std::uint32_t address) const {
    if (const auto object = describe_.object_at(address); object && object->is_one_thing()) return object;
    if (const HeapBlock* const freed = context_.allocator.freed_at(address)) return describe_.object(*freed);
    return std::nullopt;
  }

  std::uint32_t bytes_of_bank(std::uint32_t address) const {
    for (const SramConfig& sram : context_.platform.system.srams)
      if (address - sram.physical_base < sram.size()) return sram.bank_bytes;
    return 0;
  }

  void lost(const BankSwitchedOff& event) {
    const std::uint64_t end = std::uint64_t{event.address} + event.bytes;
    const std::uint32_t cached = context_.cached(event.address);
    for (const HeapBlock* block : context_.live.between(cached, std::uint64_t{cached} + event.bytes)) {
      const std::uint32_t base = context_.physical(block->base), first = std::max(base, event.address);
      const auto count =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(end, std::uint64_t{base} + block->bytes) - first);
      if (!context_.shadow->ever_written(first, count)) continue;  // there is nothing to lose
      Result::Finding finding;
      finding.rule = rule::lost_on_power_off;
      finding.severity =
          Severity::advice;  // it may have been saved before; a read of it afterwards is a finding of its own
      finding.access = describe_.operation(event.by);
      finding.object = describe_.object(*block);
      finding.other = describe_.allocation_of(*block);
      finding.relation = Relation::after;
      finding.message =
          fmt::format("a bank is switched off while '{}' lives in it: what it holds is lost", finding.object->name);
      finding.fix = "free the object before, save what it holds, or put the bank into retention instead";
      log_.add(std::move(finding));
    }
  }

  void dirty(const BankSwitchedOff& event) {
    const char* const fix =
        "write back and invalidate what leaves a bank on each core that has written to it "
        "(dcache_writeback_invalidate_region), then switch the bank off";
    const std::vector<CoherencyChecker::DirtyLines> dirty = context_.checker->dirty_lines(event.address, event.bytes);
    for (const CoherencyChecker::DirtyLines& lines : dirty) {
      Result::Finding finding = beside_off(event, {lines.write, lines.first});
      finding.message = fmt::format(
          "a bank is switched off while core {} may hold {} of it in its cache: {} eviction would need the bank",
          lines.core, lines.count == 1 ? "a dirty line" : fmt::format("{} dirty lines", lines.count),
          lines.count == 1 ? "its" : "their");
      finding.missing = fmt::format(
          "a write-back and invalidate by core {} of all that it wrote there, freed objects too, before the bank goes "
          "off",
          lines.core);
      finding.fix = fix;
      log_.add(std::move(finding));
    }
    if (!dirty.empty() || event.by.kind == Operation::Kind::none) return;
    const CoherencyChecker::Use late =
        context_.checker->left_dirty_elsewhere(event.by.agent, event.address, event.bytes);
    if (late.operation.kind == Operation::Kind::none) return;
    Result::Finding finding = beside_off(event, late);
    const std::string who = to_string(finding.other->agent);
    finding.message = fmt::format(
        "a bank is switched off, and nothing orders that after {} has written back what it wrote there: a write-back "
        "that "
        "comes later needs the bank",
        who);
    finding.missing =
        fmt::format("a signal, a doorbell or a lock between the write-back by {} and the bank going off", who);
    finding.fix = fmt::format(
        "let {} say that it has written back and invalidated what it wrote there (a signal, a doorbell), and wait for "
        "that "
        "before the bank is switched off",
        who);
    log_.add(std::move(finding));
  }

  void used(const BankSwitchedOff& event) {
    if (event.by.kind == Operation::Kind::none) return;
    const CoherencyChecker::Use use = context_.checker->unordered_use(event.by.agent, event.address, event.bytes);
    if (use.operation.kind == Operation::Kind::none) return;
    Result::Finding finding = beside_off(event, use);
    const std::string who = to_string(finding.other->agent);
    finding.message = fmt::format("a bank is switched off while {} may still use it: nothing orders the two", who);
    finding.missing =
        fmt::format("a signal, a doorbell or a lock between what {} does there and the bank going off", who);
    finding.fix = "switch a bank off when all who use it have said that they are done with it";
    log_.add(std::move(finding));
  }

  Result::Finding beside_off(const BankSwitchedOff& event, const CoherencyChecker::Use& use) const {
    Result::Finding finding;
    finding.rule = use_of_powered_off_bank_rule.id;
    finding.severity = Severity::latent;
    finding.access = describe_.operation(event.by);
    finding.object = object_at(context_.cached(use.address));
    if (!finding.object) finding.object = describe_.object_at(context_.cached(use.address));
    if (use.operation.kind != Operation::Kind::none) finding.other = describe_.operation(use.operation);
    finding.relation = Relation::after;
    return finding;
  }

  static constexpr std::size_t most_neighbours = 8;

  DiagnosisContext context_;
  FindingLog& log_;
  const Describer& describe_;
};

}  // namespace

extern const Diagnosis bank_diagnosis;
const Diagnosis bank_diagnosis{{&use_of_powered_off_bank_rule}, make_diagnosis<Bank>};

}  // namespace dspmem
