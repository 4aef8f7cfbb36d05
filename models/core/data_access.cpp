// SPDX-License-Identifier: Apache-2.0
// A core's way to memory: loads, stores and cache operations beyond what the hit paths do by themselves.
#include "models/core/core.h"

#include <cstring>

namespace dspmem {
namespace {

std::string hex(std::uint32_t value) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += digits[value >> shift & 0xf];
  return text;
}

/// 1, 2 or 4 bytes: sizes that the compiler knows need no call.
void copy_word(void* to, const void* from, unsigned bytes) {
  if (bytes == 4) [[likely]]
    std::memcpy(to, from, 4);
  else if (bytes == 2) std::memcpy(to, from, 2);
  else std::memcpy(to, from, 1);
}

}  // namespace

// ---- Below the caches ---------------------------------------------------------------------------

void Core::Port::fill(std::uint32_t line_address, std::span<std::uint8_t> line, bool prefetch) {
  const std::uint32_t wait = core_.environment_.read(line_address, line);
  if (!prefetch) core_.cycles_ += wait;  // a prefetch occupies the bus, but nobody waits for it
}

void Core::Port::write_back(std::uint32_t line_address, std::span<const std::uint8_t> line, const ByteMask& bytes) {
  // Only a cache with dirty state by byte writes less than the line.
  core_.cycles_ += core_.config_.data_cache.byte_dirty ? core_.environment_.write_line(line_address, line, bytes)
                                                       : core_.environment_.write(line_address, line);
}

void Core::Port::write_through(std::uint32_t address, std::span<const std::uint8_t> bytes) {
  core_.cycles_ += core_.environment_.write(address, bytes);
}

LinePort::Permission Core::DataPort::filled(std::uint32_t line_address, StoreLog& log) {
  if (!core_.observer_) return {0, 0};
  const CachedRange& range = *core_.cached_range(line_address);
  const HardwareObserver::Permission permission =
      core_.observer_->on_line_filled(core_, line_address - range.base + range.physical, log);
  return {permission.reads, permission.writes};
}

void Core::DataPort::end_log(StoreLog& log) {
  if (core_.observer_) core_.observer_->on_log_ends(log);
}

bool Core::Port::may_prefetch(std::uint32_t line_address) const {
  const Region* region = core_.map_.find(line_address);
  return region && region->kind == RegionKind::cached;
}

// ---- Loads and stores ---------------------------------------------------------------------------

void Core::check_privilege(std::uint32_t address, std::uint32_t physical, const char* what) {
  for (const PhysicalRange& range : config_.kernel_only)
    if (range.contains(physical)) fault(FaultCause::access_violation, std::string(what) + " " + hex(address), address);
}

const Region& Core::region_for(std::uint32_t address, unsigned bytes, const char* what) {
  if (address & (bytes - 1))
    fault(FaultCause::unaligned_access,
          std::string(what) + " " + hex(address) + ", " + std::to_string(bytes) + " bytes", address);
  const Region* region = map_.find(address);
  if (!region) fault(FaultCause::unmapped_access, std::string(what) + " " + hex(address), address);
  return *region;
}

bool Core::needs_bus(const Region& region, std::uint32_t address) const {
  return region.kind != RegionKind::cached || !data_cache_.peek(address);
}

