// SPDX-License-Identifier: Apache-2.0
#include "models/coherency/checker.h"

#include <bit>
#include <cassert>

#include "models/coherency/checked_line.h"

namespace dspmem {

CoherencyChecker::CoherencyChecker(const Config& config, FindingListener& listener)
    : config_(config), listener_(listener), line_mask_(~(config.rules.line_bytes - 1)),
      line_shift_(static_cast<std::uint32_t>(std::countr_zero(config.rules.line_bytes))), part_shift_(line_shift_ > 6 ? line_shift_ - 6 : 0),
      word_shift_(2 - part_shift_), word_mask_((1ull << (1u << word_shift_)) - 1), lines_(line_shift_),
      recent_sites_(recent_sites), sites_(1) {
  assert(config.agents <= max_agents && config.rules.cores <= LineWorlds::max_cores);
  // Epoch 0 stands for never: everybody starts in epoch 1 and knows only about itself.
  for (std::size_t agent = 0; agent < max_agents; ++agent) clocks_[agent].advance(static_cast<AgentId>(agent));
  for (std::uint32_t core = 0; core < config.rules.cores; ++core) origins_[core].known.resize(origins_kept);
}

CoherencyChecker::~CoherencyChecker() = default;

CoherencyChecker::Line& CoherencyChecker::first_touch(std::uint32_t address) {
  Line& line = lines_.at(address, [this](std::uint32_t base) { return std::make_unique<Page>(config_.rules, base); });
  line.touched = true;
  line.forget_values(0, config_.rules.line_bytes);
  line.worlds.power_on();  // made before some cores started, perhaps
  ++line_count_;
  return line;
}

/// Three numbers a site, one for each view.
std::uint32_t CoherencyChecker::site_number(const Site& site, View view) {
  RecentSite& recent = recent_sites_[(site.pc ^ site.caller >> 1 ^ reinterpret_cast<std::uintptr_t>(site.origin) >> 4) & (recent_sites - 1)];
  if (recent.number == no_site || recent.site != site) {
    const auto [entry, fresh] = site_numbers_.try_emplace(site, static_cast<std::uint32_t>(sites_.size() * 3));
    if (fresh) sites_.push_back(site);
    recent = {site, entry->second};
  }
  return recent.number + static_cast<std::uint32_t>(view);
}

std::vector<Operation> CoherencyChecker::history_of_events(const Line& line) const {
  std::vector<Operation> deeds;
  for (std::size_t age = line.events.kept(); age--;) {
    const Line::Event& event = line.events[age];
    deeds.push_back({event.kind, event.agent, view_of(event.site), sites_[event.site / 3], event.cycle, event.count});
  }
  return deeds;
}

Operation CoherencyChecker::last_store(const Line& line, AgentId core) const {
  const std::vector<Operation> events = history_of_events(line);
  const auto store = std::find_if(events.rbegin(), events.rend(), [core](const Operation& each) { return each.kind == Operation::Kind::write && each.agent == core && each.view == View::cached; });
  return store == events.rend() ? Operation{} : *store;
}

Operation CoherencyChecker::last_write(const Line& line, std::uint32_t offset) const {
  const History* const history = line.history_of(line.writer(offset));
  return history ? last_write(*history, offset) : Operation{};
}

Operation CoherencyChecker::last_read(const History& history, std::uint32_t offset) const {
  const std::uint32_t number = history.read_of(offset).site;
  return {Operation::Kind::read, history.agent, view_of(number), sites_[number / 3], 0};
}

Operation CoherencyChecker::last_write(const History& history, std::uint32_t offset) const {
  const History::Write& write = history.write_of(offset);
  return {Operation::Kind::write, history.agent, view_of(write.site), sites_[write.site / 3], write.cycle};
}

// ---- Order -----------------------------------------------------------------------------------------------------------

void CoherencyChecker::release(AgentId agent, std::uint64_t object) {
  if (alone_) return;  // whoever comes later learns all of it when it starts
  Object& released = objects_[object];
  released.clock.join(clocks_[agent]);
  released.known &= 1u << agent;  // if it knew the rest, it knows all
  absorb_all(agent);
  clocks_[agent].advance(agent);
}

void CoherencyChecker::acquire(AgentId agent, std::uint64_t object) {
  const auto found = objects_.find(object);
  if (found == objects_.end() || found->second.known >> agent & 1) return;
  clocks_[agent].join(found->second.clock);
  if (agent < config_.rules.cores) found->second.known |= 1u << agent;  // others may forget: see act_for()
}

void CoherencyChecker::act_for(AgentId agent, AgentId other) {
  const std::uint32_t epoch = clocks_[agent][agent];
  clocks_[agent] = clocks_[other];
  clocks_[agent].set(agent, epoch);
}

void CoherencyChecker::boot(AgentId core) {
  running_ |= 1u << core;
  for_each_line([](Line& line) { line.worlds.power_on(); });
  boot_clocks_[core] = clocks_[core];
  booted_[core] = true;
}

bool CoherencyChecker::check_order(Line& line, const Operation& access, std::uint32_t address, std::uint32_t bytes, bool is_write) {
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
  return true;
}

void CoherencyChecker::check_line_order(Line& line, const Operation& write, std::uint32_t address, std::uint32_t bytes) {
  // Neither of these writes back what it has not written.
  if (config_.rules.byte_dirty || config_.rules.write_through) return;
  const VectorClock& clock = clocks_[write.agent];
  const bool cached = write.view == View::cached;
  for (const History& history : line.histories) {
    const std::uint32_t known = clock[history.agent];
    if (history.agent == write.agent || (cached ? history.latest_write : history.latest_cached_write) <= known) continue;
    CoherencyFinding finding;
    finding.rule = Rule::lost_update;
    finding.access = write;
    finding.address = address;
    finding.last = bytes - 1;
    for (std::uint32_t i = 0; i < config_.rules.line_bytes; i = history.behind(i)) {
      const History::Write& other = history.write_of(i);
      if (other.epoch <= known || !(cached || is_cached(other.site) || finding.other.kind == Operation::Kind::none)) continue;
      finding.other = last_write(history, i);
      finding.other_address = line.address + i;
      if (cached || is_cached(other.site)) break;  // else: a write past the cache, which has covered the one that counts
    }
    if (finding.other.kind == Operation::Kind::none) continue;
    finding.history = history_of_events(line);
    listener_.on_finding(finding);
    return;
  }
}

// ---- Accesses --------------------------------------------------------------------------------------------------------

void CoherencyChecker::do_read(AgentId agent, View view, std::uint32_t address, std::span<const std::uint8_t> seen, const Site& site, std::uint64_t cycle,
                               bool remember) {
  const auto bytes = static_cast<std::uint32_t>(seen.size());
  const std::uint32_t epoch = clocks_[agent][agent], offset = address & ~line_mask_;
  const std::uint64_t wanted = settled_mask(address, bytes);
  Line& line = peek_line(address);
  const bool same_reader = line.reader_epoch == epoch && line.reader == agent && line.reader_view == view;
  last_stale_ = last_raced_ = false;
  if (wanted && same_reader && (line.settled_reads & wanted) == wanted) return;
  // What the reader itself has stored unseen can wait.
  if (line.pending() && (line.unseen != agent || view != View::cached)) absorb(line);
  if (wanted && same_reader && line.parked && (line.parked_reads & wanted) == wanted) {
    if (view == View::cached) line.worlds.read_cached(agent);
    line.settled_reads |= line.parked_reads;
    line.parked = false;
    return;
  }
  const Operation access{Operation::Kind::read, agent, view, site, cycle};
  // A line that nobody else has used, or that only memory holds, cannot be stale.
  const bool alone = !line.used_besides(agent);
  if (!alone) last_raced_ = !check_order(line, access, address, bytes, false);
  const bool fresh = line.worlds.surely_fresh(view == View::cached ? agent : -1);
  if (!last_raced_ && !fresh) check_freshness(line, access, address, seen);
  if (!alone && !last_raced_ && !last_stale_) check_maintenance(line, access, address, bytes);
  if (view == View::cached) line.worlds.read_cached(agent);
  if (!remember) return;
  // Within an epoch the first read says all that order needs.
  const std::span<History::Cell> noted = history_of(line, agent).cells_of(offset, bytes);
  if (std::any_of(noted.begin(), noted.end(), [epoch](const History::Cell& each) { return each.read.epoch != epoch; })) {
    const std::uint32_t number = site_number(site, view);
    for (History::Cell& each : noted) each.read = {epoch, number};
  }
  if (!same_reader) {
    line.reader_epoch = epoch;
    line.reader = agent;
    line.reader_view = view;
    line.unsettle_reads();
  }
  if (fresh && !last_raced_) line.settled_reads |= wanted;
}

void CoherencyChecker::read(AgentId agent, View view, std::uint32_t address, std::span<const std::uint8_t> seen, const Site& site, std::uint64_t cycle) {
  do_read(agent, view, address, seen, site, cycle, true);
}

void CoherencyChecker::atomic_read(AgentId agent, View view, std::uint32_t address, std::span<const std::uint8_t> seen, const Site& site, std::uint64_t cycle) {
  Line& line = peek_line(address);
  // It finds nothing, and is not remembered, where nobody else has used the line, and it is fresh where the read looks; and where the last
  // that happened to the line, but for reads, was an atomic write of the same word, which the reader has acquired.
  const bool own = !line.used_besides(agent) && line.worlds.surely_fresh(-1);
  if (view != View::cached && !line.pending() && (own || (line.atomic_word == (address & ~line_mask_) && seen.size() == atomic_bytes))) {
    last_stale_ = last_raced_ = false;
    return;
  }
  do_read(agent, view, address, seen, site, cycle, false);
}

void CoherencyChecker::atomic_write(AgentId agent, View view, std::uint32_t address, std::span<const std::uint8_t> value, const Site& site, std::uint64_t cycle) {
  write(agent, view, address, value, site, cycle);
  Line& line = peek_line(address);
  if (view != View::cached && !last_raced_ && value.size() == atomic_bytes && line.worlds.surely_fresh(-1)) line.atomic_word = static_cast<std::uint8_t>(address & ~line_mask_);
}

void CoherencyChecker::write(AgentId agent, View view, std::uint32_t address, std::span<const std::uint8_t> value, const Site& site, std::uint64_t cycle) {
  Line& line = seen_line(address);
  const Operation access{Operation::Kind::write, agent, view, site, cycle};
  const std::uint32_t offset = address - line.address, bytes = static_cast<std::uint32_t>(value.size());
  last_stale_ = false;
  const bool alone = line.user == agent;
  last_raced_ = !alone && !check_order(line, access, address, bytes, true);
  if (!alone && !last_raced_) check_line_order(line, access, address, bytes);
  line.atomic_word = Line::no_word;
  const bool own = alone && line.reader == agent && line.reader_view == view && line.reader_epoch == clocks_[agent][agent];
  const ByteMask mask = ByteMask::range(offset, bytes);
  if (view == View::cached) line.worlds.write_cached(agent, mask);
  else line.worlds.write_memory(mask);
  // Where only this agent has a part, what it has read before it may read again; else the worlds have to hear of it. Unless there is a
  // dirty copy of somebody else, as one who has had the memory before may have left: that may come down on what is written here.
  if (!own || !line.worlds.summarised()) {
    const bool stays = own && !line.worlds.may_be_dirty_elsewhere(view == View::cached ? agent : -1);
    if (stays) line.parked_reads = (line.parked ? line.parked_reads : 0) | line.settled_reads;
    line.parked = stays;
    line.settled_reads = 0;
  }
  History& history = history_of(line, agent);
  const History::Write noted{{clocks_[agent][agent], site_number(site, view)}, cycle};
  history.note_write(offset, bytes, noted);
  line.keep(offset, value.data(), bytes, agent);
  if (line.worlds.take_newly_lost()) keep_cause(line, access);
  note(line, Operation::Kind::write, agent, noted.site, cycle);
}

void CoherencyChecker::fetch(AgentId core, std::uint32_t address, std::span<const std::uint8_t> seen, const Site& site, std::uint64_t cycle) {
  for (std::size_t at = 0; at < seen.size(); at += config_.rules.line_bytes) {
    // Code that nobody wrote came with the image.
    const auto start = static_cast<std::uint32_t>(address + at);
    const Line* line = known_line(start & line_mask_);
    if (!line || !line->is_any_known(0, config_.rules.line_bytes)) continue;
    do_read(core, View::direct, start, seen.subspan(at, std::min<std::size_t>(seen.size() - at, config_.rules.line_bytes)), site, cycle, false);
  }
}

void CoherencyChecker::check_freshness(Line& line, const Operation& access, std::uint32_t address, std::span<const std::uint8_t> seen) {
  const std::uint32_t offset = address - line.address;
  const auto bytes = static_cast<std::uint32_t>(seen.size());
  const ByteMask wanted = ByteMask::range(offset, bytes);
  const LineWorlds::Stale stale = access.view == View::cached ? line.worlds.stale_for_core(access.agent, wanted) : line.worlds.stale_in_memory(wanted);
  bool differs = false;
  for (std::uint32_t i = 0; i < bytes; ++i) differs |= line.is_known(offset + i) && line.truth(offset + i) != seen[i];
  if (stale.bytes.none()) {
    unexplained_ += differs;
    return;
  }
  last_stale_ = true;
  const unsigned first = stale.bytes.first(), last = stale.bytes.last();
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
  const bool writer_uncached = finding.other.view == View::uncached, reader_uncached = access.view == View::uncached;
  switch (stale.reason) {
    case StaleReason::discarded:
      finding.rule = line.cause.kind == Operation::Kind::power_off ? Rule::lost_on_power_off : Rule::discarded_write;
      finding.cause = line.cause;
      break;
    case StaleReason::overwritten:
      finding.rule = Rule::lost_update;
      finding.cause = line.cause;
      break;
    case StaleReason::old_copy: finding.rule = writer_uncached ? Rule::mixed_alias : Rule::missing_invalidate; break;
    default: {
      finding.rule = reader_uncached ? Rule::mixed_alias : Rule::missing_writeback;
      // What was written before the reader's core started, and is ordered before it by that start.
      if (access.agent < config_.rules.cores && booted_[access.agent] && finding.other.kind == Operation::Kind::write && finding.other.agent != access.agent) {
        for (const History& history : line.histories)
          if (history.agent == finding.other.agent && history.write_of(first).epoch <= boot_clocks_[access.agent][history.agent]) finding.rule = Rule::stale_boot;
      }
    }
  }
  finding.history = history_of_events(line);
  listener_.on_finding(finding);
}

void CoherencyChecker::keep_cause(Line& line, const Operation& now) {
  line.cause = now;
  const int writer_back = line.worlds.lost_by_write_back_of();
  if (writer_back < 0 || now.kind == Operation::Kind::write_back || now.kind == Operation::Kind::write_back_invalidate) return;
  // An eviction did it, or may: the store that made the line dirty is what the programmer can find.
  if (const Operation store = last_store(line, static_cast<AgentId>(writer_back)); store.kind != Operation::Kind::none) line.cause = store;
}

void CoherencyChecker::check_maintenance(Line& line, const Operation& access, std::uint32_t address, std::uint32_t bytes) {
  if (!line.maintenance) return;
  const std::uint32_t offset = address - line.address;
  const bool may_prefetch = config_.rules.prefetch && access.view == View::cached;
  for (std::uint32_t i = offset; i < offset + bytes; ++i) {
    const AgentId writer = line.writer(i);
    if (writer == access.agent) continue;
    const History* const history = line.history_of(writer);
    if (!history) continue;
    const History::Write& write = history->write_of(i);
    // Memory has what was written past the caches at once, and what was written through one from its write-back on.
    std::uint32_t current_from = write.epoch;
    const Line::WriteBack* first = nullptr;
    if (is_cached(write.site)) {
      if (writer == 0 && write.cycle <= line.clean_until) continue;
      first = line.maintenance->first_after(writer, write.cycle);
      if (!first) continue;
      current_from = first->epoch;
    }
    const bool late = first && current_from > clocks_[access.agent][writer];
    // A core starts with an empty cache: that is an invalidate too.
    const std::uint32_t started = booted_[access.agent] ? boot_clocks_[access.agent][writer] : 0;
    const bool early = may_prefetch && std::max(started, line.maintenance->invalidated[access.agent][writer]) < current_from;
    if (!late && !early) continue;
    CoherencyFinding finding;
    finding.rule = late ? Rule::missing_writeback : Rule::missing_invalidate;
    finding.access = access;
    finding.address = line.address + i;
    finding.first = i - offset;
    finding.last = bytes - 1;
    finding.other = last_write(*history, i);
    if (late) finding.cause = first->operation;
    finding.history = history_of_events(line);
    listener_.on_finding(finding);
    return;
  }
}

void CoherencyChecker::note_maintenance(Line& line, const Operation& operation, bool was_dirty) {
  if (operation.kind == Operation::Kind::power_off) return;
  if (!line.maintenance && alone_) {
    if (operation.kind != Operation::Kind::invalidate) line.clean_until = operation.cycle;
    return;
  }
  if (!line.maintenance) line.maintenance = std::make_unique<Line::Maintenance>();
  Line::Maintenance& done = *line.maintenance;
  // One that finds nothing to write makes nothing current: it was so before, or stores go through at once.
  if (was_dirty && operation.kind != Operation::Kind::invalidate) done.write_backs[operation.agent][done.count[operation.agent]++ % Line::Maintenance::kept] = {clocks_[operation.agent][operation.agent], operation};
  if (operation.kind != Operation::Kind::write_back) done.invalidated[operation.agent] = clocks_[operation.agent];
}

bool CoherencyChecker::maintain_line(Line& line, const Operation& operation, std::uint32_t site) {
  bool useful = false;
  const bool was_dirty = line.worlds.may_be_dirty(operation.agent);
  switch (operation.kind) {
    case Operation::Kind::write_back:
      useful = was_dirty;
      line.worlds.write_back(operation.agent);
      break;
    case Operation::Kind::invalidate:
      useful = line.worlds.may_hold(operation.agent);
      line.worlds.invalidate(operation.agent);
      break;
    case Operation::Kind::write_back_invalidate:
      useful = line.worlds.may_hold(operation.agent);
      line.worlds.write_back_invalidate(operation.agent);
      break;
    case Operation::Kind::power_off: line.worlds.power_off(operation.agent); break;
    default: return false;
  }
  note_maintenance(line, operation, was_dirty);
  if (line.worlds.take_newly_lost()) keep_cause(line, operation);
  note(line, operation.kind, operation.agent, site, operation.cycle);
  return useful;
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

void CoherencyChecker::maintain(AgentId core, Operation::Kind kind, std::uint32_t address, const Site& site, std::uint64_t cycle, bool implied) {
  const Operation operation{kind, core, View::cached, site, cycle};
  const std::uint32_t number = site_number(site, View::cached);
  const bool useful = maintain_line(line_of(address), operation, number);
  if (!implied) count_use(operation, number, useful);
}

void CoherencyChecker::maintain_all(AgentId core, Operation::Kind kind, const Site& site, std::uint64_t cycle) {
  absorb_all(core);
  const std::uint32_t number = site_number(site, View::cached);
  for_each_line([&](Line& line) {
    line.unsettle();
    if (line.worlds.may_hold(core)) maintain_line(line, {kind, core, View::cached, site, cycle}, number);
  });
}

void CoherencyChecker::maintain_nothing(const Operation& operation, std::uint32_t address) {
  const Line* const line = known_line(address & line_mask_);
  if (!line || !line->worlds.may_be_dirty(operation.agent)) return;
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
  running_ &= ~(1u << core);
  maintain_all(core, Operation::Kind::power_off, {}, cycle);
}

void CoherencyChecker::prefetch(AgentId core, std::uint32_t address) { line_of(address).worlds.read_cached(core); }

}  // namespace dspmem
