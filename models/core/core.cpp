// SPDX-License-Identifier: Apache-2.0
#include "models/core/core.h"

#include <algorithm>
#include <bit>
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
  if (bytes == 4) [[likely]] std::memcpy(to, from, 4);
  else if (bytes == 2) std::memcpy(to, from, 2);
  else std::memcpy(to, from, 1);
}

const char* describe(FaultCause cause) {
  switch (cause) {
    case FaultCause::illegal_instruction: return "illegal instruction";
    case FaultCause::unaligned_access: return "unaligned access";
    case FaultCause::unmapped_access: return "access to an address where nothing is";
    case FaultCause::bus_error: return "bus error";
    case FaultCause::breakpoint: return "breakpoint instruction";
    case FaultCause::divide_by_zero: return "integer division by zero";
    case FaultCause::atomic_access: return "atomic access that ATOMCTL does not allow";
    case FaultCause::access_violation: return "user mode may not access the kernel's memory";
    case FaultCause::cache_lock: return "cache line cannot be locked";
    case FaultCause::panic: return "firmware panic";
    case FaultCause::watchdog: return "watchdog";
  }
  return "fault";
}

constexpr std::uint32_t reset_ps = ps::excm | ps::intlevel;
constexpr std::uint32_t reset_atomctl = 0x28;  // cached: internal; bypass: exception (LX reset value, ISA manual)

}  // namespace

void Core::Port::fill(std::uint32_t line_address, std::span<std::uint8_t> line, bool prefetch) {
  const std::uint32_t wait = core_.environment_.read(line_address, line);
  if (!prefetch) core_.cycles_ += wait;  // a prefetch occupies the bus, but nobody waits for it
}

void Core::InstructionPort::fill(std::uint32_t line_address, std::span<std::uint8_t> line, bool prefetch) {
  Port::fill(line_address, line, prefetch);
  if (core_.observer_) core_.observer_->on_fetch(core_, core_.map_.find(line_address)->to_physical(line_address), line);
  if (!core_.blocks_.line_unchanged(line_address, line)) core_.blocks_.request_clear();
}

void Core::Port::write_back(std::uint32_t line_address, std::span<const std::uint8_t> line, const ByteMask& bytes) {
  // Only a cache with dirty state by byte writes less than the line.
  core_.cycles_ += core_.config_.data_cache.byte_dirty ? core_.environment_.write_line(line_address, line, bytes) : core_.environment_.write(line_address, line);
}

void Core::Port::write_through(std::uint32_t address, std::span<const std::uint8_t> bytes) {
  core_.cycles_ += core_.environment_.write(address, bytes);
}

LinePort::Permission Core::DataPort::filled(std::uint32_t line_address, const LoggedLine& log) {
  if (!core_.observer_) return {};
  const CachedRange& range = *core_.cached_range(line_address);
  const HardwareObserver::Permission permission = core_.observer_->on_line_filled(core_, line_address - range.base + range.physical, log);
  return {permission.reads, permission.writes};
}

void Core::DataPort::end_log(StoreLog& log) {
  if (core_.observer_) core_.observer_->on_log_ends(log);
}

bool Core::Port::may_prefetch(std::uint32_t line_address) const {
  const Region* region = core_.map_.find(line_address);
  return region && region->kind == RegionKind::cached;
}

Core::Core(const CoreConfig& config, const AddressMap& map, CoreEnvironment& environment)
    : config_(config),
      map_(map),
      environment_(environment),
      data_port_(*this),
      instruction_port_(*this),
      data_cache_(config.data_cache, data_port_),
      instruction_cache_(config.instruction_cache, instruction_port_),
      blocks_(config.timing, handlers(), config.instruction_cache.line_bytes,
              instruction_cache_.set_mask()),
      translator_({data_cache_.line_shift(), data_cache_.set_mask(), config.timing.taken_branch_cycles, sr_.data()}, translator_callbacks()),
      uncached_line_(config.instruction_cache.line_bytes) {
  for (const Region& region : map.regions())
    if (region.kind == RegionKind::cached) cached_.push_back({region.physical, region.size, region.base});
  use_context(0);
  instruction_lines_ = instruction_cache_.fast_entries();
  recent_blocks_ = blocks_.recent();
  blocks_.use_cold_code(translator_.cold());
  reset(trap_address);
}

Core::~Core() = default;