std::uint32_t Core::load_slow(std::uint32_t address, unsigned bytes, Ordering ordering) {
  std::uint32_t quick = 0;
  if (ordering == Ordering::plain && load_unseen(address, bytes, quick)) return quick;
  const Region& region = region_for(address, bytes, "load from");
  std::uint32_t value = 0;
  if (checked_) check_privilege(address, region.to_physical(address), "load from");
  if (!environment_.alone() && needs_bus(region, address)) environment_.synchronise();
  if (region.kind == RegionKind::cached) {
    const std::uint8_t* line = data_cache_.line_for_read(address);
    const std::uint8_t* held = line + (address & (data_cache_.config().line_bytes - 1));
    std::memcpy(&value, held, bytes);
    const std::uint32_t offset = address & (data_cache_.config().line_bytes - 1);
    if (observer_ && (ordering != Ordering::plain || checked_ ||
                      L1Cache::Place::hides(data_cache_.hidden(fast_[data_cache_.set_of(address)]).from_reads, offset,
                                            bytes, data_cache_.part_shift())))
      data_cache_.permit_reads(
          address, observer_->on_read({*this, View::cached, ordering, region.to_physical(address), {held, bytes}}));
    return value;
  }
  std::array<std::uint8_t, 4> buffer{};
  cycles_ += environment_.read(address, std::span(buffer.data(), bytes));
  ++uncached_reads_;
  if (observer_) {
    if (region.kind == RegionKind::device) observer_->on_device_read(*this, region.to_physical(address));
    else
      observer_->on_read(
          {*this, View::uncached, ordering, region.to_physical(address), std::span(buffer.data(), bytes)});
  }
  std::memcpy(&value, buffer.data(), bytes);
  return value;
}

void Core::store_slow(std::uint32_t address, std::uint32_t value, unsigned bytes, Ordering ordering) {
  std::array<std::uint8_t, 4> buffer;
  std::memcpy(buffer.data(), &value, 4);
  const std::span<const std::uint8_t> stored(buffer.data(), bytes);
  if (ordering == Ordering::plain && store_unseen(address, stored)) return;
  const Region& region = region_for(address, bytes, "store to");
  if (checked_) check_privilege(address, region.to_physical(address), "store to");
  if (!environment_.alone() &&
      (needs_bus(region, address) || config_.data_cache.write_policy == WritePolicy::write_through))
    environment_.synchronise();
  if (region.kind == RegionKind::cached) {
    const std::uint64_t permitted =
        observer_ ? observer_->on_write({*this, View::cached, ordering, region.to_physical(address), stored}) : 0;
    data_cache_.store(address, stored);
    // A write-through cache need not hold what was stored: there is no place to note further stores in.
    if (permitted && !checked_ && config_.data_cache.write_policy == WritePolicy::write_back)
      observer_->on_stores_unseen(*this, region.to_physical(address), data_cache_.permit_writes(address, permitted));
    else if (observer_) data_cache_.revoke(address);
    return;
  }
  if (observer_) {
    if (region.kind == RegionKind::device) observer_->on_device_write(*this, region.to_physical(address));
    else observer_->on_write({*this, View::uncached, ordering, region.to_physical(address), stored});
  }
  cycles_ += environment_.write(address, stored);
  ++uncached_writes_;
}

bool Core::load_unseen(std::uint32_t address, unsigned bytes, std::uint32_t& value) {
  if (address & (bytes - 1) || !cached_range(address) || !have_line(address)) return false;
  const L1Cache::FastEntry& entry = fast_[data_cache_.set_of(address)];
  const std::uint32_t offset = address & (data_cache_.config().line_bytes - 1);
  if (entry.line != data_cache_.line_address(address)) return false;
  if (observer_ && L1Cache::Place::hides(data_cache_.hidden(entry).from_reads, offset, bytes, data_cache_.part_shift()))
    return false;
  copy_word(&value, entry.at(address), bytes);
  return true;
}

bool Core::store_unseen(std::uint32_t address, std::span<const std::uint8_t> stored) {
  const auto bytes = static_cast<std::uint32_t>(stored.size());
  if (address & (bytes - 1) || config_.data_cache.write_policy == WritePolicy::write_through ||
      !cached_range(address) || !have_line(address))
    return false;
  const L1Cache::FastEntry& entry = fast_[data_cache_.set_of(address)];
  const std::uint32_t offset = address & (data_cache_.config().line_bytes - 1), part_shift = data_cache_.part_shift();
  if (entry.line != data_cache_.line_address(address)) return false;
  if (!observer_) {
    if (!data_cache_.make_dirty(address)) return false;
  } else {
    if (!(bytes >> part_shift) ||
        L1Cache::Place::hides(data_cache_.hidden(entry).from_writes, offset, bytes, part_shift))
      return false;
    entry.place->log.note(((1ull << (bytes >> part_shift)) - 1) << (offset >> part_shift), offset / 4, store_record());
  }
  copy_word(entry.at(address), stored.data(), bytes);
  return true;
}

