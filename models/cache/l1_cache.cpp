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
  places_.resize(std::size_t{config_.sets()} * config_.ways);
  tags_.assign(places_.size(), no_line);
  data_.resize(config_.size_bytes);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    places_[i].way = static_cast<std::uint8_t>(i % config_.ways);
    places_[i].bytes = &data_[i << line_shift_];
  }
  if (config_.byte_dirty) dirty_bytes_.resize(places_.size());
  noted_stores_ = !config_.byte_dirty && config_.write_policy == WritePolicy::write_back;
  most_recent_.assign(config_.sets(), nullptr);
  fast_.resize(std::size_t{contexts} * config_.sets());
  use_context(0);
}

void L1Cache::use_fast_entries(FastAccess use) {
  fast_access_ = use;
  observed_ = use == FastAccess::permitted;
  if (observed_) make_logs();
  std::fill(fast_.begin(), fast_.end(), FastEntry{});
  std::fill(most_recent_.begin(), most_recent_.end(), nullptr);
  for (Place& place : places_) {
    place.hide();
    place.listed = place.given = false;
  }
  permitted_.clear();
}

void L1Cache::make_logs() {
  if (!logs_.empty()) return;
  const std::size_t words = (offsetof(StoreLog, words) + config_.line_bytes / 4 * sizeof(StoreLog::Record)) / 8;
  logs_.resize(words * places_.size());
  for (std::size_t i = 0; i < places_.size(); ++i) places_[i].log = reinterpret_cast<StoreLog*>(&logs_[words * i]);  // all zero, as it begins
}

void L1Cache::permit_reads(std::uint32_t address, std::uint64_t parts) {
  if (!observed_) return;
  const std::uint32_t set = set_of(address);
  Place& place = *most_recent_[set];
  FastEntry& entry = entries_[set];
  place.hidden[context_].from_reads = ~parts;
  entry.hide(~parts, entry.hidden_from_writes);
  if (parts) note_permitted(place);
}

LoggedLine L1Cache::permit_writes(std::uint32_t address, std::uint64_t parts) {
  const std::uint32_t set = set_of(address);
  Place& place = *most_recent_[set];
  FastEntry& entry = entries_[set];
  place.hidden[context_].from_writes = ~parts;
  entry.hide(entry.hidden_from_reads, ~parts);
  note_permitted(place);
  return {place.log, place.bytes};
}

void L1Cache::note_permitted(Place& place) {
  place.given = true;
  if (!std::exchange(place.listed, true)) permitted_.push_back(&place);
}

void L1Cache::take_back(Place& place) {
  place.given = false;
  place.hide();
  const std::uint32_t set = set_of(place.address);
  if (most_recent_[set] == &place)
    for (std::uint32_t context = 0; context < contexts_used_; ++context) fast_entries(context)[set].hide(~0ull, ~0ull);
}

void L1Cache::revoke_all() {
  for (Place* const place : permitted_) {
    give_back(*place);
    place->listed = false;
  }
  permitted_.clear();
}

std::uint32_t L1Cache::locked_ways(std::uint32_t set) const {
  if (!any_locked_) return 0;
  std::uint32_t mask = 0;
  for (std::uint32_t way = 0; way < config_.ways; ++way)
    if (places_[std::size_t{set} * config_.ways + way].locked) mask |= 1u << way;
  return mask;
}

/// What is in the line's log goes to whoever owns it, and the line is as dirty as it says.
void L1Cache::take_log(Place& place) {
  StoreLog* const log = place.log;
  if (!log) return;
  if (log->owner) port_.end_log(*log);
  place.dirty |= log->any();
  log->owner = nullptr;
  log->written = log->taken = 0;
}

void L1Cache::end_logs() {
  for (Place& place : places_) take_log(place);
}

