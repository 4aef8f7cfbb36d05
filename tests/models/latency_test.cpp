// SPDX-License-Identifier: Apache-2.0
// Every latency of platform files, as shipped and with figures of which no two are alike: one cycle early, and on time.
#include <gtest/gtest.h>

#include <yaml-cpp/yaml.h>
#include <algorithm>
#include <functional>
#include <utility>

#include "models/system.h"
#include "sim/config/platform.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

constexpr std::uint64_t start = 10'000, much_later = 1'000'000'000;

/// A platform's hardware, one bank of it that is looked at, and accesses of core 0 that are where they go at a cycle.
struct Machine : CoreHost {
  explicit Machine(const SystemConfig& all, std::size_t memory = 0, std::uint32_t bank = 0)
      : config(all), sram(config.srams[memory]), base(sram.physical_base + bank * sram.bank_bytes),
        shift_(ace() ? 0 : bank % 32) {
    std::uint32_t number = 0;  // among the memories whose banks are switched
    for (std::size_t i = 0; i < memory; ++i) number += config.srams[i].switchable;
    control_ = config.devices.power + (ace() ? 0x400 * number + 8 * bank : 0x100 * number + 0x10 * (bank / 32));
    regulator_ = config.devices.power + 0xf00 + 4 * number;
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  struct Answer {
    bool granted;
    std::uint64_t cycles, value;  ///< from the request, which leaves the core at `cycle`, to the last beat; a word
    std::string refusal;
  };
  Answer request(bool write, std::uint32_t address, std::uint32_t bytes, std::uint64_t cycle, std::uint32_t value = 0) {
    std::array<std::uint32_t, 64> data{value};
    BusAccess bus;
    tlm::tlm_generic_payload payload;
    payload.set_extension(&bus);
    payload.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    payload.set_address(address);
    payload.set_data_ptr(reinterpret_cast<std::uint8_t*>(data.data()));
    payload.set_data_length(bytes);
    sc_core::sc_time delay = clock.to_time(cycle) - sc_core::sc_time_stamp();
    system.core(0).initiator_socket->b_transport(payload, delay);
    payload.clear_extension(&bus);
    return {payload.is_response_ok(), clock.to_cycles(sc_core::sc_time_stamp() + delay) - cycle, data[0],
            bus.refusal.text};
  }
  std::uint32_t access_register(bool write, std::uint32_t address, std::uint64_t cycle, std::uint32_t value = 0) {
    const Answer answer = request(write, address, 4, cycle - device_cycles, value);
    EXPECT_TRUE(answer.granted && answer.cycles == device_cycles) << answer.cycles << " cycles " << answer.refusal;
    return static_cast<std::uint32_t>(answer.value);
  }
  Answer read_bank(std::uint64_t cycle) { return request(false, base, 4, cycle - bus_cycles); }
  bool usable(std::uint64_t cycle) { return read_bank(cycle).granted; }
  std::uint64_t cycles(std::uint32_t bytes, const SramConfig& memory) const {
    const std::uint32_t beats = (bytes + memory.beat_bytes - 1) / memory.beat_bytes;
    return bus_cycles + memory.latency_cycles + beats - 1;
  }
  std::uint64_t cycles(std::uint32_t bytes) const { return cycles(bytes, sram); }
  void command(BankState wanted, std::uint64_t cycle) {  // as power_controller.h has it; other banks are on
    const std::uint32_t off = wanted == BankState::off, kept = wanted == BankState::retention;
    access_register(true, control_, cycle, ace() ? off | kept << 8 : off << shift_);
    if (!ace() && !off) access_register(true, control_ + 4, cycle, kept << shift_);
  }
  bool ready(std::uint64_t cycle) { return !(access_register(false, control_ + (ace() ? 4 : 8), cycle) >> shift_ & 1); }
  void regulate(bool on, std::uint64_t cycle) { access_register(true, regulator_, cycle, on); }
  bool settled(std::uint64_t cycle) { return access_register(false, regulator_, cycle) & 2; }
  /// Switches the bank off, and its regulator on. Returns a cycle at which it has long settled.
  std::uint64_t gate() {
    command(BankState::off, start);
    if (sram.regulator) regulate(true, start);
    return start + sram.regulator_settle_cycles + 1000;
  }
  void run_program(DspCore& core) override { program(core); }
  std::uint32_t simulator_call(DspCore&, std::uint32_t, std::span<const std::uint32_t, 3>) override { return 0; }
  void failed(std::exception_ptr) override { ADD_FAILURE() << "a core's process failed"; }

  SimulationContext context;
  const SystemConfig config;
  const std::uint32_t bus_cycles = config.bus_latency_cycles, device_cycles = bus_cycles + 2;  ///< 2: in no file
  const SramConfig& sram;
  const std::uint32_t base;  ///< of the bank
  const Clock clock{sc_core::sc_time(config.clock_period_ps, sc_core::SC_PS)};
  System system{config, *this};
  std::function<void(DspCore&)> program;

 private:
  bool ace() const { return config.power_registers == PowerRegisters::ace; }
  std::uint32_t shift_, control_, regulator_;  ///< to its bit in registers, which begin at control_
};

struct Latency : testing::TestWithParam<std::tuple<std::string, std::string>> {
  Latency() : platform(load_platform(std::get<0>(GetParam()))), file(YAML::LoadFile(platform.file)) {
    if (std::get<1>(GetParam()) == "shipped") return;
    std::uint32_t figure = 3;
    file["bus"]["latency"] = figure;
    for (YAML::Node memory : file["memories"]) {
      memory.remove("switchable");
      memory["regulator"]["settle"] = figure += 10;
      for (const char* name : {"latency", "beat", "retention_wake", "ready", "wake"}) memory[name] = figure += 10;
    }
    file["power"]["retained_access"] = "faults";
    const TemporaryDirectory directory;
    platform = load_platform(directory.write("platform.yaml", YAML::Dump(file)).string());
  }