void Core::reset(std::uint32_t pc) {
  a_.fill(0);
  sr_.fill(0);
  a_[0] = trap_address;  // reset code that returns leaves the core idle
  sar_ = 0;
  sr_[special::ps] = reset_ps;
  apply_privilege();
  sr_[special::prid] = config_.id;
  sr_[special::atomctl] = reset_atomctl;
  threadptr_ = 0;
  frame_count_ = 0;
  caller_ = 0;
  watched_calls_.clear();
  handlers_entered_.clear();
  watched_depth_ = 0;
  if (call_observer_) call_observer_->on_abandoned(*this);
  data_cache_.reset();
  instruction_cache_.reset();
  blocks_.request_clear();
  pc_ = pc;
}

TranslatorCallbacks Core::translator_callbacks() {
  return {[](CoreState* state, std::uint32_t address, std::uint32_t bytes) -> std::uint32_t {
            Core& core = *static_cast<Core*>(state);
            try {
              return core.load_slow(address, bytes);
            } catch (...) {
              core.thrown_ = std::current_exception();
              core.failed_ = 1;
              return 0;
            }
          },
          [](CoreState* state, std::uint32_t address, std::uint32_t value, std::uint32_t bytes) {
            Core& core = *static_cast<Core*>(state);
            try {
              core.store_slow(address, value, bytes);
            } catch (...) {
              core.thrown_ = std::current_exception();
              core.failed_ = 1;
            }
          },
          [](CoreState* state) {
            Core& core = *static_cast<Core*>(state);
            try {
              return core.step();
            } catch (...) {
              core.thrown_ = std::current_exception();
              return Stepped::failed;
            }
          },
          [](CoreState* state, const Block* block) {
            L1Cache& cache = static_cast<Core*>(state)->instruction_cache_;
            return cache.touch(block->line) && (!block->straddles || cache.touch(block->next_line));
          }};
}

void Core::clear_blocks() {
  blocks_.clear();
  translator_.clear();
}

void Core::observe(HardwareObserver* observer) {
  if ((observer_ == nullptr) != (observer == nullptr)) blocks_.request_clear();  // translated code depends on it
  if (observer_ != observer) data_cache_.end_logs();
  observer_ = observer;
  data_cache_.use_fast_entries(fast_access());
}

void Core::set_ring(std::uint32_t ring) {
  sr_[special::ps] = (sr_[special::ps] & ~ps::ring) | ring << 6;
  apply_privilege();
}

L1Cache::FastAccess Core::fast_access() const {
  return checked_ ? L1Cache::FastAccess::none : observer_ ? L1Cache::FastAccess::permitted : L1Cache::FastAccess::all;
}

void Core::apply_privilege() {
  if (const bool check = user_mode() && !config_.kernel_only.empty(); check != checked_) {
    checked_ = check;
    data_cache_.use_fast_entries(fast_access());
  }
}

void Core::check_privilege(std::uint32_t address, std::uint32_t physical, const char* what) {
  for (const PhysicalRange& range : config_.kernel_only)
    if (range.contains(physical)) fault(FaultCause::access_violation, std::string(what) + " " + hex(address));
}

CoreStatistics Core::statistics() const {
  CoreStatistics result;
  result.instructions = counts_.instructions;
  result.cycles = cycles_;
  result.data_accesses = counts_.data_accesses - uncached_reads_ - uncached_writes_;
  result.uncached_reads = uncached_reads_;
  result.uncached_writes = uncached_writes_;
  result.atomics = atomics_;
  return result;
}

// ---- Between blocks ------------------------------------------------------------------------------------------------

bool Core::at_horizon() {
  if (cycles_ >= watchdog_) fault(FaultCause::watchdog);
  environment_.at_block_boundary();
  if (restarted_) {
    restarted_ = false;
    return true;
  }
  if (!interrupt_pending()) return false;
  enter_interrupt();
  return true;
}

Block* Core::block_at(std::uint32_t pc) {
  if (pc == trap_address) return nullptr;
  if (Block* known = blocks_.find(pc)) return known;
  const std::uint8_t* line = fetch_line(pc);
  // Fetching may have shown that decoded code is stale; the caller clears it, and this block with it.
  return blocks_.decode(pc, line, [this](std::uint32_t address) { return fetch_line(address); });
}

const std::uint8_t* Core::fetch_line(std::uint32_t address) {
  const Region& region = region_for(address, 1, "instruction fetch from");
  if (region.kind == RegionKind::cached) return instruction_cache_.line_for_read(address);
  const std::uint32_t line_address = instruction_cache_.line_address(address);
  cycles_ += environment_.read(line_address, uncached_line_);
  if (!blocks_.line_unchanged(line_address, uncached_line_)) blocks_.request_clear();
  return uncached_line_.data();
}

