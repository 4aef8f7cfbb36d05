// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>

#include "models/random.h"
#include "models/system.h"
#include "sim/image/firmware_image.h"
#include "sim/replay/findings.h"
#include "sim/replay/heap_tracker.h"
#include "sim/replay/maintenance_sites.h"
#include "sim/replay/objects.h"
#include "sim/replay/patterns.h"
#include "sim/replay/power_account.h"
#include "sim/replay/scenario.h"
#include "sim/replay/suppressions.h"
#include "sim/report/result.h"
#include "sim/trace/trace_file.h"

namespace dspmem {

struct ReplayOptions {
  std::optional<std::uint64_t> seed;
  bool interpret = false;  ///< translate no code
  std::optional<std::uint32_t> quantum_cycles;
  std::optional<std::uint64_t> watchdog_cycles;
  bool check_coherency = true;
  std::optional<std::string> energy;  ///< energy figures instead of the platform's
  std::uint64_t quarantine_bytes = 0;  ///< see HeapTracker::quarantine()
  const Relocation* relocation = nullptr;  ///< objects to put elsewhere than the allocator would
  const SuppressionList* suppressions = nullptr;  ///< findings to leave out
  TraceWriter* recorder = nullptr;  ///< what the cores do is written there
  MaintenanceSites* sites = nullptr;  ///< records, and may leave out, cache operations
  bool show_progress = false;  ///< a line on stderr, rewritten as the replay goes on
};

/// An allocation without a name, as workloads and traces have many.
struct AnonymousBlock {
  std::uint32_t address = 0, bytes = 0;  ///< address 0: the allocation failed, as it may
  Zone zone = Zone::runtime;
  std::uint32_t flags = 0, capabilities = 0;
  bool shared() const { return flags & 1; }
  std::optional<std::uint32_t> tag;  ///< what its first and last word hold while it lives
};

/// Runs one scenario on the simulated platform: boots the firmware, then executes each core's steps in that core's process.
class Replay : public CoreHost, public HeapListener {
 public:
  /// REQUIRES: `platform` as the allocator sees it, and all of them outlive the replay.
  Replay(const Scenario& scenario, const Platform& platform, const Allocator& allocator, const FirmwareImage& image, const ReplayOptions& options);
  ~Replay() override;

  /// Throws InputError for mistakes in the scenario that only running shows, a deadlock among them.
  Result run();

  /// After run(): what the zones were asked for, and whether every relocated object found room.
  const SizeProfile& sizes() const { return heap_->sizes(); }
  bool relocation_fits() const { return heap_->relocation_fits(); }

  // ---- For steps ----

  struct Request {
    Zone zone = Zone::runtime;
    std::uint32_t flags = 0;
    std::uint32_t capabilities = 0;
    std::uint32_t bytes = 0;
    std::uint32_t alignment = 0;
    bool zeroed = false;
    const SourceMark* group = nullptr;  ///< where the account of power counts it, when it has no name of its own
  };

  const Platform& platform() const { return platform_; }
  const ScenarioNames& names() const { return names_; }
  std::uint64_t seed() const { return result_.seed; }

  /// Calls a firmware function. An unknown name is an InputError at `mark`.
  std::uint32_t call(DspCore& core, const std::string& function, std::initializer_list<std::uint32_t> arguments, const SourceMark& mark);
  std::uint32_t call(DspCore& core, const std::string& function, std::span<const std::uint32_t> arguments, const SourceMark& mark);

  // Allocation, with every answer of the allocator checked. Addresses are as the allocator returns them; 0 for none.
  std::uint32_t allocate(DspCore& core, const Request& request, const std::string& name, const SourceMark& mark);
  /// Gives an object a new size, in another place if need be; 0 when there is no room.
  std::uint32_t reallocate(DspCore& core, const Object& object, std::uint32_t bytes, const SourceMark& mark);
  void release(DspCore& core, std::uint32_t address, const SourceMark& mark);
  const Allocator& allocator() const { return allocator_; }