/// REQUIRES: its log has been taken.
void L1Cache::clean(std::uint32_t set, Place& place) {
  if (!place.dirty) return;
  ++statistics_.write_backs;
  place.dirty = false;
  if (!observed_ && most_recent_[set] == &place)
    for (std::uint32_t context = 0; context < contexts_used_; ++context) fast_entries(context)[set].let_write(false);
  if (config_.byte_dirty) port_.write_back(place.address, bytes(place), std::exchange(dirty_bytes_[number(place)], {}));
  else port_.write_back(place.address, bytes(place), whole_line_);
}

/// REQUIRES: permissions have been taken back, and its log.
void L1Cache::drop(std::uint32_t set, Place& place) {
  if (config_.byte_dirty) dirty_bytes_[number(place)] = {};
  place.forget();
  tags_[number(place)] = no_line;
  if (most_recent_[set] == &place) forget_most_recent(set);
}

void L1Cache::forget_most_recent(std::uint32_t set) {
  most_recent_[set] = nullptr;
  for (std::uint32_t context = 0; context < contexts_used_; ++context) fast_entries(context)[set].empty();
}

void L1Cache::make_most_recent(std::uint32_t set, Place& place) {
  const bool changes = most_recent_[set] != &place;
  if (changes) {
    replacement_->touch(set, place.way);
    most_recent_[set] = &place;
  }
  if (fast_access_ == FastAccess::none) return;
  FastEntry& fast = entries_[set];
  // Where somebody watches, stores that are let pass are noted, and say that the line is dirty.
  const bool may_write = noted_stores_ && (observed_ || place.is_dirty());
  if (!changes && fast.read_line != no_key) {
    fast.let_write(may_write);
    return;
  }
  // Other contexts' entries are about another line.
  static_assert(contexts == 2);
  if (changes && contexts_used_ > 1) fast_entries(1 - context_)[set].empty();
  fast.base = reinterpret_cast<std::uintptr_t>(place.bytes) - place.address;
  fast.read_line = place.address;
  fast.write_line = may_write ? place.address : no_key;
  fast.log = observed_ ? place.log : nullptr;
  if (observed_) fast.hide(place.hidden[context_].from_reads, place.hidden[context_].from_writes);
  else fast.hide(0, 0);
}

L1Cache::Place& L1Cache::make_room(std::uint32_t set) {
  const std::size_t first = std::size_t{set} * config_.ways;
  for (std::uint32_t way = 0; way < config_.ways; ++way)
    if (tags_[first + way] == no_line) return places_[first + way];
  Place& place = places_[first + replacement_->choose(set, locked_ways(set))];
  give_back(place);
  take_log(place);
  clean(set, place);
  drop(set, place);
  return place;
}

L1Cache::Place& L1Cache::fill(std::uint32_t address, Purpose purpose) {
  Place& place = make_room(set_of(address));
  const std::uint32_t line = line_address(address);
  port_.fill(line, bytes(place), purpose == Purpose::prefetch);
  place.address = line;
  place.valid = true;
  tags_[number(place)] = line;
  if (observed_ && purpose == Purpose::access) ask_permission(place);
  return place;
}

void L1Cache::ask_permission(Place& place) {
  const LinePort::Permission permission = port_.filled(place.address, {place.log, place.bytes});
  if (!(permission.reads | permission.writes)) return;
  place.hidden[context_] = {~permission.reads, ~permission.writes};
  note_permitted(place);
}

void L1Cache::fetch(std::uint32_t address) {
  ++statistics_.misses;
  make_most_recent(set_of(address), fill(address, Purpose::access));
  if (config_.prefetch_lines) run_prefetcher(line_address(address));
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
  if (find(wanted) || !port_.may_prefetch(wanted)) return;
  ++statistics_.prefetches;
  const Place& place = fill(wanted, Purpose::prefetch);
  const std::uint32_t set = set_of(wanted);
  replacement_->touch(set, place.way);
  forget_most_recent(set);
}

