// SPDX-License-Identifier: Apache-2.0
#include "models/cache/l1_cache.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace dspmem {

void validate(const CacheConfig& config) {
  if (config.line_bytes < 32 || config.line_bytes > 256 || !std::has_single_bit(config.line_bytes))
    throw std::invalid_argument("line_bytes must be 32, 64, 128 or 256");
  if (config.ways < 1 || config.ways > 16) throw std::invalid_argument("ways must be between 1 and 16");
  const std::uint32_t way_bytes = config.size_bytes / config.ways;
  if (way_bytes * config.ways != config.size_bytes || way_bytes < config.line_bytes || !std::has_single_bit(way_bytes))
    throw std::invalid_argument("size_bytes must be ways x line x a power of two");
}

L1Cache::L1Cache(const CacheConfig& config, LinePort& port) : config_(config), port_(port) {
  validate(config_);
  replacement_ = make_replacement_policy(config_);
  line_shift_ = static_cast<std::uint32_t>(std::countr_zero(config_.line_bytes));
  set_mask_ = config_.sets() - 1;
  whole_line_ = ByteMask::range(0, config_.line_bytes);
  lines_.resize(config_.sets() * config_.ways);
  tags_.assign(lines_.size(), no_line);
  data_.resize(config_.size_bytes);
  set_bits_ = static_cast<std::uint32_t>(std::countr_zero(config_.sets()));
  most_recent_.assign(config_.sets(), no_way);
  fast_.resize(std::size_t{contexts} * config_.sets());
}

void L1Cache::use_fast_entries(FastAccess use) {
  fast_access_ = use;
  std::fill(fast_.begin(), fast_.end(), FastEntry{});
  std::fill(most_recent_.begin(), most_recent_.end(), no_way);
  permits_.assign(use == FastAccess::permitted ? lines_.size() * contexts : 0, Permits{});
  permitted_.clear();
}

void L1Cache::permit_reads(std::uint32_t address, std::uint64_t parts) {
  const std::uint32_t set = set_of(address), way = most_recent_[set];
  if (permits_.empty()) return;
  FastEntry& entry = fast_entries(context_)[set];
  permits(set, way, context_).hidden_from_reads = ~parts;
  entry.hide(~parts, entry.hidden_from_writes);
  if (parts) note_permitted(set, way);
}

LoggedLine L1Cache::permit_writes(std::uint32_t address, std::uint64_t parts) {
  const std::uint32_t set = set_of(address), way = most_recent_[set];
  FastEntry& entry = fast_entries(context_)[set];
  Permits& given = permits(set, way, context_);
  given.hidden_from_writes = ~parts;
  given.log = entry.log = log_of(set, way);
  entry.hide(entry.hidden_from_reads, ~parts);
  note_permitted(set, way);
  return {entry.log, bytes(set, way).data()};
}

void L1Cache::note_permitted(std::uint32_t set, std::uint32_t way) {
  Permits& first = permits(set, way, 0);
  first.given = true;
  if (!std::exchange(first.listed, true)) permitted_.push_back(set * config_.ways + way);
}

void L1Cache::take_back(std::uint32_t set, std::uint32_t way) {
  permits(set, way, 0).given = false;
  for (std::uint32_t context = 0; context < contexts_used_; ++context) {
    Permits& given = permits(set, way, context);
    given.hidden_from_reads = given.hidden_from_writes = ~0ull;
    given.log = nullptr;
    if (most_recent_[set] == way) fast_entries(context)[set].hide(~0ull, ~0ull);
  }
}

void L1Cache::revoke_all() {
  if (permits_.empty()) return;
  for (const std::uint32_t place : permitted_) {
    give_back(place / config_.ways, place % config_.ways);
    permits(place / config_.ways, place % config_.ways, 0).listed = false;
  }
  permitted_.clear();
}

StoreLog* L1Cache::log_of(std::uint32_t set, std::uint32_t way) {
  const std::size_t bytes = offsetof(StoreLog, words) + config_.line_bytes / 4 * sizeof(StoreLog::Record);
  if (logs_.empty()) logs_.resize(bytes / 8 * lines_.size());
  return reinterpret_cast<StoreLog*>(&logs_[bytes / 8 * (set * config_.ways + way)]);
}

std::span<std::uint8_t> L1Cache::bytes(std::uint32_t set, std::uint32_t way) {
  return {&data_[(set * config_.ways + way) << line_shift_], config_.line_bytes};
}

std::uint32_t L1Cache::locked_ways(std::uint32_t set) const {
  std::uint32_t mask = 0;
  for (std::uint32_t way = 0; way < config_.ways; ++way)
    if (lines_[set * config_.ways + way].locked) mask |= 1u << way;
  return mask;
}

