// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/cache/l1_cache.h"
#include "models/core/block_cache.h"
#include "models/core/core_config.h"
#include "models/core/core_state.h"
#include "models/core/fault.h"
#include "models/core/isa.h"
#include "models/core/translator.h"
#include "models/memory/address_map.h"
#include "models/observe/calls.h"
#include "models/observe/store_log.h"

namespace dspmem {

/// What surrounds a core. Functions that move data return the cycles the core waits for it, and throw BusError when
/// memory refuses. Addresses are the core's own.
class CoreEnvironment {
 public:
  virtual ~CoreEnvironment() = default;
  virtual std::uint32_t read(std::uint32_t address, std::span<std::uint8_t> bytes) = 0;
  virtual std::uint32_t write(std::uint32_t address, std::span<const std::uint8_t> bytes) = 0;
  /// Writes the bytes whose mask bit is set.
  virtual std::uint32_t write_line(std::uint32_t address, std::span<const std::uint8_t> line,
                                   const ByteMask& bytes) = 0;
  /// Stores `desired` if memory holds `expected`, without any other master in between. `expected` receives what memory
  /// held.
  virtual std::uint32_t compare_and_swap(std::uint32_t address, std::uint32_t& expected, std::uint32_t desired) = 0;

  /// A compare-and-swap that has failed because of `held` is made again and again, each `gap` cycles after the end of
  /// the one before, the first one now, for as long as nobody writes near the word; not beyond `limit`. Calls
  /// Core::add_repeated_swaps() with what was made; may do nothing.
  virtual void repeat_failed_swap(std::uint32_t address, std::uint32_t held, std::uint64_t gap, std::uint64_t limit) {
    (void)address, (void)held, (void)gap, (void)limit;
  }

  /// Returns when no other core is behind this one; the place where simulated time passes. May change the horizon.
  void synchronise() {
    if (!alone()) await_turn();
  }
  /// Nobody else does anything: it is always this core's turn.
  bool alone() const { return *running_masters_ == 1; }
  /// Called when the horizon is reached, between two blocks: synchronises, and may restart the core.
  virtual void at_block_boundary() = 0;
  /// Returns when an enabled interrupt is pending or the core was restarted.
  virtual void wait_for_interrupt() = 0;
  /// SIMCALL: the number is in a2, arguments in a3 to a5; returns what a2 receives.
  virtual std::uint32_t simulator_call(std::uint32_t number, std::span<const std::uint32_t, 3> arguments) = 0;

 protected:
  /// `running_masters` says how many there are, this one with them. REQUIRES: outlives this.
  explicit CoreEnvironment(const std::size_t& running_masters) : running_masters_(&running_masters) {}

 private:
  /// Called when there are others.
  virtual void await_turn() = 0;

  const std::size_t* running_masters_;
};

struct CoreStatistics {
  std::uint64_t instructions = 0;
  std::uint64_t cycles = 0;
  std::uint64_t data_accesses = 0;  ///< loads and stores that went to the data cache
  std::uint64_t uncached_reads = 0;  ///< loads that went past it
  std::uint64_t uncached_writes = 0;
  std::uint64_t atomics = 0;  ///< S32C1I executed
  std::uint64_t lines_dropped_by_atomics =
      0;  ///< that the data cache held, and S32C1I at memory wrote back and dropped: the next access misses
  std::uint64_t cache_operations = 0;  ///< on the data cache, by address or index
  // From an S32C1I that failed until the next one at the same place, for the same word: waiting for a lock. Contained
  // in the figures above.
  std::uint64_t waiting_cycles = 0, waiting_instructions = 0;
};

/// One Xtensa LX core with its private L1 caches: registers, a predecoded block cache and a threaded interpreter.
/// Plain C++: DspCore puts it into SystemC.
///
/// Time: `cycles()` counts this core's own clock. The interpreter runs ahead of the other cores until it reaches the
/// horizon, then asks the environment to synchronise.
class Core : private CoreState {
 public:
  /// Execution that arrives at this address leaves run(). Calls from the simulator return to it.
  static constexpr std::uint32_t trap_address = 0xfffffff0;
  static constexpr std::uint32_t cause_syscall = 1, cause_level1_interrupt = 4, cause_alloca = 5;