  Object& add_object(Object object, const SourceMark& mark);
  /// The allocation of `name` failed, as it may: freeing it is freeing nothing.
  void deny(const std::string& name) {
    objects_.erase(name);
    denied_.insert(name);
  }
  bool denied(const std::string& name) const { return denied_.contains(name); }
  /// Throws InputError when the object is not allocated at this moment.
  Object& object(const std::string& name, const SourceMark& mark);
  std::uint32_t cached(std::uint32_t address) const { return system_->map().alias(address, RegionKind::cached); }
  std::uint32_t uncached(std::uint32_t address) const { return system_->map().alias(address, RegionKind::uncached); }
  /// Memory as it is below the caches.
  void inspect(std::uint32_t address, std::span<std::uint8_t> bytes) { system_->inspect(address, bytes); }
  /// This core's cache fetches a line that no instruction asked for.
  void prefetch(DspCore& core, std::uint32_t cached_address);
  void core_went_down(std::uint32_t core, const SourceMark& mark);
  /// What this core allocates next is the object `name`.
  void name_next(DspCore& core, const std::string& name, const SourceMark& mark) { heap_->name_next(core.id(), name, mark, std::nullopt, nullptr, false); }

  // Synchronisation between cores. The core's time advances to that of whoever it waited for.
  void signal(DspCore& core, const std::string& name);
  void wait(DspCore& core, const std::string& name, const SourceMark& mark);
  void barrier(DspCore& core, const std::string& name, const SourceMark& mark);
  /// The cycles that a wake-up from light sleep took.
  void note_wake(std::uint64_t cycles) { result_.wake_latency = std::max(result_.wake_latency.value_or(0), cycles); }
  std::uint64_t cycles_of(std::uint64_t nanoseconds) const;

  void expect(bool passed, const std::string& text, const std::string& actual, const SourceMark& mark);
  void stale_read(Result::StaleRead read);
  void finding(DspCore& core, const std::string& rule, const std::string& message, const SourceMark& mark);
  /// heap-misuse of a known object.
  void misuse(DspCore& core, const std::string& message, const Object& object, const SourceMark& mark);
  /// Finds reads of bytes that nobody has written since they were allocated. Looks only where coherency is checked.
  void check_initialised(DspCore& core, std::uint32_t address, std::uint32_t bytes, const Object& object, const SourceMark& mark);
  /// Masters without a cache: dma0 to dma3 are 0 to 3, then the host.
  static constexpr std::uint32_t host_master = 4;
  /// Accesses of masters that have no cache, started by `core` and waited for: they are ordered after what the core did before, and
  /// before what it does next.
  void master_write(DspCore& core, std::uint32_t master, std::uint32_t address, std::span<const std::uint8_t> bytes, const SourceMark& mark);
  void master_read(DspCore& core, std::uint32_t master, std::uint32_t address, std::span<std::uint8_t> bytes, const SourceMark& mark);
  /// Ends the run after a failed expectation that leaves nothing to go on with.
  [[noreturn]] void stop();

  void run_steps(DspCore& core, const StepList& steps);
  /// This core is at `step` from now on, which outlives the replay.
  void begin_step(DspCore& core, const Step& step);
  // For steps that repeat others: looks for heaps that grow in every round. With a period (cycles) the end of a round waits for the next
  // one to begin. `loop` tells apart the loops of a core; the variants with a mark are for steps, and recorded.
  void begin_loop(DspCore& core, std::uint64_t loop, std::uint64_t period);
  void end_round(DspCore& core, std::uint64_t loop, const SourceMark& mark);
  void end_loop(DspCore& core, std::uint64_t loop, const SourceMark& mark);
  void begin_loop(DspCore& core, const SourceMark& mark, std::uint64_t period = 0);
  void end_round(DspCore& core, const SourceMark& mark);
  void end_loop(DspCore& core, const SourceMark& mark);
  void set_ring(DspCore& core, std::uint32_t ring);

  // Recordings.
  bool recording() const { return options_.recorder != nullptr; }
  /// REQUIRES: recording(). `row` is about to happen.
  void record(DspCore& core, TraceRow row);
  std::string new_trace_id() { return std::to_string(next_trace_id_++); }