void L1Cache::clean(std::uint32_t set, std::uint32_t way) {
  Line& victim = line(set, way);
  if (!victim.valid || !victim.dirty) return;
  ++statistics_.write_backs;
  victim.dirty = false;
  if (most_recent_[set] == way)
    for (std::uint32_t context = 0; context < contexts_used_; ++context) fast_entries(context)[set].set_dirty(false);
  port_.write_back(victim.address, bytes(set, way), config_.byte_dirty ? std::exchange(victim.dirty_bytes, {}) : whole_line_);
}

void L1Cache::drop(std::uint32_t set, std::uint32_t way) {
  if (!logs_.empty()) {
    StoreLog* log = log_of(set, way);
    if (log->owner) port_.leaving(*log);
    log->owner = nullptr;
    log->written = 0;
  }
  if (!permits_.empty()) give_back(set, way);
  line(set, way).forget();
  tags_[set * config_.ways + way] = no_line;
  if (most_recent_[set] == way) forget_most_recent(set);
}

void L1Cache::forget_most_recent(std::uint32_t set) {
  most_recent_[set] = no_way;
  for (std::uint32_t context = 0; context < contexts_used_; ++context) fast_entries(context)[set].empty();
}

void L1Cache::make_most_recent(std::uint32_t set, std::uint32_t way) {
  const bool changes = most_recent_[set] != way;
  if (changes) {
    replacement_->touch(set, way);
    most_recent_[set] = way;
  }
  if (fast_access_ == FastAccess::none) return;
  const Line& recent = line(set, way);
  FastEntry& fast = fast_entries(context_)[set];
  const bool dirty = recent.dirty && !config_.byte_dirty;
  if (!changes && fast.read_line != no_key) {
    fast.set_dirty(dirty);
    return;
  }
  // Other contexts' entries are about another line.
  if (changes)
    for (std::uint32_t context = 0; context < contexts_used_; ++context)
      if (context != context_) fast_entries(context)[set].empty();
  fast.base = reinterpret_cast<std::uintptr_t>(bytes(set, way).data()) - recent.address;
  fast.read_line = recent.address;
  fast.write_line = dirty ? recent.address : no_key;
  if (permits_.empty()) {
    fast.hide(0, 0);
  } else {
    const Permits& given = permits(set, way, context_);
    fast.log = given.log;
    fast.hide(given.hidden_from_reads, given.hidden_from_writes);
  }
}

std::uint32_t L1Cache::make_room(std::uint32_t set) {
  for (std::uint32_t way = 0; way < config_.ways; ++way)
    if (!line(set, way).valid) return way;
  const std::uint32_t way = replacement_->victim(set, locked_ways(set));
  clean(set, way);
  drop(set, way);
  return way;
}

std::uint32_t L1Cache::fill(std::uint32_t address, Purpose purpose) {
  const std::uint32_t set = set_of(address);
  const std::uint32_t way = make_room(set);
  port_.fill(line_address(address), bytes(set, way), purpose == Purpose::prefetch);
  Line& filled = line(set, way);
  filled.forget();
  filled.address = line_address(address);
  filled.valid = true;
  tags_[set * config_.ways + way] = filled.address;
  if (purpose == Purpose::access && !permits_.empty()) ask_permission(set, way);
  return way;
}

void L1Cache::ask_permission(std::uint32_t set, std::uint32_t way) {
  StoreLog* const log = log_of(set, way);
  const LinePort::Permission permission = port_.filled(line(set, way).address, {log, bytes(set, way).data()});
  if (!(permission.reads | permission.writes)) return;
  Permits& given = permits(set, way, context_);
  given.hidden_from_reads = ~permission.reads;
  note_permitted(set, way);
  if (!permission.writes) return;
  given.hidden_from_writes = ~permission.writes;
  given.log = log;
}

void L1Cache::run_prefetcher(std::uint32_t missed_line) {
  for (std::uint32_t ahead = 1; ahead <= config_.prefetch_lines; ++ahead) {
    const std::uint32_t next = missed_line + ahead * config_.line_bytes;
    // The line just missed must survive its own prefetches, whatever the replacement policy would choose.
    if (set_of(next) != set_of(missed_line)) prefetch(next);
  }
}

void L1Cache::prefetch(std::uint32_t address) {
  const std::uint32_t wanted = line_address(address);
  if (find(wanted) >= 0 || !port_.may_prefetch(wanted)) return;
  ++statistics_.prefetches;
  const std::uint32_t way = fill(wanted, Purpose::prefetch);
  const std::uint32_t set = set_of(wanted);
  replacement_->touch(set, way);
  forget_most_recent(set);
}

const std::uint8_t* L1Cache::line_for_read(std::uint32_t address) {
  const std::uint32_t set = set_of(address);
  int way = find(address);
  const bool missed = way < 0;
  if (missed) {
    ++statistics_.misses;
    way = static_cast<int>(fill(address, Purpose::access));
  }
  make_most_recent(set, static_cast<std::uint32_t>(way));
  if (missed) run_prefetcher(line_address(address));
  return bytes(set, static_cast<std::uint32_t>(way)).data();
}

