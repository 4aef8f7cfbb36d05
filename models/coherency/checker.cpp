// SPDX-License-Identifier: Apache-2.0
#include "models/coherency/checker.h"

#include <bit>
#include <cassert>
#include <utility>

#include "models/coherency/checked_line.h"

namespace dspmem {

CoherencyChecker::CoherencyChecker(const Config& config, FindingListener& listener)
    : config_(config), listener_(listener), line_mask_(~(config.rules.line_bytes - 1)),
      code_mask_(~((config.code_line_bytes ? std::min(config.code_line_bytes, config.rules.line_bytes)
                                           : config.rules.line_bytes) -
                   1)),
      line_shift_(static_cast<std::uint32_t>(std::countr_zero(config.rules.line_bytes))),
      part_shift_(line_shift_ > 6 ? line_shift_ - 6 : 0), word_shift_(2 - part_shift_),
      word_mask_((1ull << (1u << word_shift_)) - 1), lines_(line_shift_), recent_sites_(recent_sites), sites_(1) {
  assert(config.agents <= max_agents && config.rules.cores <= LineCopies::max_cores);
  if (!config.agents_start) acted_ = (1u << config.agents) - 1;
  // Epoch 0 stands for never: everybody starts in epoch 1 and knows only about itself.
  for (std::size_t agent = 0; agent < max_agents; ++agent) clocks_[agent].advance(static_cast<AgentId>(agent));
  meant_clocks_ = clocks_;
  for (std::uint32_t core = 0; core < config.rules.cores; ++core) origins_[core].known.resize(origins_kept);
}

CoherencyChecker::~CoherencyChecker() = default;

CoherencyChecker::Line& CoherencyChecker::first_touch(std::uint32_t address) {
  Line& line = lines_.at(address, [this](std::uint32_t base) { return std::make_unique<Page>(config_.rules, base); });
  line.touched = true;
  line.forget_values(0, config_.rules.line_bytes);
  ++line_count_;
  return line;
}

/// Three numbers a site, one for each view.
std::uint32_t CoherencyChecker::site_number(const Site& site, View view) {
  RecentSite& recent = recent_sites_[(site.pc ^ site.caller >> 1 ^ reinterpret_cast<std::uintptr_t>(site.origin) >> 4) &
                                     (recent_sites - 1)];
  if (recent.number == no_site || recent.site != site) {
    const auto [entry, fresh] = site_numbers_.try_emplace(site, static_cast<std::uint32_t>(sites_.size() * 3));
    if (fresh) sites_.push_back(site);
    recent = {site, entry->second};
  }
  return recent.number + static_cast<std::uint32_t>(view);
}

std::vector<Operation> CoherencyChecker::history_of_events(const Line& line) const {
  std::vector<Operation> events;
  for (std::size_t age = line.events.kept(); age--;) {
    const Line::Event& event = line.events[age];
    events.push_back({event.kind, event.agent, view_of(event.site), sites_[event.site / 3], event.cycle, event.count});
  }
  return events;
}

Operation CoherencyChecker::last_store(const Line& line, AgentId core) const {
  const std::vector<Operation> events = history_of_events(line);
  const auto store = std::find_if(events.rbegin(), events.rend(), [core](const Operation& each) {
    return each.kind == Operation::Kind::write && each.agent == core && each.view == View::cached;
  });
  return store == events.rend() ? Operation{} : *store;
}

Operation CoherencyChecker::last_write(const Line& line, std::uint32_t offset) const {
  const History* const history = line.history_of(line.writer(offset));
  return history ? last_write(*history, offset) : Operation{};
}

Operation CoherencyChecker::operation_of(const HistoryRead& read, AgentId agent) const {
  return {Operation::Kind::read, agent, view_of(read.site), sites_[read.site / 3], 0};
}

Operation CoherencyChecker::last_read(const History& history, std::uint32_t offset) const {
  return operation_of(history.read_of(offset), history.agent);
}

Operation CoherencyChecker::last_write(const History& history, std::uint32_t offset) const {
  const History::Write& write = history.write_of(offset);
  return {Operation::Kind::write, history.agent, view_of(write.site), sites_[write.site / 3], write.cycle()};
}

// ---- Order --------------------------------------------------------------------------------------

void CoherencyChecker::release(AgentId agent, std::uint64_t object) {
  if (alone_) return;  // whoever comes later learns all of it when it starts
  Object& released = objects_[object];
  released.clock.join(clocks_[agent]);
  meant_clocks_[agent].set(agent, clocks_[agent][agent]);  // what it has just done for somebody
  if (!(aside_ >> agent & 1)) released.meant.join(meant_clocks_[agent]);
  released.known &= 1u << agent;  // if it knew the rest, it knows all
  absorb_all(agent);
  clocks_[agent].advance(agent);
  meant_clocks_[agent].set(agent, clocks_[agent][agent]);
}

void CoherencyChecker::release_start(AgentId agent, std::uint64_t object) {
  if (!alone_)
    if (Object& released = objects_[object]; std::exchange(released.starter, agent) != agent) released.meant = {};
  release(agent, object);
}

void CoherencyChecker::acquire(AgentId agent, std::uint64_t object) {
  acted_ |= 1u << agent;
  const auto found = objects_.find(object);
  if (found == objects_.end() || found->second.known >> agent & 1) return;
  clocks_[agent].join(found->second.clock);
  if (aside_ >> agent & 1) return;
  meant_clocks_[agent].join(found->second.meant);
  if (agent < config_.rules.cores) found->second.known |= 1u << agent;  // others may forget: see act_for()
}

void CoherencyChecker::start(AgentId agent, std::uint64_t object) {
  acquire(agent, object);
  const auto found = objects_.find(object);
  if (found == objects_.end()) return;
  meant_clocks_[agent] = found->second.meant;
  serving_ |= 1u << agent;
}

void CoherencyChecker::act_for(AgentId agent, AgentId other) {
  acted_ |= 1u << agent;
  const std::uint32_t epoch = clocks_[agent][agent];
  clocks_[agent] = clocks_[other];
  clocks_[agent].set(agent, epoch);
  meant_clocks_[agent] = meant_clocks_[other];
  serving_ |= 1u << agent;
}

void CoherencyChecker::boot(AgentId core) {
  acted_ |= 1u << core;
  boot_clocks_[core] = clocks_[core];
  booted_[core] = true;
}

bool CoherencyChecker::check_order(Line& line, const Operation& access, std::uint32_t address, std::uint32_t bytes,
                                   bool is_write) {
  const std::uint32_t offset = address - line.address;
  const VectorClock& clock = clocks_[access.agent];
  for (const History& history : line.histories) {
    if (history.agent == access.agent) continue;
    const std::uint32_t known = clock[history.agent];
    for (std::uint32_t i = offset; i < offset + bytes; i = history.behind(i)) {
      const bool write_conflicts = history.write_of(i).epoch > known;
      if (!write_conflicts && !(is_write && history.read_of(i).epoch > known)) continue;
      CoherencyFinding finding;
      finding.rule = Rule::data_race;
      finding.access = access;
      finding.address = line.address + i;
      finding.first = finding.last = i - offset;
      finding.other = write_conflicts ? last_write(history, i) : last_read(history, i);
      listener_.on_finding(finding);
      return false;
    }
  }
  if (!(aside_ >> access.agent & 1)) check_accidents(line, access, offset, bytes);
  return true;
}

/// The access is ordered: whether after other agents' writes by accident alone.
void CoherencyChecker::check_accidents(const Line& line, const Operation& access, std::uint32_t offset,
                                       std::uint32_t bytes) {
  const VectorClock& meant = meant_clocks_[access.agent];
  for (const History& history : line.histories) {
    if ((history.agent == access.agent && !serves(access.agent)) || history.latest_write <= meant[history.agent])
      continue;
    for (std::uint32_t i = offset; i < offset + bytes; i = history.behind(i)) {
      const History::Write& write = history.write_of(i);
      const bool own = history.agent == access.agent && write.epoch == clocks_[access.agent][access.agent];
      if (write.epoch <= meant[history.agent] || own || write.aside() || line.writer(i) != history.agent) continue;
      CoherencyFinding finding;
      finding.rule = Rule::accidental_order;
      finding.access = access;
      finding.address = line.address + i;
      finding.first = finding.last = i - offset;
      finding.other = last_write(history, i);
      return listener_.on_finding(finding);
    }
  }
}

// ---- Accesses -----------------------------------------------------------------------------------

void CoherencyChecker::do_read(AgentId agent, View view, std::uint32_t address, std::span<const std::uint8_t> seen,
                               const Site& site, std::uint64_t cycle, bool remember) {
  const auto bytes = static_cast<std::uint32_t>(seen.size());
  const std::uint32_t epoch = clocks_[agent][agent], offset = address & ~line_mask_;
  const std::uint64_t wanted = settled_mask(address, bytes);
  Line& line = peek_line(address);
  const bool same_reader = line.reader_epoch == epoch && line.reader == agent && line.reader_view == view;
  last_stale_ = last_raced_ = false;
  if (wanted && same_reader && (line.settled_reads & wanted) == wanted) return;
  // What the reader itself has stored unseen can wait where nobody else may ever ask whether it was read.
  if (line.pending() && (line.unseen != agent || view != View::cached || !alone_)) absorb(line);
  const Operation access{fetching_ ? Operation::Kind::fetch : Operation::Kind::read, agent, view, site, cycle};
  if (!power_ons_.empty()) [[unlikely]]
    check_power(line, access, address);
  // A line that nobody else has used, or that only memory holds, cannot be stale.
  const bool alone = !line.used_besides(agent);
  if (!alone) last_raced_ = !check_order(line, access, address, bytes, false);
  else if (serves(agent)) check_accidents(line, access, offset, bytes);
  const bool held = agent < config_.rules.cores && line.copies.may_hold(agent);
  if (view == View::cached) touch(line, agent);
  const bool fresh = surely_fresh(line, agent, view);
  if (!last_raced_ && !fresh) check_freshness(line, access, address, seen, held);
  if (!remember) return;
  // Within an epoch the first read says all that order needs.
  History& history = history_of(line, agent);
  const std::span<History::Cell> noted = history.cells_of(offset, bytes);
  // Or two where it has written in between.
  if (std::any_of(noted.begin(), noted.end(),
                  [epoch](const History::Cell& each) { return each.read.epoch != epoch || each.write.unread(); })) {
    const std::uint32_t number = site_number(site, view);
    for (History::Cell& each : noted) each.read = {epoch, number};
  }
  if (!alone_) note_sources(line, history, offset, bytes);
  if (!same_reader) {
    line.reader_epoch = epoch;
    line.reader = agent;
    line.reader_view = view;
    line.settled_reads = 0;
  }
  if (fresh && !last_raced_) line.settled_reads |= wanted;
}

void CoherencyChecker::read(AgentId agent, View view, std::uint32_t address, std::span<const std::uint8_t> seen,
                            const Site& site, std::uint64_t cycle) {
  do_read(agent, view, address, seen, site, cycle, true);
}

void CoherencyChecker::atomic_read(AgentId agent, View view, std::uint32_t address, std::span<const std::uint8_t> seen,
                                   const Site& site, std::uint64_t cycle) {
  Line& line = peek_line(address);
  // It finds nothing, and is not remembered, where nobody else has used the line, and it is fresh where the read looks;
  // and where the last that happened to the line, but for reads, was an atomic write of the same word, which the reader
  // has acquired.
  const bool own = !line.used_besides(agent) && surely_fresh(line, agent, view);
  if (view != View::cached && !line.pending() &&
      (own || (line.atomic_word == (address & ~line_mask_) && seen.size() == atomic_bytes))) {
    last_stale_ = last_raced_ = false;
    return;
  }
  do_read(agent, view, address, seen, site, cycle, false);
}

void CoherencyChecker::atomic_write(AgentId agent, View view, std::uint32_t address,
                                    std::span<const std::uint8_t> value, const Site& site, std::uint64_t cycle) {
  write(agent, view, address, value, site, cycle);
  Line& line = peek_line(address);
  if (view != View::cached && !last_raced_ && value.size() == atomic_bytes && surely_fresh(line, agent, view))
    line.atomic_word = static_cast<std::uint8_t>(address & ~line_mask_);
}

void CoherencyChecker::write(AgentId agent, View view, std::uint32_t address, std::span<const std::uint8_t> value,
                             const Site& site, std::uint64_t cycle) {
  Line& line = seen_line(address);
  const Operation access{Operation::Kind::write, agent, view, site, cycle};
  const std::uint32_t offset = address - line.address, bytes = static_cast<std::uint32_t>(value.size());
  last_stale_ = false;
  if (!power_ons_.empty()) [[unlikely]]
    check_power(line, access, address);
  const bool alone = line.user == agent;
  last_raced_ = !alone && !check_order(line, access, address, bytes, true);
  if (alone && serves(agent)) check_accidents(line, access, offset, bytes);
  line.atomic_word = Line::no_word;
  const bool own =
      alone && line.reader == agent && line.reader_view == view && line.reader_epoch == clocks_[agent][agent];
  const ByteMask mask = ByteMask::range(offset, bytes);
  const std::uint32_t number = site_number(site, view);
  store(line, access, number, mask);
  // Where there is nobody else what it has read before it may read again. Else the next read must be seen: it reads
  // what is written here.
  if (!own || !line.copies.summarised() || !alone_) line.settled_reads = 0;
  History& history = history_of(line, agent);
  History::Write noted{{clocks_[agent][agent], number}, cycle};
  noted.set_unread(!alone_);
  noted.set_aside(aside_ >> agent & 1);
  if (!alone_) keep_sources(line, history, offset, bytes);
  history.note_write(offset, bytes, noted);
  line.keep(offset, value.data(), bytes, agent);
  note(line, Operation::Kind::write, agent, noted.site, cycle);
}

bool CoherencyChecker::maintain_line(Line& line, const Operation& operation, std::uint32_t site) {
  const bool may_hold = line.copies.may_hold(operation.agent) || config_.rules.prefetch;
  const bool was_dirty = clean(line, operation, site);
  note(line, operation.kind, operation.agent, site, operation.cycle);
  line.events.latest().cycle = operation.cycle;
  return operation.kind == Operation::Kind::write_back ? was_dirty : may_hold;
}

void CoherencyChecker::count_use(const Operation& operation, std::uint32_t site, bool useful) {
  const std::uint32_t key = site * 8 + static_cast<std::uint32_t>(operation.kind);
  if (key != last_use_.first) {
    const auto [entry, fresh] = maintenance_index_.try_emplace(key, maintenance_use_.size());
    if (fresh) maintenance_use_.push_back({operation, 0, 0});
    last_use_ = {key, entry->second};
  }
  MaintenanceUse& use = maintenance_use_[last_use_.second];
  ++use.count;
  use.useful += useful;
}

void CoherencyChecker::maintain(AgentId core, Operation::Kind kind, std::uint32_t address, const Site& site,
                                std::uint64_t cycle, bool implied) {
  const Operation operation{kind, core, View::cached, site, cycle};
  const std::uint32_t number = site_number(site, View::cached);
  const bool useful = maintain_line(line_of(address), operation, number);
  if (!implied) count_use(operation, number, useful);
}

template <class Wanted>
std::vector<std::uint32_t> CoherencyChecker::maintain_where(const Operation& operation, Wanted wanted) {
  absorb_all(operation.agent);
  std::vector<std::uint32_t> lines;
  const std::uint32_t number = site_number(operation.site, View::cached);
  for_each_line([&](Line& line) {
    if (!wanted(line)) return;
    line.unsettle();
    // A prefetcher may have fetched what the core has never used.
    if (!config_.rules.prefetch && !line.copies.may_hold(operation.agent) && !line.copies.may_be_dirty(operation.agent))
      return;
    maintain_line(line, operation, number);
    lines.push_back(line.address);
  });
  return lines;
}

void CoherencyChecker::maintain_all(AgentId core, Operation::Kind kind, const Site& site, std::uint64_t cycle) {
  maintain_where({kind, core, View::cached, site, cycle}, [](const Line&) { return true; });
}

std::vector<std::uint32_t> CoherencyChecker::maintain_sets(const Operation& operation, const std::vector<bool>& sets) {
  return maintain_where(operation, [&](const Line& line) { return sets[(line.address >> line_shift_) % sets.size()]; });
}

void CoherencyChecker::maintain_nothing(const Operation& operation, std::uint32_t address) {
  const Line* const line = known_line(address & line_mask_);
  if (!line || !line->copies.may_be_dirty(operation.agent)) return;
  const History* const history = line->history_of(operation.agent);
  const auto written = history ? history->first_cached_write() : std::nullopt;
  if (!written) return;  // what is dirty was somebody else's
  CoherencyFinding finding;
  finding.rule = Rule::mixed_alias;
  finding.access = operation;
  finding.address = address;
  finding.other = last_write(*history, *written);
  finding.history = history_of_events(*line);
  listener_.on_finding(finding);
}

void CoherencyChecker::core_off(AgentId core, std::uint64_t cycle) {
  maintain_all(core, Operation::Kind::power_off, {}, cycle);
}

void CoherencyChecker::prefetch(AgentId core, std::uint32_t address) { touch(line_of(address), core); }

}  // namespace dspmem