  /// What the cores that execute one trace have in common.
  struct TraceState {
    std::uint64_t next_row = 0;  ///< where rows of all cores follow each other
    std::optional<std::uint64_t> start;  ///< the cycle of the first row
    std::unordered_map<std::uint64_t, AnonymousBlock> blocks;
  };
  TraceState& trace_state(const std::string& file) { return traces_[file]; }
  /// Waits until row `index` is due; then nobody else executes one until end_turn().
  void begin_turn(DspCore& core, TraceState& state, std::uint64_t index, const SourceMark& mark);
  void end_turn(DspCore& core, TraceState& state);
  /// For steps that take long: `done` of `total`.
  void progress(DspCore& core, std::uint64_t done, std::uint64_t total);

 private:
  struct Stopped {};

  void record_loop(DspCore& core, const char* name, std::uint64_t loop);

  /// The object that signals, barriers and the like synchronise on.
  std::uint64_t sync_object(const std::string& kind, const std::string& name);
  void order_release(const DspCore& core, std::uint64_t object);
  void order_acquire(const DspCore& core, std::uint64_t object);
  void report_gated_bank(const CoreFault& fault);
  /// `state`: what is the matter with the bank.
  void report_gated_access(const Sram& sram, std::uint32_t index, const Result::Deed& access, const std::string& state);
  /// A bank is switched off, with live data in it, or lines of it in caches.
  void report_bank_off(std::uint32_t address, std::uint32_t bytes, const Deed& power_off);
  /// What a bank goes off too early for, as far as it is the same for all of that.
  Result::Finding beside_off(const Deed& power_off, const CoherencyChecker::Use& use) const;
  void report_dirty_under_off(std::uint32_t address, std::uint32_t bytes, const Deed& power_off);
  void report_used_beside_off(std::uint32_t address, std::uint32_t bytes, const Deed& power_off);
  void report_loss(std::uint32_t address, std::uint32_t bytes, const Deed& power_off);
  /// A master without a cache was refused, or would have been: the host and the masters of steps move bytes without a bus.
  void report_refused(const Deed& access, std::uint32_t address);
  void report_foreign_free(Core& core, const LiveMemory::Block& block);
  void report_left_dirty(Core& core, const LiveMemory::Block& block, const Deed& write);
  void report_used_beside_free(Core& core, const LiveMemory::Block& block, const Deed& use);
  /// In words, when a core waits for banks that will never be ready.
  std::string hopeless_poll(std::uint32_t core) const;
  void report_access_violation(const CoreFault& fault);
  void report_leaks();
  void report_redundant_maintenance();
  void set_shared(std::uint32_t cached_address, std::uint32_t bytes, bool shared);
  AgentId agent_of(std::uint32_t master) const;
  std::uint32_t physical(std::uint32_t address) const { return system_->map().find(address)->to_physical(address); }
  /// Does something in the name of a master that `core` starts and waits for.
  void as_master(DspCore& core, AgentId agent, std::size_t bytes, const SourceMark& mark, const std::function<void()>& access);
  void forget(std::uint32_t cached_address, std::uint32_t bytes);

  // HeapListener
  void on_allocator(Core& core) override { if (coherency_) coherency_->on_new_context(core); }
  void on_allocated(Core& core, const LiveMemory::Block& block, const std::string& wrong) override;
  void on_freeing(Core& core, const LiveMemory::Block& block) override;
  void on_resizing(Core& core, const LiveMemory::Block& block) override;
  void on_bad_free(Core& core, std::uint32_t address, const LiveMemory::Block* freed) override;
  void on_bookkeeping(const Core& core, std::uint32_t address, std::uint32_t bytes) override { power_->bookkeeping(address, bytes, core.now()); }
  void on_bookkeeping_gone(const Core& core, std::uint32_t address, std::uint32_t bytes) override { power_->bookkeeping_gone(address, bytes, core.now()); }
  void on_stray_access(const Core* core, const Deed& access, std::uint32_t address, std::uint32_t bytes) override;
  void on_uninitialised_read(const Core& core, const Deed& access, const LiveMemory::Block& block, std::uint32_t address) override;

