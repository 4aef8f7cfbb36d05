// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/coherency/coherency_observer.h"
#include "models/devices/device_order.h"
#include "models/observe/hub.h"
#include "models/system.h"
#include "sim/diagnose/diagnosis.h"
#include "sim/heap/interventions.h"
#include "sim/heap/shadow_observer.h"
#include "sim/power/account.h"
#include "sim/scenario/scenario.h"
#include "sim/session/allocator_port.h"
#include "sim/session/current_steps.h"
#include "sim/session/loop_watch.h"
#include "sim/session/maintenance_sites.h"
#include "sim/session/masters.h"
#include "sim/session/object_table.h"
#include "sim/session/outcome.h"
#include "sim/session/progress.h"
#include "sim/session/recorder.h"
#include "sim/session/rendezvous.h"
#include "sim/session/start_up.h"

namespace dspmem {

struct ReplayOptions {
  std::optional<std::uint64_t> seed;
  bool interpret = false;  ///< translate no code
  std::optional<std::uint32_t> quantum_cycles;
  std::optional<std::uint64_t> watchdog_cycles;
  bool check_coherency = true;
  bool strict = false;  ///< warnings fail
  bool check_heap = true;
  std::optional<std::string> energy;  ///< energy figures instead of the platform's
  Edits energy_edits = {};  ///< of the energy figures' file
  std::uint64_t quarantine_bytes = 0;  ///< see Quarantine; 0: none
  const Relocation* relocation = nullptr;  ///< objects to put elsewhere than the allocator would
  const SuppressionList* suppressions = nullptr;  ///< findings to leave out
  const Baseline* baseline = nullptr;  ///< findings that are known
  TraceWriter* recorder = nullptr;  ///< what the cores do is written there
  MaintenanceSites* sites = nullptr;  ///< records, and may leave out, cache operations
  int (*interrupted)() = nullptr;  ///< the signal that asks the run to end; 0 for none
  bool stop_at_first = false;  ///< end at the first finding that fails
  std::optional<std::uint64_t> until;  ///< end when a core reaches this cycle, to within a quantum
  std::vector<std::string> dump;  ///< objects, variables or addresses to show as they are at the end
  bool show_progress = false;  ///< a line on stderr, rewritten as the replay goes on
  /// An order that locks do not give: the core takes a lock when no other core can go on, or after a while; but the
  /// first `before` times before any other core takes one.
  struct LockOrder {
    std::uint32_t core = 0, before = 0;
  };
  std::optional<LockOrder> lock_order;
  std::vector<Result::Finding> also_found;  ///< by other replays: reported where this one finds nothing alike
  std::vector<Subscriber*> subscribers;  ///< are told of every event; outlive the session
  std::vector<HardwareObserver*> observers;  ///< see the hardware's; outlive the session
  BlockObserver* blocks = nullptr;  ///< sees every block of instructions
};

/// One scenario, platform, allocator and firmware image, read and checked.
struct SessionInput {
  const Scenario& scenario;
  const Platform& platform;  ///< as the allocator sees it
  const Allocator& allocator;
  const FirmwareImage& image;
};

/// Runs one scenario on the simulated platform: boots the firmware, then executes each core's steps in that core's
/// process.
class Session final : public CoreHost {
 public:
  /// REQUIRES: what the input refers to outlives the session.
  Session(const SessionInput& input, const ReplayOptions& options);
  ~Session() override;

  /// Throws InputError for mistakes in the scenario that only running shows, a deadlock among them.
  Result run();

  /// After run(): what the zones were asked for, and whether every relocated object found room.
  const SizeProfile& sizes() const { return costs_.sizes(); }
  bool relocation_fits() const { return !relocator_ || relocator_->fits(); }

 private:
  friend class StepContext;
  /// Thrown by StepContext::stop().
  struct Stopped {};
  class CoherencyLink;