std::uint32_t Core::load(std::uint32_t address, unsigned bytes) {
  ++cycles_;
  ++counts_.data_accesses;
  try {
    return load_slow(address, bytes);
  } catch (const BusError& error) { fault(FaultCause::bus_error, error.what(), address, error.refusal); }
}

void Core::store(std::uint32_t address, std::uint32_t value, unsigned bytes) {
  ++cycles_;
  ++counts_.data_accesses;
  try {
    store_slow(address, value, bytes);
  } catch (const BusError& error) { fault(FaultCause::bus_error, error.what(), address, error.refusal); }
}

std::uint32_t Core::load_acquire(std::uint32_t address) {
  ++counts_.data_accesses;
  environment_.synchronise();
  return load_slow(address, 4, Ordering::acquire);
}

void Core::store_release(std::uint32_t address, std::uint32_t value) {
  ++counts_.data_accesses;
  environment_.synchronise();
  store_slow(address, value, 4, Ordering::release);
}

bool Core::is_atomic_in_cache(const Region& region, std::uint32_t address, const char* instruction) {
  const bool cached = region.kind == RegionKind::cached;
  // ATOMCTL: what to do for bypass (bits 1:0), write-through (3:2) and write-back (5:4) memory; 0 exception, 1
  // read-conditional-write at memory, 2 internal: in this core's cache, unseen by other cores.
  const unsigned shift = !cached ? 0 : config_.data_cache.write_policy == WritePolicy::write_through ? 2 : 4;
  const std::uint32_t mode = sr_[special::atomctl] >> shift & 3;
  if (mode == 2 && cached) return true;
  if (mode != 1)
    fault(FaultCause::atomic_access,
          std::string(instruction) + " to " + hex(address) + (cached ? " (cached)" : " (uncached)"));
  return false;
}

bool Core::drop_for_atomic(const Region& region, std::uint32_t address) {
  if (region.kind != RegionKind::cached || config_.atomics_keep_lines) return false;
  lines_dropped_by_atomics_ += data_cache_.peek(address) != nullptr;
  data_cache_.write_back_invalidate(address);
  return true;
}

std::uint32_t Core::compare_and_swap(std::uint32_t address, std::uint32_t desired) {
  const Region& region = region_for(address, 4, "S32C1I to");
  ++atomics_;
  std::uint32_t held = sr_[special::scompare1];
  if (is_atomic_in_cache(region, address, "S32C1I")) {
    ++counts_.data_accesses;
    const std::uint32_t expected = held;
    held = load_slow(address, 4, Ordering::acquire_release);
    if (held == expected) {
      ++counts_.data_accesses;
      store_slow(address, desired, 4, Ordering::acquire_release);
    }
    return held;
  }
  environment_.synchronise();
  const std::uint32_t physical = region.to_physical(address), expected = held;
  note_retry(address);
  if (failed_swap_.repeats && !block_observer_) {
    environment_.repeat_failed_swap(address, failed_swap_.held, failed_swap_.gap, watchdog_);
    environment_.synchronise();
  }
  const std::uint64_t begin = cycles_;
  const bool drops = drop_for_atomic(region, address);
  cycles_ += environment_.compare_and_swap(address, held, desired);
  observe_swap(physical, drops, held, expected, desired);
  failed_swap_.valid = held != expected;
  if (failed_swap_.valid) note_failed_swap(address, held, begin);
  return held;
}

