// SPDX-License-Identifier: Apache-2.0
// Whether a read is fresh in every order that synchronisation permits and whatever the caches do: the rules of
// README.md, in its words.
#include <algorithm>

#include "models/coherency/checked_line.h"

namespace dspmem {

namespace {

using Threat = LineCopies::Threat::Kind;

}  // namespace

// ---- When a write is in memory, and in a copy ---------------------------------------------------

CoherencyChecker::Written CoherencyChecker::written(const Line& line, std::uint32_t offset) const {
  Written found;
  found.agent = line.writer(offset);
  found.history = found.agent == nobody ? nullptr : line.history_of(found.agent);
  if (!found.history || !found.history->write_of(offset).epoch) return {};
  found.fill_in(*this, line, offset);
  return found;
}

void CoherencyChecker::Written::fill_in(const CoherencyChecker& checker, const Line& line, std::uint32_t offset) {
  const History::Write& write = history->write_of(offset);
  cached = is_cached(write.site) && !checker.config_.rules.write_through;
  arrived = write.epoch;
  if (!cached) return;
  commit = history->commit_of(offset);
  if (commit) {
    arrived = commit->keeps() ? commit->epoch : 0;
    discarded = !commit->keeps();
  } else if (agent != 0 || write.cycle() > line.clean_until) {
    arrived = 0;
  }
}

/// Rule 3: whether the core's copy of a byte was surely filled after its write had reached memory.
bool CoherencyChecker::is_young(const LineCopies::Copy& copy, AgentId core, std::uint32_t offset, AgentId writer,
                                std::uint32_t arrived) const {
  if (config_.rules.prefetch) {
    if (writer == core) return !copy.passed_invalidated.test(offset);
    // A core starts with an empty cache: that is an invalidate too.
    return std::max(copy.invalidated[writer], booted_[core] ? boot_clocks_[core][writer] : 0) >= arrived;
  }
  if (!copy.touched) return true;
  return writer == core ? !copy.passed.test(offset) : copy.filled[writer] >= arrived;
}

// ---- Windows ------------------------------------------------------------------------------------

/// Rule 2, of a write that meets windows.
void CoherencyChecker::meet_windows(Line& line, const Operation& write, const ByteMask& bytes) {
  LineCopies& copies = line.copies;
  copies.renew(bytes);
  if (config_.rules.write_through) return;
  const bool cached = write.view == View::cached;
  const VectorClock& clock = clocks_[write.agent];
  if (!copies.shared) {
    const bool foreign = !cached || copies.owner != write.agent;
    const bool harmless = !(foreign && copies.dirty) && is_cleaned_for(copies, clock, write.agent);
    if (harmless) return;
  }
  LineCopies::Shared& shared = expand(line);
  for (std::uint32_t core = 0; core < config_.rules.cores; ++core) {
    const LineCopies::Copy& copy = shared.copies[core];
    if (core == write.agent && cached) continue;
    const auto ended_before = [&](std::uint32_t epoch) {
      return core == write.agent || epoch <= clock[static_cast<AgentId>(core)];
    };
    ByteMask hit;
    if (!config_.rules.byte_dirty) {
      if (copy.dirty || !ended_before(copy.cleaned)) hit = bytes;
    } else {
      hit = bytes & copy.written;
      if (copy.cleaned_bytes)
        for (std::uint32_t i = 0; i < config_.rules.line_bytes; ++i)
          if (bytes.test(i) && !ended_before(copy.cleaned_bytes[i])) hit.set(i);
    }
    if (hit.none()) continue;
    const History* const stores = line.history_of(static_cast<AgentId>(core));
    const std::uint32_t epoch = copy.store_epoch ? copy.store_epoch : stores ? stores->latest_cached_write : 0;
    copies.threaten({hit, static_cast<std::uint8_t>(core), copy.store_site, copy.store_cycle, copy.store_offset,
                     ended_before(epoch) ? Threat::left_dirty : Threat::unordered});
  }
}

/// Rule 2, of a window that begins: what it may overwrite, and who has read that. `bytes`: what the store writes
/// itself.
void CoherencyChecker::begin_window(Line& line, const Operation& store, std::uint32_t site, const ByteMask& bytes) {
  const AgentId core = store.agent;
  LineCopies& copies = line.copies;
  if (copies.shared) {
    LineCopies::Copy& copy = copies.shared->copies[core];
    copy.dirty = true;
    copy.store_site = site;
    copy.store_cycle = store.cycle;
    copy.store_epoch = clocks_[core][core];
    copy.store_offset = static_cast<std::uint8_t>(bytes.first());
  } else {
    copies.dirty = true;
  }
  if (config_.rules.byte_dirty) return;  // who writes the same bytes races, or is ordered
  if (copies.shared) {
    const LineCopies::Copy& copy = copies.shared->copies[core];
    ByteMask hit, ordered;
    for (std::uint32_t i = 0; i < config_.rules.line_bytes; ++i) {
      if (bytes.test(i) || !line.is_known(i)) continue;
      const Written latest = written(line, i);
      if (!latest.history || (latest.cached && latest.agent == core)) continue;
      if (!latest.arrived || !is_young(copy, core, i, latest.agent, latest.arrived)) hit.set(i);
      if (latest.agent == core || latest.history->write_of(i).epoch <= clocks_[core][latest.agent]) ordered.set(i);
    }
    for (const bool in_order : {true, false})
      if (const ByteMask these = in_order ? hit & ordered : hit - ordered; these.any())
        copies.threaten({these, core, site, store.cycle, static_cast<std::uint8_t>(bytes.first()),
                         in_order ? Threat::old_copy : Threat::unordered});
  }
  if (line.used_besides(core)) check_readers(line, store, bytes);
}

/// What the agent's last read of a byte returned; nothing when nobody had written it.
std::optional<CoherencyChecker::Written> CoherencyChecker::source_of(const Line& line, const History& history,
                                                                     std::uint32_t offset) const {
  const History::Source& other = history.source_of(offset);
  const History::Write& own = history.write_of(offset);
  if (own.epoch && history.read_of(offset).epoch >= own.epoch && !own.unread()) {
    Written source{history.agent, &history};
    source.fill_in(*this, line, offset);
    return source;
  }
  if (other.agent == nobody) return std::nullopt;
  Written source{other.agent, line.history_of(other.agent), other.cached};
  source.arrived = other.epoch;
  return source;
}

/// The reads that nothing orders before a window that begins: it might have begun before them.
void CoherencyChecker::check_readers(Line& line, const Operation& store, const ByteMask& bytes) {
  const AgentId core = store.agent;
  const VectorClock& clock = clocks_[core];
  const auto harms = [&](const Written& source, std::uint32_t offset) {
    if (source.cached && source.agent == core) return false;
    if (!source.arrived) return true;
    if (line.copies.shared)
      return !is_young(line.copies.shared->copies[core], core, offset, source.agent, source.arrived);
    return source.agent != core && source.arrived > clock[source.agent];
  };
  for (const History& history : line.histories) {
    if (history.agent == core) continue;
    const std::uint32_t known = clock[history.agent];
    for (std::uint32_t i = 0; i < config_.rules.line_bytes; i = history.behind(i)) {
      History::Read read = history.read_of(i);
      // What the store writes itself races, or is ordered; of a word it may write a part.
      std::uint32_t beside = i;
      while (beside < history.behind(i) && bytes.test(beside)) ++beside;
      std::optional<Written> source;
      if (read.epoch > known && beside < history.behind(i)) source = source_of(line, history, beside);
      if (!source || !harms(*source, beside)) {
        // Or one of memory that was freed since.
        const History::FormerRead* const former = history.former_of(i);
        if (!former || former->read.epoch <= known) continue;
        read = former->read;
        source = Written{former->source.agent, nullptr, former->source.cached};
        source->arrived = former->source.epoch;
        if (!harms(*source, i)) continue;
      }
      CoherencyFinding finding;
      finding.rule = Rule::lost_update;
      finding.access = operation_of(read, history.agent);
      finding.address = line.address + (beside < history.behind(i) ? beside : i);
      if (source->history && source->history->write_of(i).epoch) finding.other = last_write(*source->history, i);
      finding.cause = store;
      finding.cause_address = line.address + bytes.first();
      finding.history = history_of_events(line);
      if (line.copies.shared) line.copies.shared->reported |= line.copies.shared->threatened;
      listener_.on_finding(finding);
      return;
    }
  }
}

// ---- Reads --------------------------------------------------------------------------------------

CoherencyChecker::Judgement CoherencyChecker::judge(const Line& line, AgentId agent, View view,
                                                    std::uint32_t offset) const {
  const Written latest = written(line, offset);
  if (!latest.history) return {};
  const LineCopies::Shared* const shared = line.copies.shared.get();
  if (shared && shared->lost.test(offset)) return {Judgement::lost, latest.agent, {}};
  const bool cached = view == View::cached, own = latest.cached && cached && latest.agent == agent;
  if (latest.discarded) return {Judgement::discarded, latest.agent, latest.commit};
  if (shared && shared->threatened.test(offset)) return {Judgement::overwritten, latest.agent, {}};
  if (latest.cached && !own) {
    if (!latest.arrived) return {Judgement::not_in_memory, latest.agent, {}};
    if (latest.agent != agent && latest.arrived > clocks_[agent][latest.agent])
      return {Judgement::not_in_memory, latest.agent, latest.commit};
  }
  if (!cached || own || !shared) return {};
  // Its own stores go into its copy too where they go through.
  if (latest.agent == agent && is_cached(latest.history->write_of(offset).site)) return {};
  if (!is_young(shared->copies[agent], agent, offset, latest.agent, latest.arrived))
    return {Judgement::old_copy, latest.agent, {}};
  return {};
}

void CoherencyChecker::check_freshness(Line& line, const Operation& access, std::uint32_t address,
                                       std::span<const std::uint8_t> seen, bool held) {
  const std::uint32_t offset = address - line.address;
  const auto bytes = static_cast<std::uint32_t>(seen.size());
  Judgement worst;
  ByteMask stale;
  bool differs = false;
  for (std::uint32_t i = offset; i < offset + bytes; ++i) {
    if (!line.is_known(i)) continue;
    differs |= line.truth(i) != seen[i - offset];
    const Judgement found = judge(line, access.agent, access.view, i);
    if (found.reason == Judgement::fresh) continue;
    stale.set(i);
    if (found.reason > worst.reason) worst = found;
  }
  if (stale.none()) {
    unexplained_ += differs;
    return;
  }
  last_stale_ = true;
  // The finding is about those that have the worst reason.
  for (std::uint32_t i = offset; i < offset + bytes; ++i) {
    if (!stale.test(i)) continue;
    const Judgement found = judge(line, access.agent, access.view, i);
    if (found.reason != worst.reason || found.writer != worst.writer) stale -= ByteMask::range(i, 1);
  }
  const unsigned first = stale.first(), last = stale.last();
  CoherencyFinding finding;
  finding.manifest = differs;
  finding.access = access;
  finding.address = line.address + first;
  finding.first = first - offset;
  finding.last = last - offset;
  finding.other = last_write(line, first);
  for (unsigned i = first; i <= last; ++i) {
    finding.seen.push_back(seen[i - offset]);
    finding.owed.push_back(line.is_known(i) ? line.truth(i) : seen[i - offset]);
  }
  explain(line, worst, first, finding);
  // Had the write been in memory when the reader heard of it: would the reader's copy be older?
  const LineCopies::Shared* const shared = line.copies.shared.get();
  const bool may_hold = shared && access.view == View::cached && (held || config_.rules.prefetch);
  finding.also_old_copy =
      may_hold && worst.reason == Judgement::not_in_memory && finding.rule == Rule::missing_writeback &&
      worst.writer != access.agent &&
      !is_young(shared->copies[access.agent], access.agent, first, worst.writer, clocks_[access.agent][worst.writer]);
  finding.history = history_of_events(line);
  listener_.on_finding(finding);
}

void CoherencyChecker::explain(Line& line, const Judgement& judgement, std::uint32_t offset,
                               CoherencyFinding& finding) {
  const Operation& access = finding.access;
  if (judgement.commit) finding.cause = operation_of(*judgement.commit, judgement.writer);
  switch (judgement.reason) {
    case Judgement::lost:
      finding.rule = Rule::lost_on_power_off;
      finding.cause = line.copies.shared->lost_by;
      return;
    case Judgement::discarded:
      finding.rule =
          judgement.commit->kind == Operation::Kind::power_off ? Rule::lost_on_power_off : Rule::discarded_write;
      return;
    case Judgement::overwritten:
      finding.rule = Rule::lost_update;
      for (const LineCopies::Threat& each : line.copies.shared->threats)
        if (each.bytes.test(offset)) name_cause(line, each, finding);
      line.copies.shared->reported |= line.copies.shared->threatened;
      return;
    case Judgement::old_copy:
      finding.rule = finding.other.view == View::uncached ? Rule::mixed_alias : Rule::missing_invalidate;
      return;
    default: break;
  }
  finding.rule = fetching_                       ? Rule::stale_code
                 : access.view == View::uncached ? Rule::mixed_alias
                                                 : Rule::missing_writeback;
  // What was written before the reader's core started, and is ordered before it by that start.
  if (access.agent >= config_.rules.cores || !booted_[access.agent] || judgement.writer == access.agent) return;
  const History* const history = line.history_of(judgement.writer);
  if (history->write_of(offset).epoch <= boot_clocks_[access.agent][judgement.writer]) finding.rule = Rule::stale_boot;
}

Operation CoherencyChecker::operation_of(const History::Commit& commit, AgentId agent) const {
  return {commit.kind, agent, view_of(commit.site), sites_[commit.site / 3], commit.cycle};
}

/// The store that left the line dirty, and what it wrote to.
void CoherencyChecker::name_cause(const Line& line, const LineCopies::Threat& threat, CoherencyFinding& finding) const {
  finding.overwritten = threat.kind;
  if (threat.store_site) {
    finding.cause = {Operation::Kind::write, threat.core, View::cached, sites_[threat.store_site / 3],
                     threat.store_cycle};
    finding.cause_address = line.address + threat.store_offset;
    return;
  }
  finding.cause = last_store(line, threat.core);
  if (finding.cause.kind == Operation::Kind::none)
    finding.cause = {Operation::Kind::write, threat.core, View::cached, {}};
  const History* const history = line.history_of(threat.core);
  finding.cause_address = line.address + (history ? history->first_cached_write().value_or(0) : 0);
}

/// Remembers what a read returned, for windows that begin later.
void CoherencyChecker::note_sources(Line& line, History& history, std::uint32_t offset, std::uint32_t bytes) {
  // The bytes of a word may not be one agent's.
  for (std::uint32_t i = offset; history.shift && i < offset + bytes; ++i)
    if (line.writer(i) != line.writer(i & ~3u)) history.refine();
  for (std::uint32_t i = offset; i < offset + bytes; i = history.behind(i)) {
    const AgentId writer = line.writer(i);
    const History* const theirs = writer == history.agent || writer == nobody ? nullptr : line.history_of(writer);
    if (theirs && theirs->shift < history.shift) history.refine();
    History::Write& own = history.cells[i >> history.shift].write;
    own.set_unread(writer != history.agent);
    if (!line.used_besides(history.agent)) continue;
    History::Source source;
    if (theirs)
      if (const Written latest = written(line, i); latest.history)
        source = {latest.arrived, latest.agent, latest.cached};
    history.note_source(i, source);
  }
}

/// The agent writes again what it has read: whatever it wrote before, it was read.
void CoherencyChecker::keep_sources(const Line& line, History& history, std::uint32_t offset, std::uint32_t bytes) {
  for (std::uint32_t i = offset; i < offset + bytes; i = history.behind(i)) {
    const History::Write& own = history.write_of(i);
    if (!own.epoch || history.read_of(i).epoch < own.epoch || own.unread()) continue;
    if (const auto source = source_of(line, history, i))
      history.note_source(i, {source->arrived, source->agent, source->cached});
  }
}

void CoherencyChecker::finish() {
  for_each_line([this](Line& line) {
    LineCopies::Shared* const shared = line.copies.shared.get();
    if (!shared) return;
    for (LineCopies::Threat& threat : shared->threats) {
      const ByteMask bytes = threat.bytes - shared->reported;
      if (bytes.none() || !line.is_known(bytes.first())) continue;
      CoherencyFinding finding;
      finding.rule = Rule::lost_update;
      finding.unread = true;
      name_cause(line, threat, finding);
      finding.access = finding.cause;
      finding.address = line.address + bytes.first();
      finding.last = bytes.last() - bytes.first();
      finding.other = last_write(line, bytes.first());
      finding.history = history_of_events(line);
      listener_.on_finding(finding);
    }
  });
}

}  // namespace dspmem