void Core::fetch_block(Block& block) {
  if (!instruction_cache_.touch(block.line)) fetch_line(block.line);
  if (block.straddles && !instruction_cache_.touch(block.next_line)) fetch_line(block.next_line);
  if (block.watched && !blocks_.clear_pending()) enter_watched(block.pc);
}

std::uint32_t Core::after_block(const Block& block) {
  if (block.end_pc != sr_[special::lend] || sr_[special::lcount] == 0 || sr_[special::ps] & ps::excm) return block.end_pc;
  --sr_[special::lcount];
  return sr_[special::lbeg];
}

void Core::start_loop(std::uint32_t count, std::uint32_t begin, std::uint32_t end) {
  sr_[special::lcount] = count - 1;
  sr_[special::lbeg] = begin;
  sr_[special::lend] = end;
  if (blocks_.add_loop_end(end)) blocks_.request_clear();
}

void Core::push_frame(std::uint32_t callee, std::uint32_t return_address) {
  frames_[frame_count_++ % stack_depth] = {callee, return_address};
  caller_ = return_address;
}

void Core::pop_frame(std::uint32_t return_address) {
  // A return that skips frames (longjmp, hand-written tails) drops them; one that matches none changes nothing.
  for (std::uint32_t depth = frame_count_; depth > 0 && frame_count_ - depth < stack_depth; --depth)
    if (frames_[(depth - 1) % stack_depth].return_address == return_address) {
      frame_count_ = depth - 1;
      caller_ = frame_count_ ? frames_[(frame_count_ - 1) % stack_depth].return_address : 0;
      while (frame_count_ < watched_depth_) leave_watched();
      return;
    }
}

void Core::begin_call(std::uint32_t function) {
  a_[0] = trap_address;
  pc_ = function;
  push_frame(function, trap_address);
}

void Core::watch_calls(std::span<const std::uint32_t> functions, CallObserver& observer) {
  call_observer_ = &observer;
  for (const std::uint32_t function : functions) blocks_.watch(function);
}

void Core::enter_watched(std::uint32_t function) {
  // A branch back to the function's first instruction is no call.
  if (!watched_calls_.empty() && watched_calls_.back().function == function && watched_calls_.back().depth == frame_count_) return;
  const bool nested = in_watched_call();
  watched_calls_.push_back({function, frame_count_, nested});
  watched_depth_ = frame_count_;
  call_observer_->on_call(*this, function, nested);
}

void Core::leave_watched() {
  const WatchedCall call = watched_calls_.back();
  watched_calls_.pop_back();
  watched_depth_ = watched_calls_.empty() ? 0 : watched_calls_.back().depth;
  block_ = nullptr;
  call_observer_->on_return(*this, call.function, call.nested);
}

std::vector<StackFrame> Core::call_stack() const {
  std::vector<StackFrame> stack(std::min(frame_count_, stack_depth));
  call_stack(stack);
  return stack;
}

std::size_t Core::call_stack(std::span<StackFrame> frames) const {
  const std::size_t count = std::min<std::size_t>(frames.size(), std::min(frame_count_, stack_depth));
  for (std::size_t i = 0; i < count; ++i) frames[i] = frames_[(frame_count_ - 1 - i) % stack_depth];
  return count;
}

void Core::fault(FaultCause cause, const std::string& detail) {
  if (block_) {
    const auto index = static_cast<std::size_t>(op_ - block_->ops);
    pc_ = block_->pc + block_->offsets[index];
    counts_.instructions -= block_->counts.instructions - index;
    cycles_ = now();
    block_ = nullptr;
  }
  CoreFault fault(cause, detail.empty() ? describe(cause) : std::string(describe(cause)) + ": " + detail);
  fault.core = config_.id;
  fault.pc = pc_;
  fault.cycle = cycles_;
  fault.stack = call_stack();
  throw fault;
}

// ---- Data ----------------------------------------------------------------------------------------------------------

const Region& Core::region_for(std::uint32_t address, unsigned bytes, const char* what) {
  if (address & (bytes - 1)) fault(FaultCause::unaligned_access, std::string(what) + " " + hex(address) + ", " + std::to_string(bytes) + " bytes");
  const Region* region = map_.find(address);
  if (!region) fault(FaultCause::unmapped_access, std::string(what) + " " + hex(address));
  return *region;
}