  void connect();
  void load_firmware();
  void place_objects();
  void power_secondary_cores(DspCore& core);
  void run_steps(StepContext& context, const StepList& steps);
  void begin_step(const Actor& actor, const SourceMark* where, const std::string* kind);
  /// Whoever executes them has done its steps.
  void finish_steps(const Actor& actor);
  std::size_t programs() const { return input_.scenario.cores.size() + input_.scenario.agents.size(); }
  void collect_heaps(DspCore& core);
  void add_also_found();
  void before_lock(DspCore& core);
  bool can_go_on(AgentId agent) const;
  void after_unlock(DspCore& core);
  void collect_hardware();
  std::string hopeless_poll(AgentId core);
  void note_deadlock();
  /// Where nothing is, the address itself: what firmware passes may be anything.
  std::uint32_t physical(std::uint32_t address) const {
    const Region* region = system_->map().find(address);
    return region ? region->to_physical(address) : address;
  }

  // CoreHost
  void run_program(DspCore& core) override;
  void run_master(ScriptedMaster& master) override;
  std::uint32_t simulator_call(DspCore& core, std::uint32_t number,
                               std::span<const std::uint32_t, 3> arguments) override {
    return firmware_.serve(core, number, arguments);
  }
  void core_power(DspCore& core, bool on, std::uint64_t cycle) override {
    bus_.emit(CoreChanged{static_cast<AgentId>(core.id()), on, cycle});
  }
  bool interrupted() const override;
  struct Range {
    std::uint32_t address, bytes;
  };
  /// Of "0x9e021000+64"; nothing for what begins with no number. Throws InputError where there is no such memory.
  std::optional<Range> range_of(const std::string& what);
  void check_dumps();
  /// Its name; empty when the memory is there.
  std::string bank_that_is_off(std::uint32_t physical) const;
  void dump(const std::string& what);
  void failed(std::exception_ptr failure) override;

  // What is run.
  const SessionInput input_;
  ReplayOptions options_;
  ScenarioNames names_;
  SystemConfig config_;
  Result result_;

  // The hardware, and who watches it.
  SimulationContext context_;
  std::unique_ptr<System> system_;
  EventBus bus_;
  ObserverHub hub_;
  Origins origins_;
  DeviceOrder device_order_;
  OriginTracker origin_tracker_;
  LiveMemory live_;
  HeapCosts costs_;
  WatchedFunctions functions_;
  AllocatorWatch allocator_watch_;
  CurrentSteps steps_;
  BankWatch banks_;
  Describer describer_;
  FindingLog log_;
  StartUp start_up_;
  std::unique_ptr<HeapShadow> shadow_;  ///< null when switched off
  std::unique_ptr<ShadowObserver> shadow_observer_;
  std::unique_ptr<CoherencyLink> coherency_link_;  ///< null when switched off
  CoherencyObserver* coherency_ = nullptr;  ///< in it
  EnergyPreset energy_;
  PowerAccount power_;
  std::vector<std::unique_ptr<Subscriber>> diagnoses_;
  std::unique_ptr<Quarantine> quarantine_;
  std::unique_ptr<Relocator> relocator_;

  // What steps use.
  Order order_;
  ObjectTable objects_;
  Rendezvous rendezvous_;
  StandIns stand_ins_;
  FirmwareCalls firmware_;
  AllocatorPort allocator_;
  Masters masters_;
  LoopWatch loops_;
  Recorder recorder_;
  Progress progress_;
  Outcome outcome_;
  /// What the cores that execute one trace have in common, by file: kept here, used by the step.
  std::map<std::string, std::shared_ptr<void>> shared_by_steps_;

  unsigned locks_held_ = 0;  ///< by the core that ReplayOptions::lock_order is about
  std::uint32_t sections_done_ = 0;  ///< of it: from no lock to no lock
  std::uint64_t waited_for_others_ = 0;  ///< cycles, by that core
  std::set<AgentId> finished_;  ///< who has done its steps
  std::exception_ptr failure_;
  mutable std::size_t findings_seen_ = 0;  ///< when interrupted() looked last
  mutable std::string stopped_;  ///< why it said yes
};

}  // namespace dspmem
