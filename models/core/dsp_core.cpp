// SPDX-License-Identifier: Apache-2.0
#include "models/core/dsp_core.h"

#include <algorithm>

namespace dspmem {

DspCore::DspCore(sc_core::sc_module_name name, const CoreConfig& config, const AddressMap& map, const Clock& clock,
                 const CoreLimits& limits, TimeKeeper& keeper, CoreHost& host)
    : sc_module(name), CoreEnvironment(keeper.running()), initiator_socket("initiator_socket"), map_(map),
      clock_(clock), limits_(limits), keeper_(keeper), host_(host), core_(config, map, *this) {
  access_.master = config.id;
  payload_.set_extension(&access_);
  payload_.set_byte_enable_ptr(nullptr);
  SC_HAS_PROCESS(DspCore);
  SC_THREAD(process);
}

DspCore::~DspCore() {
  payload_.clear_extension(&access_);  // the payload would delete it
}

void DspCore::process() {
  std::exception_ptr failure;
  try {
    core_.advance_to(resume_at_);  // another core may have run, and powered this one, before this process first did
    wait_until([this] { return powered_; });
    started_up_ = true;
    host_.run_program(*this);
    wait_until([] { return false; });
  } catch (...) { failure = std::current_exception(); }
  keeper_.await_turn(id(), core_.now());  // what others did before comes first, were it a failure of their own
  host_.failed(failure);
}

// ---- Time ---------------------------------------------------------------------------------------

void DspCore::await_turn() {
  const std::uint64_t now = core_.now();
  if (keeper_.take_turn(id(), now)) return;
  keeper_.await_turn(id(), now);
  set_horizon();  // while this core waited, another may have switched it off, or off and on
}

void DspCore::set_horizon() { core_.set_horizon(powered_ && !restart_pending_ ? look_at_ : 0); }

void DspCore::execute() {
  look_at_ = core_.now() + limits_.quantum_cycles;
  const bool limited = !started_up_ && limits_.start_up_cycles;
  core_.set_watchdog(core_.now() + (limited ? limits_.start_up_cycles : limits_.watchdog_cycles));
  set_horizon();
  core_.run();
}

void DspCore::at_block_boundary() {
  if (host_.interrupted()) throw Interrupted{};
  look_at_ = core_.now() + limits_.quantum_cycles;
  synchronise();
  set_horizon();
  if (restart_if_power_cycled()) core_.restart_at(core_.pc());
}

void DspCore::await_event() {
  keeper_.set_idle(id());
  keeper_.pass_on();
  wait(wake_event_);
  core_.advance_to(resume_at_);
  core_.set_watchdog(core_.now() + limits_.watchdog_cycles);
}

void DspCore::wake(std::uint64_t now) {
  if (keeper_.running(id())) return;
  resume_at_ = std::max(now, core_.now());
  keeper_.set_running(id(), resume_at_);
  wake_event_.notify(sc_core::SC_ZERO_TIME);
}

void DspCore::wait_until(const std::function<bool()>& ready) {
  for (;;) {
    synchronise();
    if (restart_if_power_cycled()) {
      execute();
    } else if (ready()) {
      return;
    } else if (core_.interrupt_pending()) {
      core_.set_pc(Core::trap_address);
      core_.enter_interrupt();
      execute();
    } else {
      await_event();
    }
  }
}

void DspCore::wait_for_interrupt() {
  for (;;) {
    synchronise();
    if (restart_if_power_cycled()) {
      core_.restart_at(core_.pc());
      return;
    }
    if (core_.interrupt_pending()) return;
    await_event();
  }
}

std::uint32_t DspCore::call(std::uint32_t function, std::span<const std::uint32_t> arguments) {
  core_.begin_call(function, arguments);
  execute();
  return core_.call_result();
}

// ---- Spinning -----------------------------------------------------------------------------------

void DspCore::repeat_failed_swap(std::uint32_t address, std::uint32_t held, std::uint64_t gap, std::uint64_t limit) {
  const auto range = std::find_if(direct_.begin(), direct_.end(),
                                  [address](const DirectRange& each) { return address - each.base < each.size; });
  // With a quantum that ends between two accesses the core takes an interrupt there, not behind the next access.
  if (range == direct_.end() || gap >= limits_.quantum_cycles) return;
  const std::uint32_t offset = address - range->base + range->offset, bytes = 4,
                      cycles = range->sram->access_cycles(bytes);
  if (!range->sram->polls(offset, held, core_.now() + direct_latency_)) return;
  const std::uint64_t longest = 1'000'000'000, end = std::min(limit, core_.now() + longest);
  restart(id(), offset, bytes, core_.now() + direct_latency_, direct_latency_, direct_latency_ + cycles + gap);
  polled_ = &range->sram->bank_of(offset);
  polled_->add_poller(*this, range->sram->beats(bytes), keeper_.turn());
  keeper_.set_running(id(), end);
  keeper_.pass_on();
  if (const sc_core::sc_time time = clock_.to_time(end); time > sc_core::sc_time_stamp())
    wait(time - sc_core::sc_time_stamp(), poll_event_);
  if (polled_) {
    keeper_.begin_turn(id(), end);
    stop_polling();
  }
}

void DspCore::woken() {
  polled_ = nullptr;
  core_.add_repeated_swaps(made(), next() - direct_latency_);
  keeper_.set_running(id(), core_.now());
  poll_event_.notify(sc_core::SC_ZERO_TIME);
}

void DspCore::stop_polling() {
  if (!polled_) return;
  SramBank& bank = *polled_;
  bank.catch_up();
  bank.remove_poller(*this);
  woken();
}

// ---- Power and interrupts -----------------------------------------------------------------------

void DspCore::power_on(std::uint32_t boot_address, std::uint64_t now) {
  if (powered_) return;
  powered_ = true;
  host_.core_power(*this, true, now);
  restart_pending_ = true;
  boot_address_ = boot_address;
  wake(now);
}

void DspCore::power_off() {
  stop_polling();
  powered_ = false;
  host_.core_power(*this, false, core_.now());
  core_.set_horizon(0);
  if (observer_) observer_->on_core_off(core_);
}

bool DspCore::restart_if_power_cycled() {
  if (powered_ && !restart_pending_) return false;
  while (!powered_) await_event();
  restart_pending_ = false;
  ++restarts_;
  core_.reset(boot_address_);
  if (observer_) observer_->on_core_start(core_);
  return true;
}

void DspCore::raise_interrupt(unsigned line, std::uint64_t now) {
  stop_polling();
  core_.raise_interrupt(line);
  wake(now);
}

std::uint32_t DspCore::simulator_call(std::uint32_t number, std::span<const std::uint32_t, 3> arguments) {
  return host_.simulator_call(*this, number, arguments);
}

// ---- Bus master ---------------------------------------------------------------------------------

void DspCore::connect_directly(std::span<const std::unique_ptr<Sram>> srams, std::uint32_t latency_cycles) {
  direct_latency_ = latency_cycles;
  for (const Region& region : map_.regions())
    for (const auto& each : srams) {
      const std::uint64_t begin = each->config().physical_base, end = begin + each->config().size();
      const std::uint64_t first = std::max<std::uint64_t>(begin, region.physical),
                          last = std::min<std::uint64_t>(end, std::uint64_t{region.physical} + region.size);
      if (first >= last) continue;
      direct_.push_back({static_cast<std::uint32_t>(region.base + (first - region.physical)),
                         static_cast<std::uint32_t>(last - first), static_cast<std::uint32_t>(first - begin),
                         each.get()});
    }
}

inline std::uint32_t DspCore::transact(bool write, std::uint32_t address, std::uint8_t* data, std::uint32_t bytes) {
  for (const DirectRange& range : direct_)
    if (address - range.base < range.size) {
      const std::uint32_t cycles = range.sram->serve(write, address - range.base + range.offset, data, bytes, access_,
                                                     core_.now() + direct_latency_);
      if (cycles == Sram::refused) throw BusError(access_.refusal);
      return direct_latency_ + cycles;
    }
  return transact_through_socket(write, address, data, bytes);
}

std::uint32_t DspCore::transact_through_socket(bool write, std::uint32_t address, std::uint8_t* data,
                                               std::uint32_t bytes) {
  const Region* region = map_.find(address);
  if (!region) throw BusError({Refusal::Kind::nothing_there, 0, "", "no memory at this address"});
  payload_.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  payload_.set_address(region->to_physical(address));
  payload_.set_data_ptr(data);
  payload_.set_data_length(bytes);
  payload_.set_streaming_width(bytes);
  payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  const sc_core::sc_time before = clock_.to_time(core_.now()) - sc_core::sc_time_stamp();
  sc_core::sc_time delay = before;
  initiator_socket->b_transport(payload_, delay);
  if (payload_.is_response_error()) throw BusError(access_.refusal);
  return static_cast<std::uint32_t>(clock_.to_cycles(delay - before));
}

std::uint32_t DspCore::read(std::uint32_t address, std::span<std::uint8_t> bytes) {
  return transact(false, address, bytes.data(), static_cast<std::uint32_t>(bytes.size()));
}

// The payload carries a pointer to mutable data; a write never changes what it points to.
std::uint32_t DspCore::write(std::uint32_t address, std::span<const std::uint8_t> bytes) {
  return transact(true, address, const_cast<std::uint8_t*>(bytes.data()), static_cast<std::uint32_t>(bytes.size()));
}

std::uint32_t DspCore::write_line(std::uint32_t address, std::span<const std::uint8_t> line, const ByteMask& bytes) {
  access_.bytes = &bytes;
  const std::uint32_t cycles = write(address, line);
  access_.bytes = nullptr;
  return cycles;
}

std::uint32_t DspCore::compare_and_swap(std::uint32_t address, std::uint32_t& expected, std::uint32_t desired) {
  access_.compare_and_swap = true;
  access_.expected = expected;
  const std::uint32_t cycles = transact(true, address, reinterpret_cast<std::uint8_t*>(&desired), 4);
  access_.compare_and_swap = false;
  expected = access_.expected;
  return cycles;
}

}  // namespace dspmem