  // CoreHost
  void run_program(DspCore& core) override;
  std::uint32_t simulator_call(DspCore& core, std::uint32_t number, std::span<const std::uint32_t, 3> arguments) override;
  void core_power(DspCore& core, bool on, std::uint64_t cycle) override;
  void failed(std::exception_ptr failure) override;

  /// What the binding says to pass. `request` and the rest say what the kinds of argument stand for.
  struct Use {
    Request request;
    std::uint32_t pointer = 0, old_bytes = 0;
  };
  std::uint32_t use_allocator(DspCore& core, const AllocatorFunction& function, const Use& use, const SourceMark& mark);
  const AllocatorFunction& allocator_function(AllocatorFunction::Role role, Zone zone, bool aligned, const SourceMark& mark) const;
  void initialise_allocator(DspCore& core);
  bool needs_whole_lines(const Request& request) const;
  std::uint32_t whole_lines(std::uint32_t bytes) const;
  /// The view of memory that an allocator gave out, for data that several cores use.
  std::uint32_t shared_view(DspCore& core, std::uint32_t address, std::uint32_t bytes, const SourceMark& mark);
  void load_firmware();
  void place_objects();
  void power_secondary_cores(DspCore& core);
  void collect_heaps(DspCore& core);
  void collect_hardware();
  void report_crash(const CoreFault& fault);
  [[noreturn]] void report_deadlock() const;
  std::string read_text(DspCore& core, std::uint32_t address, std::uint32_t length);
  void block(DspCore& core, const std::string& reason, const SourceMark& mark, const std::function<bool()>& ready);

  const Scenario& scenario_;
  const Platform& platform_;
  const Allocator& allocator_;
  const FirmwareImage& image_;
  ReplayOptions options_;
  ScenarioNames names_;
  std::unique_ptr<SimulationContext> context_;
  std::unique_ptr<System> system_;
  Result result_;
  LiveMemory live_;
  std::unique_ptr<HeapTracker> heap_;
  EnergyPreset energy_;
  std::unique_ptr<PowerAccount> power_;
  FindingLog log_;
  std::unique_ptr<CoherencyObserver> coherency_;  ///< null when switched off
  std::map<std::string, Object> objects_;
  std::set<std::string> denied_;
  std::map<std::string, std::uint64_t> signals_;                             ///< times given
  std::map<std::pair<std::string, std::uint32_t>, std::uint64_t> consumed_;  ///< times a core has waited for it
  std::map<std::string, std::uint64_t> barrier_arrivals_;
  std::map<std::string, std::uint64_t> sync_objects_;
  struct Wait {
    std::string reason;
    SourceMark mark;
  };
  std::map<std::uint32_t, Wait> waiting_;  ///< per core: what it waits for
  std::map<std::uint32_t, const Step*> current_step_;
  std::size_t finished_ = 0;
  /// A loop that a core is in, and what the heaps did in its rounds so far, by heap.
  struct Loop {
    std::uint64_t start = 0, period = 0, rounds = 0, late = 0;
    std::vector<std::uint64_t> before;  ///< live bytes at the end of the last round
    std::vector<std::uint64_t> grown;   ///< rounds in a row in which it grew
    std::vector<std::uint64_t> bytes;   ///< by how much, in these
  };
  std::map<std::pair<std::uint32_t, std::uint64_t>, Loop> loops_;  ///< by core and loop
  std::map<const SourceMark*, std::uint64_t> loop_numbers_;
  std::map<std::string, TraceState> traces_;
  std::uint64_t next_trace_id_ = 1;
  std::exception_ptr failure_;
  std::uint64_t steps_done_ = 0;
  /// How fast a core's present loop of steps or operations goes, for the estimate of what is left.
  struct Pace {
    std::uint64_t total = 0, first = 0, since_ms = 0, done = 0;
  };
  std::map<std::uint32_t, Pace> paces_;
  std::uint64_t next_progress_ms_ = 0;
};

}  // namespace dspmem
