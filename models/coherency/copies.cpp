// SPDX-License-Identifier: Apache-2.0
// What is known of each core's copy of a line, and how accesses and cache operations change it.
#include <algorithm>

#include "models/coherency/checked_line.h"

namespace dspmem {

// ---- What a core's copy is ----------------------------------------------------------------------

/// Whether the core may take the line over as its only user: what everybody else did to it is ordered before.
bool CoherencyChecker::takes_over(const Line& line, std::uint32_t core) const {
  const LineCopies& copies = line.copies;
  if (copies.may_be_elsewhere(core)) return false;
  if (!line.used_besides(static_cast<AgentId>(core))) return true;
  if (config_.rules.prefetch) return false;
  const VectorClock& clock = clocks_[core];
  if (!is_cleaned_for(copies, clock, static_cast<int>(core))) return false;
  return std::all_of(line.histories.begin(), line.histories.end(),
                     [&](const History& each) { return each.agent == core || each.latest_write <= clock[each.agent]; });
}

LineCopies::Shared& CoherencyChecker::expand(Line& line) {
  LineCopies& copies = line.copies;
  if (copies.shared) return *copies.shared;
  copies.shared = std::make_unique<LineCopies::Shared>();
  copies.shared->copies.resize(config_.rules.cores);
  if (copies.cleaner != LineCopies::none)
    copies.shared->copies[static_cast<std::size_t>(copies.cleaner)].cleaned = copies.cleaned;
  if (copies.owner == LineCopies::none) return *copies.shared;
  const auto core = static_cast<AgentId>(copies.owner);
  LineCopies::Copy& copy = copies.shared->copies[core];
  copy.touched = copies.touched;
  copy.dirty = copies.dirty;
  copy.open = copy.written = copies.open;
  // Of others it holds all that it could know then: since then they have written nothing, or it would be here already.
  copy.filled = clocks_[core];
  return *copies.shared;
}

/// Goes back to the summary where it says all there is to know.
void CoherencyChecker::settle(Line& line) {
  LineCopies& copies = line.copies;
  if (!copies.shared || config_.rules.prefetch || config_.rules.byte_dirty) return;
  const LineCopies::Shared& shared = *copies.shared;
  if (shared.threatened.any() || shared.lost.any()) return;
  int last = LineCopies::none;
  for (std::uint32_t core = 0; core < config_.rules.cores; ++core) {
    const LineCopies::Copy& copy = shared.copies[core];
    if (copy.touched || copy.dirty || copy.passed.any()) return;
    if (copy.cleaned && !is_known(static_cast<AgentId>(core), copy.cleaned)) {
      if (last != LineCopies::none) return;
      last = static_cast<int>(core);
    }
  }
  for (const History& each : line.histories)
    if (each.side && std::any_of(each.side->commits.begin(), each.side->commits.end(),
                                 [](const History::Commit& commit) { return !commit.keeps(); }))
      return;
  copies.owner = LineCopies::none;
  copies.touched = copies.dirty = false;
  copies.cleaner = static_cast<std::int8_t>(last);
  copies.cleaned = last == LineCopies::none ? 0 : shared.copies[static_cast<std::size_t>(last)].cleaned;
  copies.open = {};
  copies.shared.reset();
}

bool CoherencyChecker::is_known(AgentId agent, std::uint32_t epoch) const {
  for (std::size_t other = 0; other < max_agents; ++other)
    if (acted_ >> other & 1 && other != agent && clocks_[other][agent] < epoch) return false;
  return true;
}

void CoherencyChecker::touch_first(Line& line, AgentId core) {
  LineCopies& copies = line.copies;
  if (!copies.shared) {
    if (takes_over(line, core)) {
      if (copies.owner != core) copies.dirty = false;
      copies.owner = static_cast<std::int8_t>(core);
      copies.touched = true;
      return;
    }
  }
  LineCopies::Copy& copy = expand(line).copies[core];
  if (copy.touched) return;
  copy.touched = true;
  copy.filled = clocks_[core];
  copy.passed = {};
}

// ---- What the program does ----------------------------------------------------------------------

void CoherencyChecker::store(Line& line, const Operation& write, std::uint32_t site, const ByteMask& bytes) {
  const CacheRules& rules = config_.rules;
  const AgentId agent = write.agent;
  LineCopies& copies = line.copies;
  meet_windows(line, write, bytes);
  if (write.view != View::cached || rules.write_through) {
    // Copies that are there now are older than this, but for its own where the store goes through it.
    const bool held = copies.touched && (copies.owner != agent || write.view != View::cached);
    if (!copies.shared && !held && !(rules.prefetch && agent < rules.cores)) return;
    LineCopies::Shared& shared = expand(line);
    if (agent >= rules.cores || write.view == View::cached) return;
    LineCopies::Copy& copy = shared.copies[agent];
    if (copy.touched) copy.passed |= bytes;
    copy.passed_invalidated |= bytes;
    return;
  }
  if (rules.byte_dirty && !alone_) expand(line);
  touch(line, agent);
  if (!copies.may_be_dirty(agent)) begin_window(line, write, site, bytes);
  if (!copies.shared) {
    copies.open |= bytes;
    return;
  }
  LineCopies::Copy& copy = copies.shared->copies[agent];
  copy.open |= bytes;
  copy.written |= bytes;
  copy.passed -= bytes;
  copy.passed_invalidated -= bytes;
}

/// Returns whether the line may have been dirty.
bool CoherencyChecker::clean(Line& line, const Operation& operation, std::uint32_t site) {
  const AgentId core = operation.agent;
  const std::uint32_t epoch = clocks_[core][core];
  const bool drops = operation.kind != Operation::Kind::write_back;
  const History::Commit commit{epoch, site, operation.cycle, operation.kind};
  LineCopies& copies = line.copies;
  const bool was_dirty = copies.may_be_dirty(core);
  if (const ByteMask open = copies.open_of(core); open.any()) {
    if (alone_ && core == 0 && commit.keeps()) line.clean_until = operation.cycle;
    else history_of(line, core).commit(open, commit);
    if (!commit.keeps()) expand(line);
  }
  if (drops && config_.rules.prefetch && line.used_besides(core)) expand(line);
  if (!copies.shared) {
    if (copies.owner != core) return false;
    if (was_dirty) {
      copies.cleaner = static_cast<std::int8_t>(core);
      copies.cleaned = epoch;
      copies.open = {};
      copies.dirty = false;
    }
    if (drops) copies.touched = false;
    return was_dirty;
  }
  LineCopies::Copy& copy = copies.shared->copies[core];
  if (was_dirty) {
    copy.cleaned = epoch;
    if (config_.rules.byte_dirty) {
      if (!copy.cleaned_bytes) copy.cleaned_bytes = std::make_unique<std::uint32_t[]>(config_.rules.line_bytes);
      for (std::uint32_t i = 0; i < config_.rules.line_bytes; ++i)
        if (copy.written.test(i)) copy.cleaned_bytes[i] = epoch;
    }
    copy.open = copy.written = {};
    copy.dirty = false;
  }
  if (!drops) return was_dirty;
  copy.touched = false;
  copy.invalidated = clocks_[core];
  copy.passed = copy.passed_invalidated = {};
  settle(line);
  return was_dirty;
}

}  // namespace dspmem