std::uint32_t Core::load_slow(std::uint32_t address, unsigned bytes, Ordering ordering) {
  std::uint32_t quick = 0;
  if (ordering == Ordering::plain && load_unseen(address, bytes, quick)) return quick;
  const Region& region = region_for(address, bytes, "load from");
  std::uint32_t value = 0;
  if (checked_) check_privilege(address, region.to_physical(address), "load from");
  if (region.kind == RegionKind::cached) {
    const std::uint8_t* line = data_cache_.line_for_read(address);
    const std::uint8_t* held = line + (address & (data_cache_.config().line_bytes - 1));
    std::memcpy(&value, held, bytes);
    const std::uint32_t offset = address & (data_cache_.config().line_bytes - 1);
    if (observer_ && (ordering != Ordering::plain || checked_ || L1Cache::Place::hides(data_cache_.hidden(fast_[data_cache_.set_of(address)]).from_reads, offset, bytes, data_cache_.part_shift())))
      data_cache_.permit_reads(address, observer_->on_read(*this, View::cached, region.to_physical(address), {held, bytes}, ordering));
    return value;
  }
  if (region.kind == RegionKind::device) environment_.synchronise();
  std::array<std::uint8_t, 4> buffer{};
  cycles_ += environment_.read(address, std::span(buffer.data(), bytes));
  ++uncached_reads_;
  if (observer_) {
    if (region.kind == RegionKind::device) observer_->on_device_read(*this, region.to_physical(address));
    else observer_->on_read(*this, View::uncached, region.to_physical(address), std::span(buffer.data(), bytes), ordering);
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
  if (region.kind == RegionKind::cached) {
    const std::uint64_t permitted = observer_ ? observer_->on_write(*this, View::cached, region.to_physical(address), stored, ordering) : 0;
    data_cache_.store(address, stored);
    if (permitted && !checked_) observer_->on_stores_unseen(region.to_physical(address), data_cache_.permit_writes(address, permitted));
    else if (observer_) data_cache_.revoke(address);
    return;
  }
  if (region.kind == RegionKind::device) environment_.synchronise();
  if (observer_) {
    if (region.kind == RegionKind::device) observer_->on_device_write(*this, region.to_physical(address));
    else observer_->on_write(*this, View::uncached, region.to_physical(address), stored, ordering);
  }
  cycles_ += environment_.write(address, stored);
  ++uncached_writes_;
}

bool Core::load_unseen(std::uint32_t address, unsigned bytes, std::uint32_t& value) {
  if (address & (bytes - 1) || !have_line(address)) return false;
  const L1Cache::FastEntry& entry = fast_[data_cache_.set_of(address)];
  const std::uint32_t offset = address & (data_cache_.config().line_bytes - 1);
  if (entry.line != data_cache_.line_address(address)) return false;
  if (observer_ && L1Cache::Place::hides(data_cache_.hidden(entry).from_reads, offset, bytes, data_cache_.part_shift())) return false;
  copy_word(&value, entry.at(address), bytes);
  return true;
}

bool Core::store_unseen(std::uint32_t address, std::span<const std::uint8_t> stored) {
  const auto bytes = static_cast<std::uint32_t>(stored.size());
  if (address & (bytes - 1) || config_.data_cache.write_policy == WritePolicy::write_through || !have_line(address)) return false;
  const L1Cache::FastEntry& entry = fast_[data_cache_.set_of(address)];
  const std::uint32_t offset = address & (data_cache_.config().line_bytes - 1), part_shift = data_cache_.part_shift();
  if (entry.line != data_cache_.line_address(address)) return false;
  if (!observer_) {
    if (!data_cache_.make_dirty(address)) return false;
  } else {
    if (!(bytes >> part_shift) || L1Cache::Place::hides(data_cache_.hidden(entry).from_writes, offset, bytes, part_shift)) return false;
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
  } catch (const BusError& error) {
    fault(FaultCause::bus_error, error.what());
  }
}

void Core::store(std::uint32_t address, std::uint32_t value, unsigned bytes) {
  ++cycles_;
  ++counts_.data_accesses;
  try {
    store_slow(address, value, bytes);
  } catch (const BusError& error) {
    fault(FaultCause::bus_error, error.what());
  }
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

std::uint32_t Core::compare_and_swap(std::uint32_t address, std::uint32_t desired) {
  const Region& region = region_for(address, 4, "S32C1I to");
  ++atomics_;
  const bool cached = region.kind == RegionKind::cached;
  // ATOMCTL: what to do for bypass (bits 1:0), write-through (3:2) and write-back (5:4) memory; 0 exception, 1
  // read-conditional-write at memory, 2 internal: in this core's cache, unseen by other cores.
  const unsigned shift = !cached ? 0 : config_.data_cache.write_policy == WritePolicy::write_through ? 2 : 4;
  const std::uint32_t mode = sr_[special::atomctl] >> shift & 3;
  std::uint32_t held = sr_[special::scompare1];
  if (mode == 2 && cached) {
    ++counts_.data_accesses;
    const std::uint32_t expected = held;
    held = load_slow(address, 4, Ordering::acquire_release);
    if (held == expected) {
      ++counts_.data_accesses;
      store_slow(address, desired, 4, Ordering::acquire_release);
    }
    return held;
  }
  if (mode != 1) fault(FaultCause::atomic_access, "S32C1I to " + hex(address) + (cached ? " (cached)" : " (uncached)"));
  if (cached) data_cache_.write_back_invalidate(address);
  environment_.synchronise();
  const std::uint32_t expected = held;
  cycles_ += environment_.compare_and_swap(address, held, desired);
  if (observer_) {
    const std::uint32_t physical = region.to_physical(address);
    if (cached) observer_->on_cache_operation(*this, CacheOperation::write_back_invalidate, physical, true);
    std::array<std::uint8_t, 4> value;
    std::memcpy(value.data(), &held, 4);
    observer_->on_read(*this, View::uncached, physical, value, Ordering::acquire_release);
    std::memcpy(value.data(), &desired, 4);
    if (held == expected) observer_->on_write(*this, View::uncached, physical, value, Ordering::acquire_release);
  }
  return held;
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
    return;
  }
  if (filter_ && !filter_->allow(*this, operation)) return;
  if (observer_ && by_index) observer_->on_index_operation(*this, operation, data_cache_.set_of(address), data_cache_.way_of_index(address));
  else if (observer_) observer_->on_cache_operation(*this, operation, region->to_physical(address), false);
  switch (operation) {
    case CacheOperation::write_back: data_cache_.write_back(address); break;
    case CacheOperation::invalidate: data_cache_.invalidate(address); break;
    case CacheOperation::write_back_invalidate: data_cache_.write_back_invalidate(address); break;
    case CacheOperation::prefetch: data_cache_.prefetch(address); break;
    case CacheOperation::lock:
      if (!data_cache_.lock(address)) fault(FaultCause::cache_lock, "every other way of the set of " + hex(address) + " is locked");
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
  if (operation != CacheOperation::index_invalidate && (!region || region->kind != RegionKind::cached)) return;
  switch (operation) {
    case CacheOperation::invalidate: instruction_cache_.invalidate(address); break;
    case CacheOperation::prefetch: instruction_cache_.prefetch(address); break;
    case CacheOperation::lock:
      if (!instruction_cache_.lock(address)) fault(FaultCause::cache_lock, "every other way of the set of " + hex(address) + " is locked");
      break;
    case CacheOperation::unlock: instruction_cache_.unlock(address); break;
    case CacheOperation::index_invalidate: instruction_cache_.by_index(address, L1Cache::IndexOperation::invalidate); break;
    default: break;
  }
}

// ---- Processor state -----------------------------------------------------------------------------------------------

namespace {

/// Special registers that hold what was written and nothing more.
bool plain_register(std::uint32_t number) {
  using namespace special;
  switch (number) {
    case lbeg: case lcount: case litbase: case scompare1: case memctl: case atomctl: case configid0: case configid1: case depc:
    case cpenable: case intenable: case vecbase: case exccause: case debugcause: case excvaddr: case ccompare0: case special::ps: case lend:
      return true;
    default:
      return (number >= epc1 && number < epc1 + 7) || (number >= eps2 && number < eps2 + 6) ||
             (number >= excsave1 && number < excsave1 + 7) || (number >= misc0 && number < misc0 + 4);
  }
}

}  // namespace

std::uint32_t Core::read_special(std::uint32_t number) {
  switch (number) {
    case special::sar: return sar_;
    case special::ccount: return static_cast<std::uint32_t>(now());
    case special::prid: case special::interrupt: return sr_[number];
    default: break;
  }
  if (!plain_register(number)) fault(FaultCause::illegal_instruction, "special register " + std::to_string(number) + " does not exist");
  return sr_[number];
}

void Core::write_special(std::uint32_t number, std::uint32_t value) {
  switch (number) {
    case special::sar: sar_ = value & 63; return;
    case special::interrupt: sr_[special::interrupt] |= value; break;  // INTSET
    case special::intclear: sr_[special::interrupt] &= ~value; break;
    case special::lend:
      sr_[number] = value;
      if (blocks_.add_loop_end(value)) blocks_.request_clear();
      return;
    case special::ccount: return;  // the cycle counter is shared with the reports and runs on
    default:
      if (!plain_register(number)) fault(FaultCause::illegal_instruction, "special register " + std::to_string(number) + " does not exist");
      sr_[number] = value;
  }
  if (number == special::ps) apply_privilege();
  if (interrupt_pending()) horizon_ = 0;
}

std::uint32_t Core::exchange_special(std::uint32_t number, std::uint32_t value) {
  const std::uint32_t old = read_special(number);
  write_special(number, value);
  return old;
}

std::uint32_t Core::read_user(std::uint32_t number) {
  if (number != 231) fault(FaultCause::illegal_instruction, "user register " + std::to_string(number) + " does not exist");
  return threadptr_;
}

void Core::write_user(std::uint32_t number, std::uint32_t value) {
  if (number != 231) fault(FaultCause::illegal_instruction, "user register " + std::to_string(number) + " does not exist");
  threadptr_ = value;
}

std::uint32_t Core::raise_interrupt_level(std::uint32_t level) {
  const std::uint32_t old = sr_[special::ps];
  sr_[special::ps] = (old & ~ps::intlevel) | level;
  if (interrupt_pending()) horizon_ = 0;
  return old;
}

void Core::wait_for_interrupt(std::uint32_t level, std::uint32_t next_pc) {
  sr_[special::ps] = (sr_[special::ps] & ~ps::intlevel) | level;
  pc_ = next_pc;
  environment_.wait_for_interrupt();
  if (interrupt_pending()) horizon_ = 0;
}

void Core::raise_interrupt(unsigned line) {
  sr_[special::interrupt] |= 1u << line;
  horizon_ = 0;
}

void Core::lower_interrupt(unsigned line) { sr_[special::interrupt] &= ~(1u << line); }

bool Core::interrupt_pending() const {
  return (sr_[special::interrupt] & sr_[special::intenable]) != 0 && (sr_[special::ps] & (ps::excm | ps::intlevel)) == 0;
}

void Core::enter_vector(std::uint32_t cause, std::uint32_t pc) {
  sr_[special::epc1] = pc;
  sr_[special::exccause] = cause;
  const std::uint32_t vector = sr_[special::ps] & ps::um ? user_vector : kernel_vector;
  sr_[special::ps] |= ps::excm;
  apply_privilege();
  pc_ = sr_[special::vecbase] + vector;
  push_frame(pc_, pc);
  handlers_entered_.push_back(frame_count_);
  if (!watched_calls_.empty()) call_observer_->on_interruption(*this);
}

void Core::enter_interrupt() { enter_vector(cause_level1_interrupt, pc_); }

std::uint32_t Core::take_syscall(std::uint32_t pc) {
  enter_vector(cause_syscall, pc);
  return pc_;
}

std::uint32_t Core::return_from_exception() {
  sr_[special::ps] &= ~ps::excm;
  apply_privilege();
  if (interrupt_pending()) horizon_ = 0;
  pop_frame(sr_[special::epc1]);
  if (!handlers_entered_.empty()) handlers_entered_.pop_back();
  if (!watched_calls_.empty()) call_observer_->on_interruption(*this);
  return sr_[special::epc1];
}

std::uint32_t Core::return_from_interrupt(std::uint32_t level) {
  if (level < 2 || level > 7) fault(FaultCause::illegal_instruction, "RFI level " + std::to_string(level));
  sr_[special::ps] = sr_[special::eps2 + level - 2];
  apply_privilege();
  if (interrupt_pending()) horizon_ = 0;
  return sr_[special::epc1 + level - 1];
}

void Core::restart_at(std::uint32_t pc) {
  pc_ = pc;
  restarted_ = true;
}

void Core::simulator_call() {
  const std::array<std::uint32_t, 3> arguments{a_[3], a_[4], a_[5]};
  a_[2] = environment_.simulator_call(a_[2], arguments);
}

}  // namespace dspmem