  Core(const CoreConfig& config, const AddressMap& map, CoreEnvironment& environment);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  /// Registers, caches and decoded code as after power-on. The clock goes on.
  void reset(std::uint32_t pc);
  /// Null for none. REQUIRES: outlives the core, or is removed.
  void observe(HardwareObserver* observer);
  /// The observer wants to see accesses to the line at a physical address again, or to all lines.
  void revoke(std::uint32_t physical) {
    for (const CachedRange& range : cached_)
      if (physical - range.physical < range.size) data_cache_.revoke(physical - range.physical + range.base);
  }
  void revoke_all() { data_cache_.revoke_all(); }
  /// Which role the observer's permissions are for from now on. REQUIRES: context < L1Cache::contexts.
  void use_context(std::uint32_t context) {
    data_cache_.use_context(context);
    fast_ = data_cache_.fast_entries(context);
    hidden_at_ = offsetof(L1Cache::Place, hidden) + context * sizeof(L1Cache::Place::Hidden);
  }
  /// Noted with every unseen store. REQUIRES: fits above StoreLog::Record::tag_shift.
  void tag_stores(std::uint32_t tag) { store_tag_ = std::uint64_t{tag} << StoreLog::Record::tag_shift; }

  /// REQUIRES: before the first instruction; the observer outlives the core.
  void watch_calls(std::span<const std::uint32_t> functions, CallObserver& observer);
  /// Those that are under way will not return.
  void forget_watched_calls();

  /// Null for none. REQUIRES: outlives the core, or is removed.
  void watch_blocks(BlockObserver* observer) {
    block_observer_ = observer;
    stop_at(stop_);
  }

  /// Whether one of them is being executed, and not an interrupt handler on top of it.
  bool in_watched_call() const {
    return !watched_calls_.empty() &&
           (handlers_entered_.empty() || watched_calls_.back().depth >= handlers_entered_.back());
  }

  /// Executes from pc() until execution arrives at trap_address. Throws CoreFault.
  void run();

  /// Null for none. REQUIRES: outlives the core.
  void filter_cache_operations(CacheOperationFilter* filter) { filter_ = filter; }

  std::uint32_t pc() const { return pc_; }
  /// The instruction that executes at this moment; 0 when none does, and the simulator itself accesses memory.
  std::uint32_t current_pc() const { return block_ ? block_->pc + block_->offsets[op_ - block_->ops] : 0; }
  /// Where the current function will return to; 0 when nothing called it.
  std::uint32_t return_address() const { return caller_; }
  void set_pc(std::uint32_t pc) { pc_ = pc; }
  /// run() ends at a function's first instruction, before it is executed. trap_address: nowhere. REQUIRES: it has not
  /// been executed yet.
  void stop_before(std::uint32_t function) { stop_before_ = function; }
  /// Prepares a call from outside: run() executes `function` until it returns. A function whose first instruction is
  /// ENTRY is called through the register window. REQUIRES: at most six arguments.
  void begin_call(std::uint32_t function, std::span<const std::uint32_t> arguments);
  /// What the function of the last begin_call() has returned.
  std::uint32_t call_result() const { return a_[result_register_]; }
  /// Where the arguments of the watched function that has just been entered are, from this register on.
  unsigned first_argument() const { return first_argument_; }
  std::uint32_t reg(unsigned index) const { return a_[index]; }
  void set_reg(unsigned index, std::uint32_t value) { a_[index] = value; }
  std::uint32_t special_register(std::uint8_t number) const { return sr_[number]; }
  void set_special_register(std::uint8_t number, std::uint32_t value) { sr_[number] = value; }

  /// The cycle in which the current instruction executes. Exact inside a block too.
  std::uint64_t now() const {
    return block_ ? cycles_ - (block_->cycles - block_->cycles_before[static_cast<std::size_t>(op_ - block_->ops)])
                  : cycles_;
  }
  /// Lets time pass without executing: waiting, or work that is not instructions.
  void advance(std::uint64_t cycles) { cycles_ += cycles; }
  void advance_to(std::uint64_t cycle) {
    if (cycles_ < cycle) cycles_ = cycle;
  }
  /// The cycle at which run() asks the environment what happened meanwhile; sooner when an interrupt or the watchdog is
  /// due.
  void set_horizon(std::uint64_t cycle) { stop_at(interrupt_pending() ? 0 : std::min(cycle, watchdog_)); }
  /// The core, which is about to repeat a compare-and-swap that fails, has done so, and what lies in between, that many
  /// times; the next one would begin at `next`.
  void add_repeated_swaps(std::uint64_t times, std::uint64_t next);
  void set_watchdog(std::uint64_t cycle) { watchdog_ = cycle; }

  /// Level-1 interrupt lines. REQUIRES: line < 32.
  void raise_interrupt(unsigned line);
  void lower_interrupt(unsigned line);
  bool interrupt_pending() const;
  /// Enters the interrupt vector; the handler's RFE leads back to pc(). REQUIRES: interrupt_pending().
  void enter_interrupt();
  /// Makes the interpreter go on at `pc` after the environment's current callback returns.
  void restart_at(std::uint32_t pc);

