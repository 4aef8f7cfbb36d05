// SPDX-License-Identifier: Apache-2.0
#include "models/core/core.h"

#include <algorithm>

namespace dspmem {
namespace {

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
    case FaultCause::endless_wait: return "WAITI for an interrupt that nothing raises";
  }
  return "fault";
}

constexpr std::uint32_t first_frame = 1;  // WINDOWSTART when nothing has been called

}  // namespace

Core::Core(const CoreConfig& config, const AddressMap& map, CoreEnvironment& environment)
    : config_(config), map_(map), environment_(environment), data_port_(*this), instruction_port_(*this),
      data_cache_(config.data_cache, data_port_), instruction_cache_(config.instruction_cache, instruction_port_),
      blocks_(config.timing, handlers(), config.instruction_cache.line_bytes, instruction_cache_.set_mask()),
      translator_({data_cache_.line_shift(), data_cache_.set_mask(), data_cache_.tags_per_set(),
                   config.timing.taken_branch_cycles, sr_.data()},
                  translator_callbacks()),
      uncached_line_(config.instruction_cache.line_bytes) {
  for (const Region& region : map.regions())
    if (region.kind == RegionKind::cached) cached_.push_back({region.physical, region.size, region.base});
  quad_mask_ = config.address_registers / 4 - 1;
  use_context(0);
  tags_ = data_cache_.tags();
  instruction_lines_ = instruction_cache_.fast_entries();
  recent_blocks_ = blocks_.recent();
  blocks_.use_cold_code(translator_.cold());
  reset(trap_address);
}

Core::~Core() = default;

