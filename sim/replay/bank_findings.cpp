// SPDX-License-Identifier: Apache-2.0
// What a replay says of memory that may not be used, or not now.
#include <algorithm>
#include <fmt/format.h>

#include "sim/replay/replay.h"

namespace dspmem {

void Replay::report_access_violation(const CoreFault& fault) {
  Result::Finding finding;
  finding.rule = "access-violation";
  const std::string& message = result_.crash->message;
  const auto address = static_cast<std::uint32_t>(std::stoul(message.substr(message.rfind("0x")), nullptr, 16));
  const HeapLayout* heap = live_.heap_of(cached(address));
  finding.object = log_.object_at(cached(address));
  finding.message = fmt::format("user mode reaches into heap {}, which is the kernel's", heap ? heap->name : "");
  finding.access = {fmt::format("core {}", fault.core), "access", "", result_.crash->stack, "", fault.cycle};
  if (const auto step = current_step_.find(fault.core); step != current_step_.end() && step->second) finding.access.step = step->second->mark.to_string();
  finding.fix = "allocate what user mode needs from a zone that it may use (runtime, buffer), or do this on its behalf in kernel mode";
  log_.add(std::move(finding));
}

void Replay::report_gated_bank(const CoreFault& fault) {
  for (const auto& sram : system_->srams())
    for (std::uint32_t index = 0; index < sram->config().banks; ++index) {
      const std::string name = "SRAM bank " + sram->bank_name(index) + " ";
      const std::size_t at = result_.crash->message.find(name);
      if (at == std::string::npos) continue;
      Result::Deed access{fmt::format("core {}", fault.core), "access", "", result_.crash->stack, "", fault.cycle};
      if (const auto step = current_step_.find(fault.core); step != current_step_.end() && step->second) access.step = step->second->mark.to_string();
      report_gated_access(*sram, index, access, result_.crash->message.substr(at + name.size()));
    }
}

void Replay::report_gated_access(const Sram& sram, std::uint32_t index, const Result::Deed& access, const std::string& state) {
  const std::uint32_t base = sram.config().physical_base + index * sram.config().bank_bytes;
  Result::Finding finding;
  finding.rule = "use-of-powered-off-bank";
  finding.message = fmt::format("{} needs SRAM bank {}, which {}", access.agent, sram.bank_name(index), state);
  finding.access = access;
  if (coherency_)
    if (const Deed off = coherency_->power_off_of(base); off.kind != Deed::Kind::none) finding.cause = log_.describe(off);
  for (const LiveMemory::Block* block : live_.between(base, std::uint64_t{base} + sram.config().bank_bytes))
    if (finding.neighbours.size() < 8) finding.neighbours.push_back(log_.describe(*block));
  finding.fix = "switch the bank on (pm_banks_on) before the access, or move what lives in it to a bank that stays on";
  log_.add(std::move(finding));
}

void Replay::report_bank_off(std::uint32_t address, std::uint32_t bytes, const Deed& power_off) {
  report_loss(address, bytes, power_off);
  report_dirty_under_off(address, bytes, power_off);
  report_used_beside_off(address, bytes, power_off);
}

void Replay::report_dirty_under_off(std::uint32_t address, std::uint32_t bytes, const Deed& power_off) {
  const char* const fix = "write back and invalidate what leaves a bank on each core that has written to it (dcache_writeback_invalidate_region), then switch the bank off";
  const std::vector<CoherencyChecker::DirtyLines> dirty = coherency_->checker().dirty_lines(address, bytes);
  for (const CoherencyChecker::DirtyLines& lines : dirty) {
    Result::Finding finding = beside_off(power_off, {lines.write, lines.first});
    finding.message = fmt::format("a bank is switched off while core {} may hold {} of it in its cache: {} eviction would need the bank", lines.core,
                                  lines.count == 1 ? "a dirty line" : fmt::format("{} dirty lines", lines.count), lines.count == 1 ? "its" : "their");
    finding.missing = fmt::format("a write-back and invalidate by core {} of all that it wrote there, freed objects too, before the bank goes off", lines.core);
    finding.fix = fix;
    log_.add(std::move(finding));
  }
  if (!dirty.empty() || power_off.kind == Deed::Kind::none) return;
  const CoherencyChecker::Use late = coherency_->checker().left_dirty_elsewhere(power_off.agent, address, bytes);
  if (late.deed.kind == Deed::Kind::none) return;
  Result::Finding finding = beside_off(power_off, late);
  finding.message = fmt::format("a bank is switched off after {} has written back what it wrote there, but nothing says that it has: later, its eviction would need the bank", finding.other->agent);
  finding.missing = fmt::format("a signal, a doorbell or a lock between the write-back by {} and the bank going off", finding.other->agent);
  finding.fix = fix;
  log_.add(std::move(finding));
}

void Replay::report_used_beside_off(std::uint32_t address, std::uint32_t bytes, const Deed& power_off) {
  if (power_off.kind == Deed::Kind::none) return;
  const CoherencyChecker::Use use = coherency_->checker().unordered_use(power_off.agent, address, bytes);
  if (use.deed.kind == Deed::Kind::none) return;
  Result::Finding finding = beside_off(power_off, use);
  finding.message = fmt::format("a bank is switched off while {} may still use it: nothing orders the two", finding.other->agent);
  finding.missing = fmt::format("a signal, a doorbell or a lock between what {} does there and the bank going off", finding.other->agent);
  finding.fix = "switch a bank off when all who use it have said that they are done with it";
  log_.add(std::move(finding));
}

Result::Finding Replay::beside_off(const Deed& power_off, const CoherencyChecker::Use& use) const {
  Result::Finding finding;
  finding.rule = "use-of-powered-off-bank";
  finding.kind = Result::Finding::Kind::latent;
  finding.access = log_.describe(power_off);
  finding.object = log_.object_at(cached(use.address));
  if (use.deed.kind != Deed::Kind::none) finding.other = log_.describe(use.deed);
  return finding;
}

void Replay::report_loss(std::uint32_t address, std::uint32_t bytes, const Deed& power_off) {
  const std::uint64_t end = std::uint64_t{address} + bytes;
  for (const LiveMemory::Block* block : live_.between(cached(address), std::uint64_t{cached(address)} + bytes)) {
    const std::uint32_t first = std::max(physical(block->base), address);
    const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(end, std::uint64_t{physical(block->base)} + block->bytes) - first);
    bool written = false;
    for (std::uint32_t at = first; at < first + count && !written; at += platform_.line_bytes())
      written = coherency_->checker().ever_written(at, std::min({platform_.line_bytes() - at % platform_.line_bytes(), first + count - at}));
    if (!written) continue;  // there is nothing to lose
    Result::Finding finding;
    finding.rule = "lost-on-power-off";
    finding.kind = Result::Finding::Kind::advice;  // it may have been saved before; who reads it afterwards is told as a finding
    finding.access = log_.describe(power_off);
    finding.object = log_.describe(*block);
    finding.other = log_.allocation_of(*block);
    finding.message = fmt::format("a bank is switched off while '{}' lives in it: what it holds is lost", finding.object->name);
    finding.fix = "free the object before, save what it holds, or put the bank into retention instead";
    log_.add(std::move(finding));
  }
}

void Replay::report_refused(const Deed& access, std::uint32_t address) {
  for (const auto& sram : system_->srams()) {
    if (address - sram->config().physical_base >= sram->config().size()) continue;
    const std::uint32_t index = (address - sram->config().physical_base) / sram->config().bank_bytes;
    const SramBank& bank = sram->bank(index);
    if (bank.usable(access.cycle) || (bank.state() == BankState::retention && sram->config().retained_access_wakes)) continue;
    report_gated_access(*sram, index, log_.describe(access), bank.on() ? "was switched on but is not usable yet" : bank.state() == BankState::off ? "is powered off" : "is in retention");
  }
}

}  // namespace dspmem
