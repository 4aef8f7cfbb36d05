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
  tags_shift_ = static_cast<std::uint32_t>(std::bit_width(std::max(config_.ways, 4u) - 1));
  whole_line_ = ByteMask::range(0, config_.line_bytes);
  data_offset_ = sizeof(Place) + config_.line_bytes / 4 * sizeof(StoreLog::Record);
  place_stride_ = (data_offset_ + config_.line_bytes + sizeof(HostLine) - 1) / sizeof(HostLine);
  const std::size_t lines = std::size_t{config_.sets()} * config_.ways;
  tags_.assign(std::size_t{config_.sets()} * tags_per_set(), no_key);
  places_.resize(lines * place_stride_);
  for_each_place([](std::uint32_t, std::uint32_t, Place& place) { std::construct_at(&place); });
  if (config_.byte_dirty) dirty_bytes_.resize(lines);
  noted_stores_ = !config_.byte_dirty && config_.write_policy == WritePolicy::write_back;
  vacant_.assign(config_.sets(), static_cast<std::uint8_t>(config_.ways));
  most_recent_.assign(config_.sets(), nullptr);
  fast_.resize(std::size_t{contexts} * config_.sets());
  use_context(0);
}

void L1Cache::use_fast_entries(FastAccess use) {
  fast_access_ = use;
  observed_ = use == FastAccess::permitted;
  std::fill(fast_.begin(), fast_.end(), FastEntry{});
  std::fill(most_recent_.begin(), most_recent_.end(), nullptr);
  for_each_place([](std::uint32_t, std::uint32_t, Place& place) {
    place.hide();
    place.listed = place.given = false;
  });
  permitted_.clear();
}

void L1Cache::permit_reads(std::uint32_t address, std::uint64_t parts) {
  if (!observed_) return;
  const std::uint32_t set = set_of(address);
  Place& place = *most_recent_[set];
  place.hidden[context_].from_reads = ~parts;
  set_keys(entries_[set], place);
  if (parts) note_permitted(place);
}

StoreLog& L1Cache::permit_writes(std::uint32_t address, std::uint64_t parts) {
  const std::uint32_t set = set_of(address);
  Place& place = *most_recent_[set];
  if (noted_stores_) place.hidden[context_].from_writes = ~parts;
  set_keys(entries_[set], place);
  note_permitted(place);
  return place.log;
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
    for (std::uint32_t context = 0; context < contexts_used_; ++context) {
      FastEntry& entry = fast_entries(context)[set];
      entry.read_key = entry.write_key = no_key;
    }
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
    if (place_at(set, way).locked) mask |= 1u << way;
  return mask;
}

/// What is in the line's log goes to whoever owns it, and the line is as dirty as it says.
void L1Cache::take_log(Place& place) {
  StoreLog& log = place.log;
  if (log.owner != StoreLog::nobody) port_.end_log(log);
  place.dirty |= log.any();
  log.end();
}

void L1Cache::end_logs() {
  for_each_place([this](std::uint32_t, std::uint32_t, Place& place) { take_log(place); });
}

/// REQUIRES: its log has been taken.
void L1Cache::clean(std::uint32_t set, std::uint32_t way) {
  Place& place = place_at(set, way);
  if (!place.dirty) return;
  ++statistics_.write_backs;
  place.dirty = false;
  if (!observed_ && most_recent_[set] == &place)
    for (std::uint32_t context = 0; context < contexts_used_; ++context) fast_entries(context)[set].write_key = no_key;
  if (config_.byte_dirty)
    port_.write_back(place.address, bytes(place), std::exchange(dirty_bytes_[number(set, way)], {}));
  else port_.write_back(place.address, bytes(place), whole_line_);
}

/// REQUIRES: permissions have been taken back, and its log.
void L1Cache::drop(std::uint32_t set, std::uint32_t way) {
  Place& place = place_at(set, way);
  if (config_.byte_dirty) dirty_bytes_[number(set, way)] = {};
  if (place.valid) ++vacant_[set];
  place.forget();
  tags_[tag_number(set, way)] = no_key;
  if (most_recent_[set] == &place) forget_most_recent(set);
}

void L1Cache::forget_most_recent(std::uint32_t set) {
  most_recent_[set] = nullptr;
  for (std::uint32_t context = 0; context < contexts_used_; ++context) fast_entries(context)[set].empty();
}

void L1Cache::make_most_recent(std::uint32_t set, std::uint32_t way) {
  Place& place = place_at(set, way);
  const bool changes = most_recent_[set] != &place;
  if (changes) {
    replacement_->touch(set, way);
    most_recent_[set] = &place;
  }
  if (fast_access_ == FastAccess::none) return;
  // Other contexts' entries are about another line.
  static_assert(contexts == 2);
  if (changes && contexts_used_ > 1) fast_entries(1 - context_)[set].empty();
  FastEntry& fast = entries_[set];
  fast.line = tags_[tag_number(set, way)];  // as the place says, too, but that may be far away
  fast.base = reinterpret_cast<std::uintptr_t>(data(place)) - fast.line;
  fast.place = &place;
  set_keys(fast, place);
}

std::uint32_t L1Cache::make_room(std::uint32_t set) {
  if (vacant_[set]) return way_of(set, no_key);
  const std::uint32_t way = replacement_->choose(set, locked_ways(set));
  Place& place = place_at(set, way);
  give_back(place);
  take_log(place);
  clean(set, way);
  drop(set, way);
  return way;
}