  /// An operation on the data cache as an instruction of one cycle would make it. Throws CoreFault as that does.
  void cache_operation(CacheOperation operation, std::uint32_t address) {
    advance(1);
    data_cache_operation(operation, address);
  }

  /// The instructions in the line at a physical address may be old: the observer sees them being entered, until the
  /// instruction cache loses the line.
  void distrust_code(std::uint32_t line);

  /// An operation on the instruction cache as an instruction of one cycle would make it. Throws CoreFault as that does.
  void code_operation(CacheOperation operation, std::uint32_t address) {
    advance(1);
    instruction_cache_operation(operation, address);
  }

  // Data accesses as a load or store instruction of one cycle would make them.
  std::uint32_t load(std::uint32_t address, unsigned bytes);
  void store(std::uint32_t address, std::uint32_t value, unsigned bytes);

  /// What this core would read, without any effect. False when nothing is mapped there.
  bool peek(std::uint32_t address, std::span<std::uint8_t> bytes) const;

  L1Cache& data_cache() { return data_cache_; }
  const L1Cache& data_cache() const { return data_cache_; }
  L1Cache& instruction_cache() { return instruction_cache_; }
  CoreStatistics statistics() const;
  std::uint32_t id() const { return config_.id; }
  /// Calls that have not returned.
  std::uint32_t call_depth() const { return frame_count_; }
  /// Innermost first.
  std::vector<StackFrame> call_stack() const;
  /// The innermost frames, as many as there is room for. Returns how many there are.
  std::size_t call_stack(std::span<StackFrame> frames) const;
  /// PS.RING: 0 for the kernel, other rings for user mode. REQUIRES: ring < 4.
  void set_ring(std::uint32_t ring);
  bool user_mode() const { return (sr_[special::ps] & ps::ring) && !(sr_[special::ps] & ps::excm); }

  /// Ends the run with this core's position attached.
  [[noreturn]] void fault(FaultCause cause, const std::string& detail = {}, std::uint32_t address = 0,
                          Refusal refusal = {});

 private:
  friend class BlockCache;

  /// A cache's way to memory: charges the wait to the core.
  class Port : public LinePort {
   public:
    explicit Port(Core& core) : core_(core) {}
    void fill(std::uint32_t line_address, std::span<std::uint8_t> line, bool prefetch) override;
    void write_back(std::uint32_t line_address, std::span<const std::uint8_t> line, const ByteMask& bytes) override;
    void write_through(std::uint32_t address, std::span<const std::uint8_t> bytes) override;
    bool may_prefetch(std::uint32_t line_address) const override;

   protected:
    Core& core_;
  };
  class DataPort final : public Port {
   public:
    using Port::Port;
    Permission filled(std::uint32_t line_address, StoreLog& log) override;
    void end_log(StoreLog& log) override;
  };
  class InstructionPort final : public Port {
   public:
    using Port::Port;
    void fill(std::uint32_t line_address, std::span<std::uint8_t> line, bool prefetch) override;
  };

  template <unsigned LineShift>
  void execute(HandlerTable* table);
  void interpret(HandlerTable* table);
  /// Executes the instruction at op_ of block_. Where it leaves the block, pc_ says where to.
  Stepped step();
  Stepped after_step() const;
  HandlerTable handlers();
  void clear_blocks();
  static TranslatorCallbacks translator_callbacks();

