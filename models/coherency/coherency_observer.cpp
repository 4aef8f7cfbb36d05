// SPDX-License-Identifier: Apache-2.0
#include "models/coherency/coherency_observer.h"

#include <algorithm>
#include <bit>

namespace dspmem {
namespace {

CacheRules rules_of(const SystemConfig& config) {
  const CacheConfig& cache = config.cores.front().data_cache;
  return {static_cast<std::uint32_t>(config.cores.size()), cache.line_bytes, cache.prefetch_lines != 0,
          cache.byte_dirty, cache.write_policy == WritePolicy::write_through};
}

bool is_zero(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

Operation::Kind kind_of(CacheOperation operation) {
  switch (operation) {
    case CacheOperation::write_back:
    case CacheOperation::index_write_back: return Operation::Kind::write_back;
    case CacheOperation::invalidate:
    case CacheOperation::index_invalidate: return Operation::Kind::invalidate;
    case CacheOperation::write_back_invalidate:
    case CacheOperation::index_write_back_invalidate: return Operation::Kind::write_back_invalidate;
    default: return Operation::Kind::none;
  }
}

}  // namespace

CoherencyObserver::CoherencyObserver(const SystemConfig& config, Origins& origins, FindingListener& listener)
    : listener_(listener), origins_(origins), devices_(config.devices), core_control_(config.devices.core_control),
      line_mask_(~(config.cores.front().data_cache.line_bytes - 1)),
      core_count_(static_cast<std::uint32_t>(config.cores.size())), sets_(config.cores.front().data_cache.sets()),
      ways_(config.cores.front().data_cache.ways), commits_(config.cores.front().data_cache.line_bytes, listener),
      checker_({rules_of(config), max_agents, true, config.cores.front().instruction_cache.line_bytes}, listener) {
  checker_.set_alone(true);  // core 0 is, until it writes to a device that other agents know
}

Site CoherencyObserver::site_of(const Core& core) const {
  return {core.current_pc(), core.return_address(), origins_.of(static_cast<AgentId>(core.id()))};
}

// ---- Data ---------------------------------------------------------------------------------------

std::uint64_t CoherencyObserver::on_read(const CoreAccess& event) {
  const auto& [core, view, ordering, address, seen] = event;
  const auto agent = static_cast<AgentId>(core.id());
  settle_sweeps(agent);
  if (ordering == Ordering::plain) {
    if (commits_.required())
      commits_.on_access({Operation::Kind::read, agent, view, site_of(core), core.now()}, address);
    const auto bytes = static_cast<std::uint32_t>(seen.size());
    if (checker_.settled_read(agent, view, address, bytes)) return permit_reads(core, view, address);
    revoke_elsewhere(&core, address);
    note_aside(core);
    const Operation access{Operation::Kind::read, agent, view, site_of(core), core.now()};
    checker_.read(agent, view, address, seen, access.site, access.cycle);
    return permit_reads(core, view, address);
  }
  if (view == View::cached && core_count_ > 1) {
    CoherencyFinding finding;
    finding.rule = Rule::lock_in_cache;
    finding.access = {Operation::Kind::read, agent, view, site_of(core), core.now()};
    finding.address = address;
    finding.last = static_cast<std::uint32_t>(seen.size()) - 1;
    listener_.on_finding(finding);
  }
  atomic_found_zero_[agent] = is_zero(seen);
  note_aside(core);
  checker_.acquire(agent, address);
  checker_.atomic_read(agent, view, address, seen, site_of(core), core.now());
  revoke_elsewhere(nullptr, address);
  return 0;
}

std::uint64_t CoherencyObserver::on_write(const CoreAccess& event) {
  const auto& [core, view, ordering, address, value] = event;
  const auto agent = static_cast<AgentId>(core.id());
  settle_sweeps(agent);
  const Operation access{Operation::Kind::write, agent, view, site_of(core), core.now()};
  note_aside(core);
  if (ordering == Ordering::plain) commits_.on_access(access, address);
  if (ordering == Ordering::plain) checker_.write(agent, view, address, value, access.site, access.cycle);
  else checker_.atomic_write(agent, view, address, value, access.site, access.cycle);
  // With others about it counts whether the core itself reads what it writes here: that must be seen.
  revoke_elsewhere(view == View::cached && checker_.alone() ? &core : nullptr, address);
  if (near_code(address)) [[unlikely]]
    distrust_code(address, static_cast<std::uint32_t>(value.size()));
  if (ordering == Ordering::plain) return permit_writes(core, view, address);
  // A word that an atomic sets to zero is a lock that opens.
  const bool opens = is_zero(value);
  if (ordering == Ordering::release || opens) commits_.on_opened(access, address);
  else commits_.on_set(agent, address, atomic_found_zero_[agent]);
  release(agent, address);
  return 0;
}

// ---- Accesses that need not be seen -------------------------------------------------------------

void CoherencyObserver::set_origin(AgentId agent, const void* origin) {
  origins_.set(agent, origin);
  if (agent < core_count_ && cores_[agent]) tag_stores(*cores_[agent]);
}

void CoherencyObserver::tag_stores(Core& core) {
  const auto agent = static_cast<AgentId>(core.id());
  core.tag_stores(checker_.set_origin(agent, origins_.of(agent)));
}

std::uint64_t CoherencyObserver::permit_reads(Core& core, View view, std::uint32_t address) {
  if (!may_skip(view, address)) return 0;
  const auto agent = static_cast<AgentId>(core.id());
  const std::uint64_t settled = checker_.settled_parts(agent, view, address);
  if (!settled) return 0;
  checker_.note_permitted(agent, address);
  permitted_[agent] = &core;  // whoever has a permission must be reachable when it ends
  return settled;
}

std::uint64_t CoherencyObserver::permit_writes(Core& core, View view, std::uint32_t address) {
  const auto agent = static_cast<AgentId>(core.id());
  if (!may_skip(view, address) || may_be_code(address)) return 0;
  if (!checker_.exclusive(agent, address)) return 0;
  checker_.note_permitted(agent, address);
  if (!cores_[agent]) tag_stores(core);
  permitted_[agent] = cores_[agent] = &core;
  return ~0ull;
}

HardwareObserver::Permission CoherencyObserver::on_line_filled(Core& core, std::uint32_t address, StoreLog& log) {
  settle_sweeps(static_cast<AgentId>(core.id()));
  if (!may_skip(View::cached, address)) return {0, 0};
  const auto agent = static_cast<AgentId>(core.id());
  const CoherencyChecker::Filled line = checker_.filled(agent, address, log, !may_be_code(address));
  if (!line.settled && !line.exclusive) return {0, 0};
  permitted_[agent] = &core;
  if (line.exclusive && !cores_[agent]) {
    tag_stores(core);
    cores_[agent] = &core;
  }
  return {line.settled, line.exclusive ? ~0ull : 0};
}

void CoherencyObserver::revoke(std::uint32_t cores, std::uint32_t address) {
  for (std::uint32_t rest = cores; rest; rest &= rest - 1)
    if (Core* const core = permitted_[static_cast<std::size_t>(std::countr_zero(rest))]) core->revoke(address);
}

void CoherencyObserver::revoke_all(std::uint32_t core) {
  if (permitted_[core]) permitted_[core]->revoke_all();
  permitted_[core] = nullptr;
}

void CoherencyObserver::revoke_all() {
  for (std::uint32_t core = 0; core < core_count_; ++core) revoke_all(core);
}

void CoherencyObserver::release(AgentId agent, std::uint64_t object) {
  checker_.release(agent, object);
  if (agent < core_count_ && !checker_.alone()) revoke_all(agent);  // a new epoch: each first read of it counts
}

void CoherencyObserver::forget(std::uint32_t address, std::uint32_t bytes) {
  for (std::uint32_t at = address, left = bytes; left;) {
    const std::uint32_t here = std::min(left, ~line_mask_ + 1 - (at & ~line_mask_));
    if (const std::uint32_t cores = checker_.forget(at, here)) revoke(cores, at);
    at += here;
    left -= here;
  }
}

void CoherencyObserver::set_shared(std::uint32_t address, std::uint32_t bytes, bool shared) {
  for (std::uint32_t line = address & line_mask_; line < address + bytes; line += ~line_mask_ + 1)
    revoke_elsewhere(nullptr, line);
  commits_.set_shared(address, bytes, shared);
}

// ---- Instructions -------------------------------------------------------------------------------

void CoherencyObserver::on_fetch(Core& core, std::uint32_t address, std::span<const std::uint8_t> line,
                                 std::uint32_t begin) {
  note_aside(core);
  for_each_piece(address, line, [&](std::uint32_t here, std::span<const std::uint8_t> piece) {
    if (checker_.may_be_stored_unseen(here)) revoke_elsewhere(nullptr, here);
    const std::uint32_t from = address + begin - here;
    checker_.fetch(static_cast<AgentId>(core.id()), here, piece, from < piece.size() ? from : 0, site_of(core),
                   core.now());
  });
  const std::uint32_t start = address, end = start + static_cast<std::uint32_t>(line.size());
  const std::uint32_t all_end = code_bytes_ ? std::max(code_first_ + code_bytes_, end) : end;
  code_first_ = code_bytes_ ? std::min(code_first_, start) : start;
  code_bytes_ = all_end - code_first_;
  fetchers_[core.id()] = &core;
}

void CoherencyObserver::on_code_entered(Core& core, std::uint32_t address, std::span<const std::uint8_t> held) {
  note_aside(core);
  for_each_piece(address, held, [&](std::uint32_t here, std::span<const std::uint8_t> piece) {
    checker_.enter_code(static_cast<AgentId>(core.id()), here, piece, site_of(core), core.now());
  });
}

void CoherencyObserver::on_code_operation(Core& core, CacheOperation operation, std::uint32_t address) {
  const auto agent = static_cast<AgentId>(core.id());
  const CacheConfig& cache = core.instruction_cache().config();
  if (operation == CacheOperation::invalidate) {
    const std::uint32_t first = address & ~(cache.line_bytes - 1);
    for (std::uint32_t at = 0; at < cache.line_bytes; at += checker_.code_bytes())
      checker_.drop_code(agent, first + at);
  } else if (operation == CacheOperation::index_invalidate) {
    const std::uint32_t set = core.instruction_cache().set_of(address),
                        way = core.instruction_cache().way_of_index(address);
    if (way >= cache.ways || !code_sweeps_[agent].add(set, way, cache.sets(), cache.ways)) return;
    code_sweeps_[agent].forget(set, cache.ways);
    checker_.drop_code_set(agent, set, cache.sets(), cache.line_bytes);
  }
}

void CoherencyObserver::distrust_code(std::uint32_t address, std::uint32_t bytes) {
  const std::uint32_t piece = checker_.code_bytes();
  for (std::uint32_t at = address & ~(piece - 1); at < address + bytes; at += piece)
    for (std::uint32_t holders = checker_.code_holders(at, piece); holders; holders &= holders - 1)
      if (Core* const core = fetchers_[static_cast<std::size_t>(std::countr_zero(holders))]) core->distrust_code(at);
}

// ---- Cache operations ---------------------------------------------------------------------------

void CoherencyObserver::on_cache_operation(Core& core, CacheOperation operation, std::uint32_t address, bool implied) {
  settle_sweeps(static_cast<AgentId>(core.id()));
  const auto agent = static_cast<AgentId>(core.id());
  if (const Operation::Kind kind = kind_of(operation); kind != Operation::Kind::none) {
    commits_.on_maintenance(agent, kind, address);
    checker_.maintain(agent, kind, address, site_of(core), core.now(), implied);
  } else if (operation == CacheOperation::prefetch || operation == CacheOperation::lock) {
    checker_.prefetch(agent, address);
  }
  revoke_elsewhere(&core, address);
}

void CoherencyObserver::on_ignored_operation(Core& core, CacheOperation operation, std::uint32_t address) {
  if (const Operation::Kind kind = kind_of(operation); kind != Operation::Kind::none)
    checker_.maintain_nothing({kind, static_cast<AgentId>(core.id()), View::uncached, site_of(core), core.now()},
                              address);
}

bool CoherencyObserver::Sweep::add(std::uint32_t set, std::uint32_t way, std::uint32_t all_sets, std::uint32_t ways) {
  done.resize(all_sets * ways);
  sets.resize(all_sets);
  const std::size_t first = std::size_t{set} * ways;
  if (done[first + way]) return false;
  done[first + way] = true;
  ++count;
  for (std::uint32_t each = 0; each < ways; ++each)
    if (!done[first + each]) return false;
  sets[set] = true;
  ++whole;
  return true;
}

void CoherencyObserver::Sweep::forget(std::uint32_t set, std::uint32_t ways) {
  sets[set] = false;
  for (std::uint32_t each = 0; each < ways; ++each) done[std::size_t{set} * ways + each] = false;
  count -= ways;
  --whole;
}

void CoherencyObserver::on_index_operation(Core& core, CacheOperation operation, std::uint32_t set, std::uint32_t way) {
  // Which line lies in a way is the hardware's choice. Only when every way of its set was named is it certain that a
  // line was met.
  const Operation::Kind kind = kind_of(operation);
  if (way >= ways_ || kind == Operation::Kind::none) return;
  index_operations_ = true;
  const auto agent = static_cast<AgentId>(core.id());
  Sweep& sweep = sweeps_[agent][static_cast<std::size_t>(kind) - static_cast<std::size_t>(Operation::Kind::write_back)];
  if (!sweep.add(set, way, sets_, ways_)) return;
  sweep.last = {kind, agent, View::cached, site_of(core), core.now()};
  if (sweep.whole < sets_) {
    if (!(sweeping_ >> agent & 1)) revoke_all(agent);  // its next access must be seen
    sweeping_ |= 1u << agent;
    return;
  }
  sweep = {};
  commits_.on_maintenance(agent, kind, std::nullopt);
  checker_.maintain_all(agent, kind, site_of(core), core.now());
  revoke_all();
}

void CoherencyObserver::end_sweeps(AgentId core) {
  sweeping_ &= ~(1u << core);
  for (Sweep& sweep : sweeps_[core]) {
    if (!sweep.whole) continue;
    for (const std::uint32_t line : checker_.maintain_sets(sweep.last, sweep.sets))
      commits_.on_maintenance(core, sweep.last.kind, line);
    for (std::uint32_t set = 0; set < sets_; ++set)
      if (sweep.sets[set]) sweep.forget(set, ways_);
  }
  revoke_all();
}

// ---- Order --------------------------------------------------------------------------------------

std::uint64_t CoherencyObserver::core_object(std::uint32_t core) const {
  return core_control_ + core * CoreControl::core_stride;
}

void CoherencyObserver::on_device_read(Core& core, std::uint32_t address) {
  settle_sweeps(static_cast<AgentId>(core.id()));
  note_aside(core);
  if (const std::uint64_t object = devices_.object_of(address))
    checker_.acquire(static_cast<AgentId>(core.id()), object);
}

void CoherencyObserver::on_device_write(Core& core, std::uint32_t address) {
  settle_sweeps(static_cast<AgentId>(core.id()));
  if (devices_.is_power(address))
    last_power_write_ = {Operation::Kind::power_off, static_cast<AgentId>(core.id()), View::uncached, site_of(core),
                         core.now()};
  const std::uint64_t object = devices_.object_of(address);
  if (!object) return;
  const auto agent = static_cast<AgentId>(core.id());
  note_aside(core);
  checker_.set_alone(false);
  if (devices_.tells(core.id(), address)) on_release(core);
  if (devices_.is_dma(address)) checker_.release_start(agent, object);
  else checker_.release(agent, object);
  if (!checker_.alone()) revoke_all(agent);
}

void CoherencyObserver::on_core_start(Core& core) {
  const auto agent = static_cast<AgentId>(core.id());
  checker_.set_aside(agent, false);
  checker_.drop_all_code(agent);
  checker_.acquire(agent, core_object(core.id()));
  checker_.boot(agent);
}

void CoherencyObserver::on_core_off(Core& core) {
  checker_.core_off(static_cast<AgentId>(core.id()), core.now());
  revoke_all();
}

// ---- Masters without a cache --------------------------------------------------------------------

void CoherencyObserver::on_master_read(const MasterAccess& access, std::uint32_t address,
                                       std::span<const std::uint8_t> seen) {
  for (std::size_t at = 0, count; at < seen.size(); at += count) {
    const std::uint32_t here = address + static_cast<std::uint32_t>(at);
    count = std::min<std::size_t>(seen.size() - at, ~line_mask_ + 1 - (here & ~line_mask_));
    revoke_elsewhere(nullptr, here);
    checker_.read(access.agent, View::direct, here, seen.subspan(at, count), {0, 0, origins_.of(access.agent)},
                  access.cycle);
  }
}

void CoherencyObserver::on_master_write(const MasterAccess& access, std::uint32_t address,
                                        std::span<const std::uint8_t> value) {
  for (std::size_t at = 0, count; at < value.size(); at += count) {
    const std::uint32_t here = address + static_cast<std::uint32_t>(at);
    count = std::min<std::size_t>(value.size() - at, ~line_mask_ + 1 - (here & ~line_mask_));
    revoke_elsewhere(nullptr, here);
    if (near_code(here)) [[unlikely]]
      distrust_code(here, static_cast<std::uint32_t>(count));
    checker_.write(access.agent, View::direct, here, value.subspan(at, count), {0, 0, origins_.of(access.agent)},
                   access.cycle);
  }
}

void CoherencyObserver::on_bank_off(std::uint32_t address, std::uint32_t bytes) {
  checker_.lose_memory(address, bytes, last_power_write_);
  revoke_all();
}

void CoherencyObserver::on_bank_on(std::uint32_t address, std::uint32_t bytes) {
  checker_.memory_on(address, bytes, last_power_write_);
  revoke_all();
}

}  // namespace dspmem
