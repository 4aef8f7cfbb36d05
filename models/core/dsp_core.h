// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>

#include "models/bus_access.h"
#include "models/core/core.h"
#include "models/core/time_keeper.h"
#include "models/memory/sram.h"

namespace dspmem {

class DspCore;
class ScriptedMaster;

/// Thrown in a core's process when its host is interrupted.
struct Interrupted {};

/// What happens on the cores besides their own instructions.
class CoreHost {
 public:
  virtual ~CoreHost() = default;
  /// Runs in the core's SystemC process after its first boot: calls functions of the firmware, accesses memory, waits.
  /// When it returns, the core only serves interrupts.
  virtual void run_program(DspCore& core) = 0;
  /// Runs in the master's SystemC process once it is started.
  virtual void run_master(ScriptedMaster& master) { (void)master; }
  /// SIMCALL of the firmware; the result goes to a2.
  virtual std::uint32_t simulator_call(DspCore& core, std::uint32_t number,
                                       std::span<const std::uint32_t, 3> arguments) = 0;
  /// The core's power goes on or off.
  virtual void core_power(DspCore& core, bool on, std::uint64_t cycle) { (void)core, (void)on, (void)cycle; }
  /// Whether the run is to end now: asked once a quantum.
  virtual bool interrupted() const { return false; }
  /// Something was thrown in a core's process. The host ends the simulation and reports.
  virtual void failed(std::exception_ptr failure) = 0;
};

/// A Core as a SystemC module: its process, its bus master, its power switch.
class DspCore : public sc_core::sc_module, private CoreEnvironment, private Poller {
 public:
  tlm_utils::simple_initiator_socket<DspCore> initiator_socket;

  DspCore(sc_core::sc_module_name name, const CoreConfig& config, const AddressMap& map, const Clock& clock,
          const CoreLimits& limits, TimeKeeper& keeper, CoreHost& host);
  ~DspCore() override;

  /// Memories that this core may address without the interconnect, which would take so many cycles: same timing, less
  /// host time. What is not among them goes through initiator_socket. REQUIRES: they outlive the core.
  void connect_directly(std::span<const std::unique_ptr<Sram>> srams, std::uint32_t latency_cycles);

  Core& core() { return core_; }
  const Core& core() const { return core_; }
  std::uint32_t id() const { return core_.id(); }
  /// How often it has booted.
  std::uint32_t restarts() const { return restarts_; }
  bool powered() const { return powered_; }
  /// Null for none. REQUIRES: outlives this.
  void observe(HardwareObserver* observer) {
    observer_ = observer;
    core_.observe(observer);
  }

  // For devices. `now` is the cycle in which the cause happened.
  void power_on(std::uint32_t boot_address, std::uint64_t now);
  void power_off();
  void raise_interrupt(unsigned line, std::uint64_t now);
  void lower_interrupt(unsigned line) { core_.lower_interrupt(line); }

  // For the host's program, from within this core's process.

  /// Calls a firmware function with up to six arguments and returns what it left in a2.
  std::uint32_t call(std::uint32_t function, std::span<const std::uint32_t> arguments);
  /// Serves interrupts and power cycles until `ready` holds. Whoever makes it hold must call wake().
  void wait_until(const std::function<bool()>& ready);
  /// Lets the other cores catch up with this one.
  using CoreEnvironment::synchronise;
  /// Wakes the core from wait_until(); `now` is the waker's time.
  void wake(std::uint64_t now);
  /// A core that spins in its sleep wakes, with what it did before the present turn. Also for whoever reads its figures
  /// when the run is over.
  void stop_polling();

 private:
  void process();
  void execute();
  void set_horizon();
  bool restart_if_power_cycled();
  void await_event();
  std::uint32_t transact(bool write, std::uint32_t address, std::uint8_t* data, std::uint32_t bytes);
  std::uint32_t transact_through_socket(bool write, std::uint32_t address, std::uint8_t* data, std::uint32_t bytes);

  // CoreEnvironment
  void await_turn() override;
  std::uint32_t read(std::uint32_t address, std::span<std::uint8_t> bytes) override;
  std::uint32_t write(std::uint32_t address, std::span<const std::uint8_t> bytes) override;
  std::uint32_t write_line(std::uint32_t address, std::span<const std::uint8_t> line, const ByteMask& bytes) override;
  std::uint32_t compare_and_swap(std::uint32_t address, std::uint32_t& expected, std::uint32_t desired) override;
  void repeat_failed_swap(std::uint32_t address, std::uint32_t held, std::uint64_t gap, std::uint64_t limit) override;
  void woken() override;
  void at_block_boundary() override;
  void wait_for_interrupt() override;
  std::uint32_t simulator_call(std::uint32_t number, std::span<const std::uint32_t, 3> arguments) override;

  const AddressMap& map_;
  Clock clock_;
  CoreLimits limits_;
  TimeKeeper& keeper_;
  CoreHost& host_;
  HardwareObserver* observer_ = nullptr;
  Core core_;
  tlm::tlm_generic_payload payload_;
  BusAccess access_;
  /// A range of the core's addresses that is a memory, or a part of it.
  struct DirectRange {
    std::uint32_t base, size, offset;
    Sram* sram;
  };
  std::vector<DirectRange> direct_;
  std::uint32_t direct_latency_ = 0;
  sc_core::sc_event wake_event_, poll_event_;
  SramBank* polled_ = nullptr;  ///< the bank that makes this core's accesses while it sleeps
  bool powered_ = false;
  bool restart_pending_ = false;
  bool started_up_ = false;  ///< its first boot is over
  std::uint32_t restarts_ = 0;
  std::uint32_t boot_address_ = 0;
  std::uint64_t resume_at_ = 0;
  std::uint64_t look_at_ =
      0;  ///< when the core, which may have been alone until then, looks at what happened around it
};

}  // namespace dspmem