std::uint32_t L1Cache::fill(std::uint32_t address, Purpose purpose) {
  const std::uint32_t set = set_of(address), line = line_address(address), way = make_room(set);
  Place& place = place_at(set, way);
  port_.fill(line, bytes(place), purpose == Purpose::prefetch);
  place.address = line;
  place.valid = true;
  --vacant_[set];
  tags_[tag_number(set, way)] = line;
  if (observed_ && purpose == Purpose::access) ask_permission(place);
  return way;
}

void L1Cache::ask_permission(Place& place) {
  const LinePort::Permission permission = port_.filled(place.address, place.log);
  if (!(permission.reads | permission.writes)) return;
  place.hidden[context_] = {~permission.reads, noted_stores_ ? ~permission.writes : ~0ull};
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
  const std::uint32_t set = set_of(wanted);
  replacement_->touch(set, fill(wanted, Purpose::prefetch));
  forget_most_recent(set);
}

const std::uint8_t* L1Cache::line_for_read(std::uint32_t address) {
  const std::uint32_t set = set_of(address), way = way_of(set, line_address(address));
  if (way != no_way) make_most_recent(set, way);
  else fetch(address);
  return data(*most_recent_[set]);
}

void L1Cache::store(std::uint32_t address, std::span<const std::uint8_t> stored) {
  const std::uint32_t set = set_of(address), offset = address & (config_.line_bytes - 1);
  std::uint32_t way = way_of(set, line_address(address));
  const bool missed = way == no_way;
  if (missed) ++statistics_.misses;
  if (config_.write_policy == WritePolicy::write_through) {
    if (!missed) {
      std::memcpy(data(place_at(set, way)) + offset, stored.data(), stored.size());
      make_most_recent(set, way);
    }
    port_.write_through(address, stored);
    return;
  }
  if (missed) way = fill(address, Purpose::told);
  Place& place = place_at(set, way);
  place.dirty = true;
  if (config_.byte_dirty)
    dirty_bytes_[number(set, way)] |= ByteMask::range(offset, static_cast<unsigned>(stored.size()));
  std::memcpy(data(place) + offset, stored.data(), stored.size());
  make_most_recent(set, way);
  if (missed) run_prefetcher(line_address(address));
}

const std::uint8_t* L1Cache::peek(std::uint32_t address) const {
  const Place* const place = find(address);
  return place ? data(*place) + (address & (config_.line_bytes - 1)) : nullptr;
}

bool L1Cache::dirty(std::uint32_t address) const {
  const Place* const place = find(address);
  return place && place->is_dirty();
}

void L1Cache::apply(std::uint32_t set, std::uint32_t way, IndexOperation operation) {
  Place& place = place_at(set, way);
  give_back(place);
  take_log(place);
  if (operation != IndexOperation::invalidate) clean(set, way);
  if (operation != IndexOperation::write_back && !place.locked) drop(set, way);
}

void L1Cache::apply(std::uint32_t address, IndexOperation operation) {
  const std::uint32_t set = set_of(address), way = way_of(set, line_address(address));
  if (way != no_way) apply(set, way, operation);
}

void L1Cache::write_back(std::uint32_t address) { apply(address, IndexOperation::write_back); }
void L1Cache::invalidate(std::uint32_t address) { apply(address, IndexOperation::invalidate); }
void L1Cache::write_back_invalidate(std::uint32_t address) { apply(address, IndexOperation::write_back_invalidate); }

std::uint32_t L1Cache::way_of_index(std::uint32_t address) const {
  return (address >> line_shift_) / config_.sets() % std::bit_ceil(config_.ways);
}

void L1Cache::by_index(std::uint32_t address, IndexOperation operation) {
  const std::uint32_t way = way_of_index(address), set = set_of(address);
  if (way < config_.ways && place_at(set, way).valid) apply(set, way, operation);
}

bool L1Cache::lock(std::uint32_t address) {
  const std::uint32_t set = set_of(address);
  std::uint32_t way = way_of(set, line_address(address));
  if (way != no_way && place_at(set, way).locked) return true;
  if (static_cast<std::uint32_t>(std::popcount(locked_ways(set))) + 1 >= config_.ways) return false;
  if (way == no_way) way = fill(address, Purpose::told);
  place_at(set, way).locked = any_locked_ = true;
  make_most_recent(set, way);
  return true;
}

void L1Cache::unlock(std::uint32_t address) {
  if (Place* const place = find(address)) place->locked = false;
}

void L1Cache::write_back_invalidate_all() {
  for_each_place([this](std::uint32_t set, std::uint32_t way, const Place& place) {
    if (place.valid) apply(set, way, IndexOperation::write_back_invalidate);
  });
}

void L1Cache::reset() {
  for_each_place([this](std::uint32_t set, std::uint32_t way, Place& place) {
    give_back(place);
    take_log(place);
    drop(set, way);
  });
  for (std::uint32_t set = 0; set < config_.sets(); ++set) forget_most_recent(set);
}

std::uint32_t L1Cache::dirty_lines() const {
  std::uint32_t count = 0;
  for (std::uint32_t set = 0; set <= set_mask_; ++set)
    for (std::uint32_t way = 0; way < config_.ways; ++way) count += place_at(set, way).is_dirty();
  return count;
}

}  // namespace dspmem