void L1Cache::store(std::uint32_t address, std::span<const std::uint8_t> stored) {
  const std::uint32_t set = set_of(address);
  int way = find(address);
  const bool missed = way < 0;
  if (missed) ++statistics_.misses;
  if (config_.write_policy == WritePolicy::write_through) {
    if (!missed) {
      std::memcpy(bytes(set, static_cast<std::uint32_t>(way)).data() + (address & (config_.line_bytes - 1)), stored.data(),
                  stored.size());
      make_most_recent(set, static_cast<std::uint32_t>(way));
    }
    port_.write_through(address, stored);
    return;
  }
  if (missed) way = static_cast<int>(fill(address, Purpose::told));
  const auto found = static_cast<std::uint32_t>(way);
  const std::uint32_t offset = address & (config_.line_bytes - 1);
  Line& target = line(set, found);
  target.dirty = true;
  if (config_.byte_dirty)
    target.dirty_bytes |= ByteMask::range(offset, static_cast<unsigned>(stored.size()));
  std::memcpy(bytes(set, found).data() + offset, stored.data(), stored.size());
  make_most_recent(set, found);
  if (missed) run_prefetcher(line_address(address));
}

const std::uint8_t* L1Cache::peek(std::uint32_t address) const {
  const int way = find(address);
  if (way < 0) return nullptr;
  return &data_[((set_of(address) * config_.ways + static_cast<std::uint32_t>(way)) << line_shift_) +
                (address & (config_.line_bytes - 1))];
}

bool L1Cache::dirty(std::uint32_t address) const {
  const int way = find(address);
  return way >= 0 && lines_[set_of(address) * config_.ways + static_cast<std::uint32_t>(way)].dirty;
}

void L1Cache::apply(std::uint32_t set, std::uint32_t way, IndexOperation operation) {
  if (!permits_.empty()) give_back(set, way);
  if (operation != IndexOperation::invalidate) clean(set, way);
  if (operation != IndexOperation::write_back && !line(set, way).locked) drop(set, way);
}

void L1Cache::write_back(std::uint32_t address) {
  if (const int way = find(address); way >= 0) apply(set_of(address), static_cast<std::uint32_t>(way), IndexOperation::write_back);
}

void L1Cache::invalidate(std::uint32_t address) {
  if (const int way = find(address); way >= 0) apply(set_of(address), static_cast<std::uint32_t>(way), IndexOperation::invalidate);
}

void L1Cache::write_back_invalidate(std::uint32_t address) {
  if (const int way = find(address); way >= 0)
    apply(set_of(address), static_cast<std::uint32_t>(way), IndexOperation::write_back_invalidate);
}

std::uint32_t L1Cache::way_of_index(std::uint32_t address) const { return (address >> line_shift_) / config_.sets() % std::bit_ceil(config_.ways); }

void L1Cache::by_index(std::uint32_t address, IndexOperation operation) {
  const std::uint32_t way = way_of_index(address);
  if (way < config_.ways && line(set_of(address), way).valid) apply(set_of(address), way, operation);
}

bool L1Cache::lock(std::uint32_t address) {
  const std::uint32_t set = set_of(address);
  if (int way = find(address); way < 0 || !line(set, static_cast<std::uint32_t>(way)).locked) {
    if (static_cast<std::uint32_t>(std::popcount(locked_ways(set))) + 1 >= config_.ways) return false;
    if (way < 0) way = static_cast<int>(fill(address, Purpose::told));
    line(set, static_cast<std::uint32_t>(way)).locked = true;
    make_most_recent(set, static_cast<std::uint32_t>(way));
  }
  return true;
}

void L1Cache::unlock(std::uint32_t address) {
  if (const int way = find(address); way >= 0) line(set_of(address), static_cast<std::uint32_t>(way)).locked = false;
}

void L1Cache::write_back_invalidate_all() {
  for (std::uint32_t set = 0; set < config_.sets(); ++set)
    for (std::uint32_t way = 0; way < config_.ways; ++way)
      if (line(set, way).valid) apply(set, way, IndexOperation::write_back_invalidate);
}

void L1Cache::reset() {
  for (std::uint32_t set = 0; set < config_.sets(); ++set)
    for (std::uint32_t way = 0; way < config_.ways; ++way) drop(set, way);
  for (std::uint32_t set = 0; set < config_.sets(); ++set) forget_most_recent(set);
}

std::uint32_t L1Cache::dirty_lines() const {
  std::uint32_t count = 0;
  for (const Line& each : lines_) count += each.dirty;
  return count;
}

}  // namespace dspmem