std::uint32_t Core::load_exclusive(std::uint32_t address) {
  const Region& region = region_for(address, 4, "L32EX from");
  ++atomics_;
  std::uint32_t value = 0;
  if (region.kind != RegionKind::cached || is_atomic_in_cache(region, address, "L32EX")) {
    value = load_acquire(address);
  } else {  // from memory, past the cache
    environment_.synchronise();
    const std::uint32_t physical = region.to_physical(address);
    if (drop_for_atomic(region, address) && observer_)
      observer_->on_cache_operation(*this, CacheOperation::write_back_invalidate, physical, true);
    std::array<std::uint8_t, 4> bytes;
    cycles_ += environment_.read(address, bytes);
    std::memcpy(&value, bytes.data(), bytes.size());
    if (observer_) observer_->on_read({*this, View::uncached, Ordering::acquire, physical, bytes});
  }
  exclusive_ = Exclusive{address, value};
  return value;
}

/// Returns the result of the store before, as it was until now: the instruction writes it to its own register.
std::uint32_t Core::store_exclusive(std::uint32_t address, std::uint32_t value) {
  const std::optional<Exclusive> exclusive = std::exchange(exclusive_, std::nullopt);
  bool stored = false;
  if (exclusive && exclusive->address == address) {
    const Region& region = region_for(address, 4, "S32EX to");
    const std::uint32_t physical = region.to_physical(address);
    ++atomics_;
    if (region.kind == RegionKind::cached && is_atomic_in_cache(region, address, "S32EX")) {
      stored = true;  // nobody else is in this cache
      store_slow(address, value, 4, Ordering::release);
    } else {
      environment_.synchronise();
      std::uint32_t held = exclusive->value;
      const bool drops = drop_for_atomic(region, address);
      cycles_ += environment_.compare_and_swap(address, held, value);
      stored = held == exclusive->value;
      observe_swap(physical, drops, held, exclusive->value, value);
    }
  }
  return exchange_exclusive_result(stored);
}

std::uint32_t Core::exchange_exclusive_result(std::uint32_t value) {
  constexpr unsigned result_bit = 8;  // of ATOMCTL
  std::uint32_t& control = sr_[special::atomctl];
  const std::uint32_t old = control >> result_bit & 1;
  control = (control & ~(1u << result_bit)) | (value & 1) << result_bit;
  return old;
}

void Core::observe_swap(std::uint32_t physical, bool drops, std::uint32_t held, std::uint32_t expected,
                        std::uint32_t desired) {
  if (!observer_) return;
  if (drops) observer_->on_cache_operation(*this, CacheOperation::write_back_invalidate, physical, true);
  std::array<std::uint8_t, 4> value;
  std::memcpy(value.data(), &held, 4);
  observer_->on_read({*this, View::uncached, Ordering::acquire_release, physical, value});
  std::memcpy(value.data(), &desired, 4);
  if (held == expected) observer_->on_write({*this, View::uncached, Ordering::acquire_release, physical, value});
  // Nothing comes between the two halves of the instruction: what a prefetcher may have fetched again by then is
  // dropped, too.
  if (drops && config_.data_cache.prefetch_lines)
    observer_->on_cache_operation(*this, CacheOperation::invalidate, physical, true);
}

void Core::add_repeated_swaps(std::uint64_t times, std::uint64_t next) {
  const std::uint64_t instructions = times * failed_swap_.instructions_between, cycles = next - now();
  atomics_ += times;
  counts_.instructions += instructions;
  waiting_instructions_ += instructions;
  waiting_cycles_ += cycles;
  cycles_ += cycles;
  // No observer is told: they have seen what the last one saw, and nothing has happened since.
}

/// An S32C1I begins.
void Core::note_retry(std::uint32_t address) {
  FailedSwap& last = failed_swap_;
  const bool retried =
      last.valid && last.pc == current_pc() && last.address == address && last.others.back() == frame_count_;
  if (!retried) {
    last.repeats = false;
    last.gap = last.instructions_between = 0;
    return;
  }
  const std::uint64_t gap = cycles_ - last.end, instructions = counts_.instructions - last.instructions;
  waiting_cycles_ += cycles_ - last.begin;
  waiting_instructions_ += instructions;
  const bool same = last.registers == a_ && last.others == loop_registers() && last.other_effects == other_effects();
  last.repeats = same && gap == last.gap && instructions == last.instructions_between;
  last.gap = same ? gap : 0;
  last.instructions_between = same ? instructions : 0;
}

