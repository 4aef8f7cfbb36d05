// SPDX-License-Identifier: Apache-2.0
// What a replay has to say when it is over, and what it notes on the way.
#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/replay/replay.h"

namespace dspmem {
namespace {

std::uint64_t milliseconds_now() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

}  // namespace

void Replay::expect(bool passed, const std::string& text, const std::string& actual, const SourceMark& mark) {
  for (Result::Expectation& known : result_.expectations)
    if (known.where == mark.to_string() && known.text == text) {  // the same place in a loop: the first failure stays
      if (known.passed && !passed) known = {text, actual, mark.to_string(), false};
      return;
    }
  result_.expectations.push_back({text, actual, mark.to_string(), passed});
}

void Replay::stale_read(Result::StaleRead read) {
  for (Result::StaleRead& known : result_.stale_reads)
    if (known.where == read.where && known.core == read.core && known.object == read.object) {
      ++known.count;
      return;
    }
  if (result_.stale_reads.size() < FindingLog::most_findings) result_.stale_reads.push_back(std::move(read));
}

void Replay::finding(DspCore& core, const std::string& rule, const std::string& message, const SourceMark& mark) {
  Result::Finding finding;
  finding.rule = rule;
  finding.message = message;
  finding.access = {fmt::format("core {}", core.id()), "call", "", {}, mark.to_string(), core.core().now()};
  log_.add(std::move(finding));
}

void Replay::misuse(DspCore& core, const std::string& message, const Object& object, const SourceMark& mark) {
  Result::Finding finding;
  finding.rule = "heap-misuse";
  finding.message = message;
  finding.access = {fmt::format("core {}", core.id()), "access", "", {}, mark.to_string(), core.core().now()};
  finding.object = Result::Object{object.name, to_string(object.zone), fmt::format("core {}", object.core), "", cached(object.address), object.bytes};
  if (object.freed) finding.other = Result::Deed{"", "free", "", {}, object.freed->to_string(), 0};
  log_.add(std::move(finding));
}

void Replay::check_initialised(DspCore& core, std::uint32_t address, std::uint32_t bytes, const Object& object, const SourceMark& mark) {
  if (!coherency_ || object.freed || object.is_static) return;
  const std::uint32_t start = physical(address);
  if (const auto first = coherency_->checker().never_written(start, bytes))
    misuse(core, fmt::format("byte {} of '{}' is read, and nobody has written it since it was allocated", *first - start + (address - object.address), object.name), object, mark);
}

void Replay::report_leaks() {
  for (const auto& [base, block] : live_.blocks()) {
    if (block.zone == Zone::system) continue;
    Result::Finding finding;
    finding.rule = "leak";
    finding.kind = Result::Finding::Kind::advice;
    finding.object = log_.describe(block);
    finding.message = fmt::format("'{}' is still allocated at the end", finding.object->name);
    finding.access = log_.allocation_of(block);
    log_.add(std::move(finding));
  }
}

void Replay::begin_loop(DspCore& core, const SourceMark& mark, std::uint64_t period) {
  const std::uint64_t loop = loop_numbers_.try_emplace(&mark, loop_numbers_.size() + 1).first->second;
  if (recording()) {
    const std::string detail = period ? fmt::format("{{loop: {}, period: {}}}", loop, period) : std::to_string(loop);
    TraceRow row;
    row.name = "loop_begin";
    row.detail = detail;
    record(core, row);
  }
  begin_loop(core, loop, period);
}

void Replay::record_loop(DspCore& core, const char* name, std::uint64_t loop) {
  if (!recording()) return;
  const std::string detail = std::to_string(loop);
  TraceRow row;
  row.name = name;
  row.detail = detail;
  record(core, row);
}

void Replay::end_round(DspCore& core, const SourceMark& mark) {
  record_loop(core, "round_end", loop_numbers_.at(&mark));
  end_round(core, loop_numbers_.at(&mark), mark);
}

void Replay::end_loop(DspCore& core, const SourceMark& mark) {
  record_loop(core, "loop_end", loop_numbers_.at(&mark));
  end_loop(core, loop_numbers_.at(&mark), mark);
}

void Replay::begin_loop(DspCore& core, std::uint64_t loop, std::uint64_t period) {
  const std::size_t heaps = platform_.heaps.size();
  loops_[{core.id(), loop}] = {core.core().now(), period, 0, 0, std::vector<std::uint64_t>(heaps), std::vector<std::uint64_t>(heaps), std::vector<std::uint64_t>(heaps)};
}

void Replay::end_round(DspCore& core, std::uint64_t number, const SourceMark& mark) {
  const auto found = loops_.find({core.id(), number});
  if (found == loops_.end()) throw InputError(mark, fmt::format("a round of loop {} ends that has not begun on core {}", number, core.id()));
  Loop& loop = found->second;
  const std::vector<std::uint64_t>& now = live_.live_bytes(core.id());
  if (loop.rounds == 0) loop.before = now;
  for (std::size_t heap = 0; heap < now.size(); ++heap) {
    const std::uint64_t growth = now[heap] > loop.before[heap] ? now[heap] - loop.before[heap] : 0;
    loop.grown[heap] = growth ? loop.grown[heap] + 1 : 0;
    loop.bytes[heap] = growth ? loop.bytes[heap] + growth : 0;
    loop.before[heap] = now[heap];
  }
  ++loop.rounds;
  if (!loop.period) return;
  const std::uint64_t next = loop.start + loop.rounds * loop.period;
  loop.late += core.core().now() > next;
  core.core().advance_to(next);
  core.synchronise();
}

void Replay::end_loop(DspCore& core, std::uint64_t number, const SourceMark& mark) {
  constexpr std::uint64_t enough_rounds = 3;
  const auto found = loops_.find({core.id(), number});
  if (found == loops_.end()) throw InputError(mark, fmt::format("loop {} ends that has not begun on core {}", number, core.id()));
  const Loop loop = std::move(found->second);
  loops_.erase(found);
  // The first round may set things up; from the second on, what is taken has to be given back.
  for (std::size_t heap = 0; heap < loop.grown.size(); ++heap) {
    if (loop.rounds <= enough_rounds || loop.grown[heap] < loop.rounds - 1) continue;
    Result::Finding finding;
    finding.rule = "leak";
    finding.kind = Result::Finding::Kind::latent;
    finding.message = fmt::format("heap {} grew in every round of this step, by {} bytes in {} rounds", platform_.heaps[heap].name, loop.bytes[heap], loop.grown[heap]);
    finding.access = {fmt::format("core {}", core.id()), "repeat", "", {}, mark.to_string(), core.core().now()};
    const LiveMemory::Block* newest = nullptr;
    for (const auto& [base, block] : live_.blocks())
      if (block.core == core.id() && live_.heap_of(base) == &platform_.heaps[heap] && (!newest || block.site.cycle > newest->site.cycle)) newest = &block;
    if (newest) {
      finding.object = log_.describe(*newest);
      finding.other = log_.allocation_of(*newest);
    }
    finding.fix = "free in each round what the round allocates, or allocate it once before";
    log_.add(std::move(finding));
  }
  if (loop.late) expect(false, "the steps are done before their period is over", fmt::format("in {} of {} periods they were not", loop.late, loop.rounds), mark);
}

void Replay::report_redundant_maintenance() {
  if (!coherency_) return;
  // Firmware's operations count by their place in its code, whatever step led there.
  using Place = std::tuple<std::uint32_t, std::uint32_t, const void*, AgentId, Deed::Kind>;
  std::map<Place, std::size_t> known;
  std::vector<CoherencyChecker::MaintenanceUse> uses;
  for (const CoherencyChecker::MaintenanceUse& use : coherency_->checker().maintenance_use()) {
    const Site& site = use.deed.site;
    const auto [entry, fresh] = known.try_emplace({site.pc, site.caller, site.pc ? nullptr : site.origin, use.deed.agent, use.deed.kind}, uses.size());
    if (fresh) {
      uses.push_back(use);
      continue;
    }
    uses[entry->second].count += use.count;
    uses[entry->second].useful += use.useful;
  }
  for (const CoherencyChecker::MaintenanceUse& use : uses) {
    if (use.useful) continue;
    Result::Finding finding;
    finding.rule = "redundant-maintenance";
    finding.kind = Result::Finding::Kind::advice;
    finding.access = log_.describe(use.deed);
    finding.count = use.count;
    finding.message = fmt::format("none of {} cache operations could matter: no line that they named can have been in the cache{}", use.count,
                                  use.deed.kind == Deed::Kind::write_back ? ", or dirty" : "");
    log_.add(std::move(finding));
  }
}

void Replay::set_shared(std::uint32_t cached_address, std::uint32_t bytes, bool shared) {
  if (coherency_) coherency_->set_shared(physical(cached_address), bytes, shared);
}

void Replay::collect_hardware() {
  result_.allocations = heap_->allocations();
  result_.frees = heap_->frees();
  if (result_.operations.empty()) {
    for (const auto& [name, costs] : {std::pair<const char*, const OperationCosts&>{"allocate", heap_->allocation_costs()}, {"free", heap_->free_costs()}, {"reallocate", heap_->reallocation_costs()}})
      if (costs.cycles.total())
        result_.operations.push_back({name, costs.cycles.total(), costs.failed, costs.cycles.quantile(500), costs.cycles.quantile(990), costs.cycles.largest(), costs.instructions, costs.l1d_misses});
    result_.footprint = {heap_->footprint().peak_bytes, heap_->footprint().touched_bytes, heap_->footprint().scattered_basis_points};
  }
  if (result_.cores.empty()) {
    for (std::size_t index = 0; index < system_->core_count(); ++index) {
      DspCore& dsp = system_->core(index);
      const CoreStatistics statistics = dsp.core().statistics();
      const CacheStatistics& data = dsp.core().data_cache().statistics();
      const CacheStatistics& code = dsp.core().instruction_cache().statistics();
      result_.cores.push_back({static_cast<std::uint32_t>(index), dsp.powered(), statistics.instructions, statistics.cycles,
                               {statistics.data_accesses, data.misses, data.write_backs, data.prefetches},
                               {statistics.instructions, code.misses, 0, code.prefetches},
                               statistics.uncached_reads, statistics.uncached_writes, statistics.atomics});
      if (dsp.powered() || statistics.instructions) result_.cycles = std::max(result_.cycles, statistics.cycles);
    }
    for (const auto& sram : system_->srams())
      for (std::uint32_t index = 0; index < sram->config().banks; ++index) {
        const SramBank& bank = sram->bank(index);
        const std::uint32_t base = sram->config().physical_base + index * sram->config().bank_bytes;
        result_.banks.push_back({sram->bank_name(index), bank.on(), bank.state() == BankState::retention, bank.statistics().accesses, bank.statistics().conflicts,
                                 bank.statistics().conflict_cycles, live_.bytes_between(base, std::uint64_t{base} + sram->config().bank_bytes)});
      }
    result_.power = power_->finish(result_.cycles, [this](const LiveMemory::Block& block) { return log_.describe(block); });
  }
}

void Replay::collect_heaps(DspCore& core) {
  // Asking for figures is not part of the program that is judged.
  if (coherency_) core.observe(nullptr);
  // Asking the allocator takes time on the core: the figures of the hardware are taken before.
  collect_hardware();
  if (allocator_.heap_info.empty()) {
    for (std::size_t index = 0; index < platform_.heaps.size(); ++index) {
      const HeapLayout& heap = platform_.heaps[index];
      const HeapTracker::HeapFigures figures = heap_->figures(index);
      result_.heaps.push_back({heap.name, heap.all_zones ? "all" : to_string(heap.zone), heap.bytes, figures.live, figures.peak, heap.bytes - figures.live, figures.largest_gap, figures.failed});
    }
    return;
  }
  const auto info = image_.symbol("scenario_heap_info");
  if (!info || !image_.symbol(allocator_.heap_info)) return;
  for (std::uint32_t index = 0; index < platform_.heaps.size(); ++index) {
    if (call(core, allocator_.heap_info, {index}, {}) != 0) continue;
    const auto word = [&](std::uint32_t field) { return core.core().load(*info + 4 * field, 4); };
    const HeapLayout& heap = platform_.heaps[index];
    result_.heaps.push_back({heap.name, to_string(heap.zone), word(0), word(1), word(2), word(3), word(4), word(5)});
  }
}

void Replay::report_crash(const CoreFault& fault) {
  Result::Crash crash;
  crash.message = fault.what();
  if (fault.cause == FaultCause::watchdog) {
    // Often it is another core that holds what this one spins for.
    for (const auto& [core, step] : current_step_)
      if (core != fault.core && step) crash.other_steps.push_back(fmt::format("core {}: {} at {}", core, step->kind, step->mark.to_string()));
    crash.message = fmt::format("watchdog: no return after {} cycles", options_.watchdog_cycles.value_or(platform_.system.limits.watchdog_cycles)) + hopeless_poll(fault.core);
  }
  crash.core = fault.core;
  crash.cycle = fault.cycle;
  if (const auto step = current_step_.find(fault.core); step != current_step_.end() && step->second)
    crash.step = step->second->kind + " at " + step->second->mark.to_string();
  if (fault.pc != Core::trap_address) crash.stack.push_back(log_.frame_at(fault.pc, fault.pc));
  for (const StackFrame& frame : fault.stack)
    if (frame.return_address != Core::trap_address) crash.stack.push_back(log_.frame_at(frame.return_address, frame.return_address - 3));
  result_.crash = std::move(crash);
  if (fault.cause == FaultCause::access_violation) report_access_violation(fault);
  if (fault.cause == FaultCause::bus_error) report_gated_bank(fault);
}

std::string Replay::hopeless_poll(std::uint32_t core) const {
  constexpr std::uint64_t many = 1000;
  const auto poll = system_->power().last_poll(core);
  if (!poll || poll->times < many) return "";
  const auto list = [](const std::vector<std::string>& banks) {
    return banks.size() > 4 ? fmt::format("{}, {}, ... {}", banks[0], banks[1], banks.back()) : fmt::format("{}", fmt::join(banks, ", "));
  };
  std::string text = fmt::format("; core {} polls the bank status register at {:#x}, which says {:#x}", core, platform_.system.devices.power + poll->offset, poll->value);
  if (!poll->missing.empty()) text += fmt::format(": {} do not exist and stay gated", list(poll->missing));
  if (!poll->gated.empty()) text += fmt::format("{} {} are off, and nobody has asked for them", poll->missing.empty() ? ":" : ";", list(poll->gated));
  return text;
}

void Replay::report_deadlock() const {
  std::string text = "deadlock: no core can go on";
  std::optional<SourceMark> first;
  for (const auto& [core, wait] : waiting_) {
    if (wait.mark.line == 0) continue;  // core 0 at its end
    text += fmt::format("; core {} waits for {} at line {}", core, wait.reason, wait.mark.line);
    if (!first) first = wait.mark;
  }
  for (const auto& [id, steps] : scenario_.cores) {
    if (waiting_.contains(id) || system_->core(id).powered()) continue;
    text += fmt::format("; core {} has steps to run but no power", id);
    if (!first) first = scenario_.core_marks.at(id);
  }
  throw InputError(first.value_or(SourceMark{scenario_.file}), text);
}

void Replay::progress(DspCore& core, std::uint64_t done, std::uint64_t total) {
  if (!options_.show_progress) return;
  const std::uint64_t now = milliseconds_now();
  Pace& pace = paces_[core.id()];
  if (total && (pace.total != total || done < pace.done)) pace = {total, done, now, done};
  pace.done = done;
  if (now < next_progress_ms_) return;
  if (next_progress_ms_) {
    std::string part;
    if (total) {
      part = fmt::format(", {} of {} operations", done, total);
      if (done > pace.first && now > pace.since_ms + 1000) {
        const std::uint64_t seconds = (now - pace.since_ms) * (total - done) / (done - pace.first) / 1000;
        part += seconds < 60 ? fmt::format(", about {} s left", seconds) : fmt::format(", about {} min {} s left", seconds / 60, seconds % 60);
      }
    }
    fmt::print(stderr, "\r\033[Kreplaying: {} steps done, core {} at cycle {}{}", steps_done_, core.id(), core.core().now(), part);
    std::fflush(stderr);
  }
  next_progress_ms_ = now + 250;
}

}  // namespace dspmem