  // Slow paths of the interpreter
  bool at_horizon(Block& block);
  void stop_at(std::uint64_t cycle) {
    stop_ = cycle;
    horizon_ = window_room_ < most_room || block_observer_ ? 0 : cycle;
  }
  Block* block_at(std::uint32_t pc);
  void fetch_block(Block& block);
  void show_entered(const Block& block);
  const std::uint8_t* fetch_line(std::uint32_t address);
  /// Whether an access goes beyond the data cache.
  bool needs_bus(const Region& region, std::uint32_t address) const;
  std::uint32_t load_slow(std::uint32_t address, unsigned bytes, Ordering ordering = Ordering::plain);
  void store_slow(std::uint32_t address, std::uint32_t value, unsigned bytes, Ordering ordering = Ordering::plain);
  /// Has the line of an access that is made through the cache, and has nothing else to it, be the most recently used of
  /// its set, fetched if need be. REQUIRES: the address is in a cached range.
  bool have_line(std::uint32_t address) {
    if (data_cache_.touch(address)) return true;
    if (checked_) return false;
    environment_.synchronise();
    data_cache_.fetch(address);
    return true;
  }
  /// Loads through the cache, if the observer need not see it: most slow accesses find another line of their set than
  /// the last one, or miss, and nothing else.
  bool load_unseen(std::uint32_t address, unsigned bytes, std::uint32_t& value);
  /// What a log notes of a store of the current instruction.
  StoreLog::Record store_record() const { return {now() + store_tag_, current_pc(), caller_}; }
  /// The same for a store.
  bool store_unseen(std::uint32_t address, std::span<const std::uint8_t> stored);
  std::uint32_t load_acquire(std::uint32_t address);
  void store_release(std::uint32_t address, std::uint32_t value);
  std::uint32_t compare_and_swap(std::uint32_t address, std::uint32_t desired);
  // L32EX and what belongs to it. A store takes place where the word still has the value that was read.
  std::uint32_t load_exclusive(std::uint32_t address);
  std::uint32_t store_exclusive(std::uint32_t address, std::uint32_t value);
  std::uint32_t exchange_exclusive_result(std::uint32_t value);
  void clear_exclusive() { exclusive_.reset(); }
  /// Whether an atomic access is made within the data cache; else at memory, past it.
  bool is_atomic_in_cache(const Region& region, std::uint32_t address, const char* instruction);
  /// Writes the line of an atomic access at memory back and drops it, on cores that do. Whether it did.
  bool drop_for_atomic(const Region& region, std::uint32_t address);
  enum class Accumulate { set_unsigned, set, add, subtract };
  /// MAC16: ACC and the product of halves of two registers; bit 0 of `halves`: the upper of `x`, bit 1: of `y`.
  void accumulate(Accumulate what, std::uint32_t x, std::uint32_t y, std::uint32_t halves);
  void observe_swap(std::uint32_t physical, bool drops, std::uint32_t held, std::uint32_t expected,
                    std::uint32_t desired);
  void note_retry(std::uint32_t address);
  void note_failed_swap(std::uint32_t address, std::uint32_t held, std::uint64_t begin);
  void data_cache_operation(CacheOperation operation, std::uint32_t address);
  void instruction_cache_operation(CacheOperation operation, std::uint32_t address);
  std::uint32_t read_special(std::uint32_t number);
  void write_special(std::uint32_t number, std::uint32_t value);
  std::uint32_t exchange_special(std::uint32_t number, std::uint32_t value);
  std::uint32_t read_user(std::uint32_t number);
  void write_user(std::uint32_t number, std::uint32_t value);
  std::uint32_t raise_interrupt_level(std::uint32_t level);
  void wait_for_interrupt(std::uint32_t level, std::uint32_t next_pc);
  std::uint32_t return_from_exception();
  std::uint32_t return_from_interrupt(std::uint32_t level);
  std::uint32_t take_syscall(std::uint32_t pc);
  [[noreturn]] void illegal_instruction();
  void simulator_call();
  // Register windows: window.cpp. What may go elsewhere returns where execution goes on.
  void push_window_call(unsigned increment, std::uint32_t callee, std::uint32_t return_address);
  std::uint32_t enter_window(unsigned stack_register, std::uint32_t frame_bytes);
  std::uint32_t return_from_window();
  std::uint32_t return_from_window_handler(bool underflow);
  std::uint32_t move_stack_pointer(unsigned target, unsigned source);
  void move_window(std::uint32_t quads);
  /// Moves the window, and sets WINDOWSTART.
  void show_window(std::uint32_t quads, std::uint32_t starts);
  /// Which of three quads are the first of a frame, from `quads` before or behind WINDOWBASE on: bits 0 to 2.
  std::uint32_t frames_from(std::uint32_t quads) const {
    const std::uint64_t starts = sr_[special::windowstart];
    return static_cast<std::uint32_t>((starts | starts << (quad_mask_ + 1)) >>
                                      ((sr_[special::windowbase] + quads) & quad_mask_)) &
           7;
  }
  void write_windowstart(std::uint32_t value);
  std::uint32_t enter_window_vector(std::uint32_t vector, std::uint32_t pc, std::uint32_t quads);
  std::uint32_t save_frame(std::uint32_t pc);
  std::uint32_t restore_frame(std::uint32_t pc, std::uint32_t increment);
  bool make_room(Block& block);
  bool frame_begins_at(std::uint32_t quads) const {
    return sr_[special::windowstart] >> ((sr_[special::windowbase] + quads) & quad_mask_) & 1;
  }
  void measure_room();

  void start_loop(std::uint32_t count, std::uint32_t begin, std::uint32_t end);
  std::uint32_t after_block(const Block& block);