  /// With the first bank of every memory, one in the middle and the last, each in a machine of its own.
  void for_banks(bool switchable, const std::function<void(Machine&)>& test) const {
    for (std::size_t sram = 0; sram < platform.system.srams.size(); ++sram)
      for (const std::uint32_t half : {0, 1, 2}) {
        Machine machine(platform.system, sram, (platform.system.srams[sram].banks - 1) * half / 2);
        SCOPED_TRACE(machine.sram.name + ", bank at " + std::to_string(machine.base));
        if (machine.sram.switchable >= switchable) test(machine);
      }
  }

  Platform platform;
  YAML::Node file;
};

TEST_P(Latency, OfTheFileIsThatOfTheModel) {
  for (std::size_t i = 0; i < platform.system.srams.size(); ++i) {
    const SramConfig& sram = platform.system.srams[i];
    const YAML::Node memory = file["memories"][i], regulator = memory["regulator"], kept = memory["retention_wake"];
    EXPECT_EQ(sram.regulator, regulator.IsDefined());
    EXPECT_EQ(sram.retained_access_wakes, file["power"]["retained_access"].as<std::string>("wakes") == "wakes");
    const std::pair<YAML::Node, std::uint64_t> figures[] = {
        {file["bus"]["latency"], platform.system.bus_latency_cycles},
        {memory["latency"], sram.latency_cycles},
        {memory["beat"], sram.beat_bytes},
        {regulator ? regulator["settle"] : regulator, sram.regulator_settle_cycles},
        {memory["wake"], sram.wake.usable_cycles},
        {memory[memory["ready"] ? "ready" : "wake"], sram.wake.ready_cycles},
        {kept, sram.retention_wake.ready_cycles},
        {kept, sram.retention_wake.usable_cycles}};
    for (const auto& [node, told] : figures) EXPECT_EQ(node.IsDefined() ? node.as<std::uint64_t>() : told, told);
  }
}

TEST_P(Latency, OfAnAccessIsBusMemoryAndBeats) {
  for (const bool directly : {true, false}) {
    platform.system.direct_memory = directly;
    for_banks(false, [&](Machine& machine) {
      Core& core = machine.system.core(0).core();
      const std::uint64_t line = machine.cycles(platform.line_bytes());
      core.load(machine.base, 4);
      EXPECT_EQ(core.now(), 1 + line) << "a fill";
      core.store(machine.base, 77, 4);
      core.data_cache().write_back(machine.base);
      EXPECT_EQ(core.now(), 1 + line + 1 + line) << "a hit and a write-back";
      const std::uint32_t alias = machine.system.map().alias(machine.base, RegionKind::uncached);
      EXPECT_EQ(core.load(alias, 4), 77u);
      EXPECT_EQ(core.now(), 2 + 2 * line + 1 + (alias == machine.base ? 0 : machine.cycles(4))) << "a word";
      for (std::uint32_t bytes = 1; bytes <= 256; ++bytes)
        EXPECT_EQ(machine.request(bytes & 1, machine.base, bytes, start).cycles, machine.cycles(bytes)) << bytes;
    });
  }
}

/// Of a bank that was told to come up at `cycle`.
void expect_wake(Machine& machine, const BankWake& wake, std::uint64_t cycle) {
  const std::uint64_t ready = cycle + wake.ready_cycles, usable = cycle + wake.usable_cycles;
  EXPECT_TRUE(!machine.ready(ready - 1) && machine.ready(ready));
  EXPECT_EQ(machine.usable(ready), ready == usable) << "whatever the register says";
  EXPECT_TRUE(machine.read_bank(usable - 1).refusal.ends_with("is not usable yet"));
  machine.command(BankState::on, usable - 1);  // "No effect when on already"
  Core& core = machine.system.core(0).core();
  core.advance_to(usable - machine.bus_cycles - 2);  // a load takes one cycle before its request
  EXPECT_THROW(core.load(machine.base, 4), CoreFault);
  EXPECT_NO_THROW(core.load(machine.base, 4));
  EXPECT_EQ(machine.read_bank(usable).cycles, machine.cycles(4)) << "granted, and nothing is left to wait for";
}

TEST_P(Latency, OfABankThatComesUp) {
  for_banks(true, [](Machine& machine) {
    const std::uint64_t on = machine.gate();
    EXPECT_FALSE(machine.ready(on - 1) || machine.usable(on - 1));
    machine.command(BankState::on, on);
    expect_wake(machine, machine.sram.wake, on);
  });
}

TEST_P(Latency, OfABankInRetention) {
  for_banks(true, [](Machine& machine) {
    machine.command(BankState::retention, start);
    const std::uint64_t woken = machine.sram.retention_wake.usable_cycles + machine.cycles(4);
    EXPECT_EQ(machine.read_bank(start + 1).cycles, machine.sram.retained_access_wakes ? woken : machine.bus_cycles);
    machine.command(BankState::retention, start + 1000);
    EXPECT_TRUE(machine.ready(start + 1001)) << "neither gated nor on its way up";
    machine.command(BankState::on, start + 2000);
    expect_wake(machine, machine.sram.retention_wake, start + 2000);
  });
}

TEST_P(Latency, OfARegulatorThatSettles) {
  for_banks(true, [](Machine& machine) {
    if (!machine.sram.regulator) return;
    const std::uint64_t settled = start + machine.sram.regulator_settle_cycles, again = much_later + settled - start;
    machine.command(BankState::off, start);
    machine.regulate(true, start);
    EXPECT_TRUE(!machine.settled(settled - 1) && machine.settled(settled));
    machine.command(BankState::on, settled - 1);
    EXPECT_FALSE(machine.ready(much_later) || machine.usable(much_later)) << "it never comes up";
    machine.command(BankState::off, much_later);
    for (const bool on : {false, true}) machine.regulate(on, much_later);
    EXPECT_TRUE(!machine.settled(again - 1) && machine.settled(again));
    machine.command(BankState::on, again);
    expect_wake(machine, machine.sram.wake, again);
  });
}

// sram.h: "banks come up only while the memory's regulator (LDO) is on and has settled".
TEST_P(Latency, IsNotOverWhenTheRegulatorGoesOff) {
  for_banks(true, [](Machine& machine) {
    const std::uint64_t on = machine.gate();
    machine.command(BankState::on, on);
    if (machine.sram.regulator) machine.regulate(false, on);
    EXPECT_EQ(machine.ready(much_later) || machine.usable(much_later), !machine.sram.regulator);
  });
}

// sram.h: `wake` is "from off". power_controller.h: without regulator a bank has "to be gated and switched on again".
TEST_P(Latency, IsNotCutShortByRetention) {
  for (const bool fed : {false, true})
    for_banks(true, [fed](Machine& machine) {
      const std::uint64_t on = machine.gate();
      if (!fed && machine.sram.regulator) machine.regulate(false, on);
      for (const BankState each : {BankState::on, BankState::retention, BankState::on}) machine.command(each, on);
      EXPECT_FALSE(machine.usable(on + machine.sram.wake.usable_cycles - 1));
      EXPECT_EQ(machine.usable(much_later), fed || !machine.sram.regulator);
    });
}

/// How many cycles after core 0 has written to the last core's doorbell, or its own, that one, which waits, sees its
/// interrupt.
std::int64_t doorbell_takes(SystemConfig config) {
  config.limits.quantum_cycles = 1;
  Machine machine(config);
  const auto receiver = static_cast<std::uint32_t>(config.cores.size()) - 1;
  std::uint64_t written = start + 1 + machine.device_cycles, seen = 0;
  machine.program = [&](DspCore& dsp) {
    Core& core = dsp.core();
    if (dsp.id() == 0) {
      core.advance_to(start);
      core.store(config.devices.idc + receiver * Idc::receiver_stride, Idc::busy, 4);
      EXPECT_EQ(core.now(), written) << "the store";
    }
    const auto interrupted = [&] { return core.special_register(special::interrupt) >> Idc::interrupt_line & 1; };
    if (dsp.id() != receiver) return;
    dsp.wait_until(interrupted);
    seen = core.now();
  };
  for (const std::uint32_t id : {0u, receiver}) machine.system.core(id).power_on(Core::trap_address, 0);
  machine.system.run();
  return static_cast<std::int64_t>(seen - written);
}

TEST_P(Latency, OfADoorbellToACoreThatWaits) { EXPECT_EQ(doorbell_takes(platform.system), 0); }

/// Starts a transfer from the first memory to the end of the last. Returns the cycle at which it is done.
std::uint64_t start_transfer(Machine& machine, std::uint32_t bytes) {
  const SramConfig& to = machine.config.srams.back();
  std::uint32_t at = machine.config.devices.dma;  // source, destination, bytes, chunk, control
  for (const std::uint32_t value : {machine.base, to.physical_base + to.size() - 128, bytes, 0u, 1u})
    machine.access_register(true, std::exchange(at, at + 4), start, value);
  const auto chunk = [&](std::uint32_t size) { return size ? machine.cycles(size) + machine.cycles(size, to) : 0; };
  return start + chunk(std::min(bytes, 64u)) + chunk(bytes - std::min(bytes, 64u));  // read, then written
}

TEST_P(Latency, OfATransferByDma) {
  for (const std::uint32_t bytes : {1, 64, 65}) {
    Machine machine(platform.system);
    const std::uint64_t done = start_transfer(machine, bytes);
    sc_core::sc_start(machine.clock.to_time(done - 1 - machine.device_cycles));
    EXPECT_EQ(machine.access_register(false, machine.config.devices.dma + Dma::status, done - 1), Dma::busy);
    machine.system.run();  // until nothing can happen any more
    EXPECT_EQ(machine.clock.to_cycles(sc_core::sc_time_stamp()), done) << bytes << " bytes";
  }
}

INSTANTIATE_TEST_SUITE_P(On, Latency,
                         testing::Combine(testing::ValuesIn(shipped_platforms()), testing::Values("shipped", "odd")),
                         [](const auto& info) { return std::get<0>(info.param) + "_" + std::get<1>(info.param); });

}  // namespace
}  // namespace dspmem::test