void Core::reset(std::uint32_t pc) {
  a_.fill(0);
  physical_.fill(0);
  sr_.fill(0);
  a_[1] = config_.reset_stack;
  a_[0] = trap_address;  // reset code that returns leaves the core idle
  sar_ = 0;
  sr_[special::ps] = config_.reset_ps;
  sr_[special::windowstart] = first_frame;
  sr_[special::vecbase] = config_.reset_vecbase;
  apply_ps();
  sr_[special::prid] = config_.id;
  sr_[special::atomctl] = config_.reset_atomctl;
  user_ = {};
  f_ = {};
  exclusive_.reset();
  frame_count_ = 0;
  caller_ = 0;
  watched_calls_.clear();
  handlers_entered_.clear();
  watched_depth_ = 0;
  if (call_observer_) call_observer_->on_abandoned(*this);
  failed_swap_.valid = false;
  data_cache_.reset();
  instruction_cache_.reset();
  blocks_.trust_all();
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
          },
          [](CoreState* state, std::uint32_t set, std::uint32_t way) {
            static_cast<Core*>(state)->data_cache_.make_most_recent(set, way);
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

CoreStatistics Core::statistics() const {
  CoreStatistics result;
  result.instructions = counts_.instructions;
  result.cycles = cycles_;
  result.data_accesses = counts_.data_accesses - uncached_reads_ - uncached_writes_;
  result.uncached_reads = uncached_reads_;
  result.uncached_writes = uncached_writes_;
  result.atomics = atomics_;
  result.lines_dropped_by_atomics = lines_dropped_by_atomics_;
  result.cache_operations = cache_operations_;
  result.waiting_cycles = waiting_cycles_;
  result.waiting_instructions = waiting_instructions_;
  return result;
}

void Core::restart_at(std::uint32_t pc) {
  pc_ = pc;
  restarted_ = true;
}

void Core::simulator_call() {
  ++unseen_effects_;
  const std::array<std::uint32_t, 3> arguments{a_[3], a_[4], a_[5]};
  a_[2] = environment_.simulator_call(a_[2], arguments);
}

// ---- Between blocks -----------------------------------------------------------------------------

bool Core::at_horizon(Block& block) {
  if (blocks_.clear_pending()) {  // somebody has changed code
    stop_at(stop_);
    return true;
  }
  if (cycles_ >= stop_) {
    if (cycles_ >= watchdog_) fault(FaultCause::watchdog);
    environment_.at_block_boundary();
    if (restarted_) {
      restarted_ = false;
      return true;
    }
    if (interrupt_pending()) {
      enter_interrupt();
      return true;
    }
  }
  if (block.quads > window_room_ && make_room(block)) return true;
  if (block_observer_) block_observer_->on_block(*this, block.pc);
  return false;
}

Block* Core::block_at(std::uint32_t pc) {
  if (pc == trap_address || pc == stop_before_) return nullptr;
  if (Block* known = blocks_.find(pc)) return known;
  const std::uint8_t* line = fetch_line(pc);
  // Fetching may have shown that decoded code is stale; the caller clears it, and this block with it.
  return blocks_.decode(pc, line, [this](std::uint32_t address) { return fetch_line(address); });
}

void Core::InstructionPort::fill(std::uint32_t line_address, std::span<std::uint8_t> line, bool prefetch) {
  Port::fill(line_address, line, prefetch);
  if (core_.observer_) {
    const std::uint32_t first = core_.pc_ - line_address;  // it may be the line behind that
    core_.observer_->on_fetch(core_, core_.map_.find(line_address)->to_physical(line_address), line,
                              first < line.size() ? first : 0);
  }
  if (!core_.blocks_.line_unchanged(line_address, line)) core_.blocks_.request_clear();
}

const std::uint8_t* Core::fetch_line(std::uint32_t address) {
  const Region& region = region_for(address, 1, "instruction fetch from");
  if (region.kind == RegionKind::cached) {
    if (!instruction_cache_.peek(address)) environment_.synchronise();
    return instruction_cache_.line_for_read(address);
  }
  environment_.synchronise();
  const std::uint32_t line_address = instruction_cache_.line_address(address);
  cycles_ += environment_.read(line_address, uncached_line_);
  if (!blocks_.line_unchanged(line_address, uncached_line_)) blocks_.request_clear();
  return uncached_line_.data();
}

void Core::fetch_block(Block& block) {
  if (!instruction_cache_.touch(block.line)) fetch_line(block.line);
  if (block.straddles && !instruction_cache_.touch(block.next_line)) fetch_line(block.next_line);
  if (!block.careful || blocks_.clear_pending()) return;
  if (observer_) show_entered(block);
  if (block.watched) enter_watched(block.pc);
}

void Core::distrust_code(std::uint32_t line) {
  if (!blocks_.distrust(instruction_cache_.line_address(map_.alias(line, RegionKind::cached)))) return;
  blocks_.request_clear();
  horizon_ = 0;  // at the next block
}

/// To the observer: the instructions of a block that lie in lines which are distrusted.
void Core::show_entered(const Block& block) {
  const std::uint32_t line_bytes = instruction_cache_.config().line_bytes;
  for (const std::uint32_t line : {block.line, block.next_line}) {
    if (!blocks_.distrusts(line) || (line == block.next_line && !block.straddles)) continue;
    const std::uint32_t first = std::max(block.pc, line), end = std::min(block.end_pc, line + line_bytes);
    const std::span<const std::uint8_t> held(instruction_cache_.line_for_read(line), line_bytes);
    observer_->on_code_entered(*this, map_.find(first)->to_physical(first), held.subspan(first - line, end - first));
  }
}

std::uint32_t Core::after_block(const Block& block) {
  if (block.end_pc != sr_[special::lend] || sr_[special::lcount] == 0 || sr_[special::ps] & ps::excm)
    return block.end_pc;
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

void Core::begin_call(std::uint32_t function, std::span<const std::uint32_t> arguments) {
  if (blocks_.clear_pending()) clear_blocks();
  pc_ = function;
  const Block* block = nullptr;
  try {
    block = block_at(function);  // fetched now, and not again when it is executed
  } catch (const BusError& error) { fault(FaultCause::bus_error, error.what(), 0, error.refusal); }
  // Through the window as CALL4 does: the caller's frame is then four registers, and has no others to save.
  const bool windowed = block && block->ops->opcode == Opcode::entry;
  constexpr unsigned increment = 1;
  first_argument_ = result_register_ = windowed ? 2 + 4 * increment : 2;
  std::copy(arguments.begin(), arguments.end(), a_.begin() + first_argument_);
  if (windowed) {
    push_window_call(increment, function, trap_address);
  } else {
    a_[0] = trap_address;
    push_frame(function, trap_address);
  }
}

void Core::watch_calls(std::span<const std::uint32_t> functions, CallObserver& observer) {
  call_observer_ = &observer;
  for (const std::uint32_t function : functions) blocks_.watch(function);
}

void Core::forget_watched_calls() {
  watched_calls_.clear();
  watched_depth_ = 0;
  if (call_observer_) call_observer_->on_abandoned(*this);
}

void Core::enter_watched(std::uint32_t function) {
  // A branch back to the function's first instruction is no call.
  if (!watched_calls_.empty() && watched_calls_.back().function == function &&
      watched_calls_.back().depth == frame_count_)
    return;
  ++unseen_effects_;
  environment_.synchronise();  // others see what is allocated when
  const bool nested = in_watched_call();
  const Block* const block = blocks_.find(function);
  const bool windowed = block && block->ops->opcode == Opcode::entry;
  first_argument_ = 2 + (windowed ? 4 * (sr_[special::ps] >> ps::callinc_shift & 3) : 0);
  watched_calls_.push_back({function, frame_count_, nested});
  watched_depth_ = frame_count_;
  call_observer_->on_call(*this, function, nested);
}

void Core::leave_watched() {
  const WatchedCall call = watched_calls_.back();
  watched_calls_.pop_back();
  watched_depth_ = watched_calls_.empty() ? 0 : watched_calls_.back().depth;
  block_ = nullptr;
  environment_.synchronise();
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

void Core::fault(FaultCause cause, const std::string& detail, std::uint32_t address, Refusal refusal) {
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
  fault.address = address;
  fault.refusal = std::move(refusal);
  fault.stack = call_stack();
  throw fault;
}

}  // namespace dspmem