  const Region& region_for(std::uint32_t address, unsigned bytes, const char* what);
  /// Returns the vector. Its handler is no call of the call stack.
  std::uint32_t take_exception(std::uint32_t cause, std::uint32_t pc);
  void enter_vector(std::uint32_t cause, std::uint32_t pc);
  void push_frame(std::uint32_t callee, std::uint32_t return_address);
  void pop_frame(std::uint32_t return_address);
  /// After every change of PS: accesses of user mode are checked one by one, and windows where they are on.
  void apply_ps();
  L1Cache::FastAccess fast_access() const;
  void check_privilege(std::uint32_t address, std::uint32_t physical, const char* what);
  void enter_watched(std::uint32_t function);
  void leave_watched();

  CoreConfig config_;
  struct CachedRange {
    std::uint32_t physical, size, base;
  };
  std::vector<CachedRange> cached_;  ///< where physical addresses are seen through the cache
  const CachedRange* cached_range(std::uint32_t address) const {
    for (const CachedRange& range : cached_)
      if (address - range.base < range.size) return &range;
    return nullptr;
  }
  const AddressMap& map_;
  CoreEnvironment& environment_;
  HardwareObserver* observer_ = nullptr;
  CacheOperationFilter* filter_ = nullptr;
  DataPort data_port_;
  InstructionPort instruction_port_;
  L1Cache data_cache_;
  L1Cache instruction_cache_;
  std::array<std::uint32_t, 256> sr_{};
  BlockCache blocks_;
  Translator translator_;
  std::exception_ptr thrown_;  ///< by a callback of translated code
  std::array<std::uint32_t, 3> user_{};  ///< user registers, by user::
  std::array<std::uint32_t, 16> f_{};  ///< the bits of the floating-point registers
  struct Exclusive {
    std::uint32_t address, value;
  };
  std::optional<Exclusive> exclusive_;  ///< of the last L32EX
  static constexpr std::uint32_t most_room = 3;
  std::uint32_t window_room_ =
      most_room;  ///< quads behind the first that instructions may use before a frame has to be saved
  std::uint32_t quad_mask_ = 15;  ///< of numbers of quads of physical registers
  std::uint64_t stop_ = 0;  ///< the horizon that was asked for; horizon_ may be sooner
  unsigned first_argument_ = 2, result_register_ = 2;
  std::uint32_t stop_before_ = trap_address;
  bool restarted_ = false;
  bool checked_ = false;  ///< user mode, on a platform that protects memory from it
  std::uint64_t watchdog_ = ~0ull;
  std::uint64_t uncached_reads_ = 0;
  std::uint64_t uncached_writes_ = 0;
  std::uint64_t atomics_ = 0, lines_dropped_by_atomics_ = 0;
  std::uint64_t cache_operations_ = 0;
  /// The last S32C1I, if it failed. Where the next one finds the same registers, and nothing else has happened, the
  /// loop around it repeats itself.
  struct FailedSwap {
    bool valid = false;
    std::uint32_t pc = 0, address = 0, held = 0;
    std::uint64_t begin = 0, end = 0;
    std::uint64_t instructions = 0;
    std::uint64_t other_effects = 0;  ///< accesses, misses, calls of the simulator until then
    std::array<std::uint32_t, 16> registers{};
    std::array<std::uint32_t, 6> others{};  ///< SAR, LCOUNT, SCOMPARE1, PS, WINDOWBASE, calls that have not returned
    // From the one before to this one, if both were the same:
    bool repeats = false;
    std::uint64_t gap = 0;  ///< from the end of the one before
    std::uint64_t instructions_between = 0;
  };
  FailedSwap failed_swap_;
  std::uint64_t waiting_cycles_ = 0, waiting_instructions_ = 0;
  std::uint64_t unseen_effects_ = 0;  ///< calls of the simulator and of watched functions, waits for interrupts
  std::uint64_t other_effects() const {
    return counts_.data_accesses + cache_operations_ + instruction_cache_.statistics().misses + unseen_effects_;
  }
  std::array<std::uint32_t, 6> loop_registers() const {
    return {sar_,        sr_[special::lcount], sr_[special::scompare1], sr_[special::ps], sr_[special::windowbase],
            frame_count_};
  }
  struct WatchedCall {
    std::uint32_t function, depth;
    bool nested;
  };
  CallObserver* call_observer_ = nullptr;
  BlockObserver* block_observer_ = nullptr;
  std::vector<WatchedCall> watched_calls_;  ///< those that have not returned, outermost first
  std::vector<std::uint32_t>
      handlers_entered_;  ///< frames that were there when each exception handler began, outermost first
  std::vector<std::uint8_t> uncached_line_;  ///< the last line fetched past the instruction cache
};

}  // namespace dspmem