const std::uint8_t* L1Cache::line_for_read(std::uint32_t address) {
  const std::uint32_t set = set_of(address);
  if (Place* const place = find(address)) {
    make_most_recent(set, *place);
    return place->bytes;
  }
  fetch(address);
  return most_recent_[set]->bytes;
}

void L1Cache::store(std::uint32_t address, std::span<const std::uint8_t> stored) {
  const std::uint32_t set = set_of(address), offset = address & (config_.line_bytes - 1);
  Place* place = find(address);
  const bool missed = !place;
  if (missed) ++statistics_.misses;
  if (config_.write_policy == WritePolicy::write_through) {
    if (place) {
      std::memcpy(place->bytes + offset, stored.data(), stored.size());
      make_most_recent(set, *place);
    }
    port_.write_through(address, stored);
    return;
  }
  if (missed) place = &fill(address, Purpose::told);
  place->dirty = true;
  if (config_.byte_dirty) dirty_bytes_[number(*place)] |= ByteMask::range(offset, static_cast<unsigned>(stored.size()));
  std::memcpy(place->bytes + offset, stored.data(), stored.size());
  make_most_recent(set, *place);
  if (missed) run_prefetcher(line_address(address));
}

const std::uint8_t* L1Cache::peek(std::uint32_t address) const {
  const Place* const place = find(address);
  return place ? place->bytes + (address & (config_.line_bytes - 1)) : nullptr;
}

bool L1Cache::dirty(std::uint32_t address) const {
  const Place* const place = find(address);
  return place && place->is_dirty();
}

void L1Cache::apply(std::uint32_t set, Place& place, IndexOperation operation) {
  give_back(place);
  take_log(place);
  if (operation != IndexOperation::invalidate) clean(set, place);
  if (operation != IndexOperation::write_back && !place.locked) drop(set, place);
}

void L1Cache::write_back(std::uint32_t address) {
  if (Place* const place = find(address)) apply(set_of(address), *place, IndexOperation::write_back);
}

void L1Cache::invalidate(std::uint32_t address) {
  if (Place* const place = find(address)) apply(set_of(address), *place, IndexOperation::invalidate);
}

void L1Cache::write_back_invalidate(std::uint32_t address) {
  if (Place* const place = find(address)) apply(set_of(address), *place, IndexOperation::write_back_invalidate);
}

std::uint32_t L1Cache::way_of_index(std::uint32_t address) const { return (address >> line_shift_) / config_.sets() % std::bit_ceil(config_.ways); }

void L1Cache::by_index(std::uint32_t address, IndexOperation operation) {
  const std::uint32_t way = way_of_index(address), set = set_of(address);
  if (way >= config_.ways) return;
  if (Place& place = places_[std::size_t{set} * config_.ways + way]; place.valid) apply(set, place, operation);
}

bool L1Cache::lock(std::uint32_t address) {
  const std::uint32_t set = set_of(address);
  if (Place* place = find(address); !place || !place->locked) {
    if (static_cast<std::uint32_t>(std::popcount(locked_ways(set))) + 1 >= config_.ways) return false;
    if (!place) place = &fill(address, Purpose::told);
    place->locked = any_locked_ = true;
    make_most_recent(set, *place);
  }
  return true;
}

void L1Cache::unlock(std::uint32_t address) {
  if (Place* const place = find(address)) place->locked = false;
}

void L1Cache::write_back_invalidate_all() {
  for (Place& place : places_)
    if (place.valid) apply(set_of(place.address), place, IndexOperation::write_back_invalidate);
}

void L1Cache::reset() {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    give_back(places_[i]);
    take_log(places_[i]);
    drop(static_cast<std::uint32_t>(i) / config_.ways, places_[i]);
  }
  for (std::uint32_t set = 0; set < config_.sets(); ++set) forget_most_recent(set);
}

std::uint32_t L1Cache::dirty_lines() const {
  return static_cast<std::uint32_t>(std::count_if(places_.begin(), places_.end(), [](const Place& place) { return place.is_dirty(); }));
}

}  // namespace dspmem