void Core::note_failed_swap(std::uint32_t address, std::uint32_t held, std::uint64_t begin) {
  FailedSwap& last = failed_swap_;
  last.pc = current_pc();
  last.address = address;
  last.held = held;
  last.begin = begin;
  last.end = cycles_;
  last.instructions = counts_.instructions;
  last.other_effects = other_effects();
  last.registers = a_;
  last.others = loop_registers();
}

bool Core::peek(std::uint32_t address, std::span<std::uint8_t> bytes) const {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::uint8_t* held = data_cache_.peek(address + static_cast<std::uint32_t>(i));
    if (!held) return false;
    bytes[i] = *held;
  }
  return true;
}

void Core::data_cache_operation(CacheOperation operation, std::uint32_t address) {
  const bool by_index = operation >= CacheOperation::index_invalidate;
  const Region* region = map_.find(address);
  // An operation on an address that no cache holds does nothing on hardware either. Prefetching nothing is harmless.
  if (!by_index && (!region || region->kind != RegionKind::cached)) {
    if (!region && operation != CacheOperation::prefetch)
      fault(FaultCause::unmapped_access, "cache operation on " + hex(address));
    if (observer_ && region && region->kind == RegionKind::uncached)
      observer_->on_ignored_operation(*this, operation, region->to_physical(address));
    return;
  }
  ++cache_operations_;
  if (!environment_.alone() && (by_index || operation == CacheOperation::prefetch ||
                                operation == CacheOperation::lock || data_cache_.dirty(address)))
    environment_.synchronise();
  if (filter_ && !filter_->allow(*this, operation)) return;
  if (observer_ && by_index)
    observer_->on_index_operation(*this, operation, data_cache_.set_of(address), data_cache_.way_of_index(address));
  else if (observer_) observer_->on_cache_operation(*this, operation, region->to_physical(address), false);
  switch (operation) {
    case CacheOperation::write_back: data_cache_.write_back(address); break;
    case CacheOperation::invalidate: data_cache_.invalidate(address); break;
    case CacheOperation::write_back_invalidate: data_cache_.write_back_invalidate(address); break;
    case CacheOperation::prefetch: data_cache_.prefetch(address); break;
    case CacheOperation::lock:
      if (!data_cache_.lock(address))
        fault(FaultCause::cache_lock, "every other way of the set of " + hex(address) + " is locked");
      break;
    case CacheOperation::unlock: data_cache_.unlock(address); break;
    case CacheOperation::index_invalidate: data_cache_.by_index(address, L1Cache::IndexOperation::invalidate); break;
    case CacheOperation::index_write_back: data_cache_.by_index(address, L1Cache::IndexOperation::write_back); break;
    case CacheOperation::index_write_back_invalidate:
      data_cache_.by_index(address, L1Cache::IndexOperation::write_back_invalidate);
      break;
  }
}

void Core::instruction_cache_operation(CacheOperation operation, std::uint32_t address) {
  const Region* region = map_.find(address);
  const bool by_index = operation == CacheOperation::index_invalidate;
  if (!by_index && (!region || region->kind != RegionKind::cached)) return;
  if (observer_) observer_->on_code_operation(*this, operation, by_index ? address : region->to_physical(address));
  switch (operation) {
    case CacheOperation::invalidate:
      instruction_cache_.invalidate(address);
      if (blocks_.trust(instruction_cache_.line_address(address))) blocks_.request_clear();
      break;
    case CacheOperation::prefetch:
      environment_.synchronise();
      instruction_cache_.prefetch(address);
      break;
    case CacheOperation::lock:
      environment_.synchronise();
      if (!instruction_cache_.lock(address))
        fault(FaultCause::cache_lock, "every other way of the set of " + hex(address) + " is locked");
      break;
    case CacheOperation::unlock: instruction_cache_.unlock(address); break;
    case CacheOperation::index_invalidate:
      instruction_cache_.by_index(address, L1Cache::IndexOperation::invalidate);
      break;
    default: break;
  }
}

}  // namespace dspmem
