// SPDX-License-Identifier: Apache-2.0
// How fast guest programs run on dspmem with every model on, next to qemu-system-xtensa, which models no cache and no time.
// Both run the same image in turn; only ratios of neighbours in time count.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "models/system.h"
#include "tests/support/qemu_firmware.h"

namespace dspmem::test {
namespace {

double seconds_of(const std::function<void()>& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

SystemConfig without_watchdog(SystemConfig config) {
  config.limits.watchdog_cycles = 1ull << 60;
  return config;
}

/// Boots the image on a System and times one function of it.
class DspmemRun : private CoreHost {
 public:
  explicit DspmemRun(const QemuFirmware& firmware) : firmware_(firmware), system_(without_watchdog(firmware.platform().system), *this) {
    for (const Segment& segment : firmware.segments()) system_.load(segment.address, segment.bytes);
    system_.core(0).power_on(firmware.image().entry(), 0);
    system_.run();
    if (failure_) std::rethrow_exception(failure_);
  }
  double seconds() const { return seconds_; }
  std::uint64_t instructions() const { return instructions_; }
  std::uint64_t cycles() const { return cycles_; }
  double miss_rate() const { return miss_rate_; }

 private:
  void run_program(DspCore& core) override {
    const CoreStatistics before = core.core().statistics();
    seconds_ = seconds_of([&] { core.call(firmware_.image().symbol("bench_run").value(), {}); });
    const CoreStatistics after = core.core().statistics();
    instructions_ = after.instructions - before.instructions;
    cycles_ = after.cycles - before.cycles;
    miss_rate_ = static_cast<double>(core.core().data_cache().statistics().misses) / static_cast<double>(after.data_accesses);
    sc_core::sc_stop();
  }
  std::uint32_t simulator_call(DspCore& core, std::uint32_t, std::span<const std::uint32_t, 3>) override {
    core.core().fault(FaultCause::panic, "the benchmark's firmware panicked");
  }
  void failed(std::exception_ptr failure) override {
    failure_ = failure;
    sc_core::sc_stop();
  }

  SimulationContext context_;
  const QemuFirmware& firmware_;
  System system_;
  double seconds_ = 0, miss_rate_ = 0;
  std::uint64_t instructions_ = 0, cycles_ = 0;
  std::exception_ptr failure_;
};

/// QEMU's time for the program alone: a run, less a run of no rounds.
double qemu_seconds(QemuFirmware& firmware, std::uint32_t rounds) {
  const TemporaryDirectory directory;
  const auto timed_run = [&](std::uint32_t count) {
    firmware.set("bench_rounds", count);
    const std::string elf = directory.write(std::to_string(count) + ".elf", firmware.elf_for_qemu());
    return seconds_of([&] {
      const ProgramResult result = run_qemu(elf, "de212");
      if (result.exit_code != 0) throw std::runtime_error("QEMU failed: " + result.err);
    });
  };
  const double start_up = timed_run(0);
  return timed_run(rounds) - start_up;
}

struct Summary {
  double median, low, high;
};
Summary summarise(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

int run(unsigned repetitions, bool json) {
  QemuFirmware firmware(source_directory() / "tests/bench/firmware/bench.yaml", "bench", "bench_main");
  struct Program {
    const char* name;
    std::uint32_t number, rounds;
  };
  nlohmann::ordered_json report = nlohmann::ordered_json::array();
  if (!json) std::printf("%-12s %12s %8s %8s   %-22s %-22s %s\n", "program", "instructions", "CPI", "L1D miss", "dspmem MIPS", "QEMU MIPS", "ratio: median (min to max)");
  for (const Program& program : {Program{"allocator", 0, 800}}) {
    firmware.set("bench_program", program.number);
    firmware.set("bench_rounds", program.rounds);
    std::vector<double> ours, theirs, ratios;
    std::uint64_t instructions = 0, cycles = 0;
    double miss_rate = 0;
    for (unsigned i = 0; i < repetitions; ++i) {
      const DspmemRun dspmem(firmware);
      instructions = dspmem.instructions();
      cycles = dspmem.cycles();
      miss_rate = dspmem.miss_rate();
      const double millions = static_cast<double>(instructions) / 1e6;
      ours.push_back(millions / dspmem.seconds());
      theirs.push_back(millions / qemu_seconds(firmware, program.rounds));
      ratios.push_back(ours.back() / theirs.back());
    }
    const Summary a = summarise(ours), b = summarise(theirs), ratio = summarise(ratios);
    const auto range = [](const Summary& s) {
      char text[64];
      std::snprintf(text, sizeof text, "%.0f (%.0f to %.0f)", s.median, s.low, s.high);
      return std::string(text);
    };
    if (!json)
      std::printf("%-12s %12llu %8.2f %7.2f%%   %-22s %-22s %.2f (%.2f to %.2f)\n", program.name, static_cast<unsigned long long>(instructions),
                  static_cast<double>(cycles) / static_cast<double>(instructions), 100 * miss_rate, range(a).c_str(), range(b).c_str(), ratio.median, ratio.low, ratio.high);
    const auto triple = [](const Summary& s) { return nlohmann::ordered_json{{"median", s.median}, {"min", s.low}, {"max", s.high}}; };
    report.push_back({{"program", program.name}, {"instructions", instructions}, {"cycles", cycles}, {"l1d_miss_rate", miss_rate},
                      {"dspmem_mips", triple(a)}, {"qemu_mips", triple(b)}, {"ratio", triple(ratio)}});
  }
  if (json) std::printf("%s\n", report.dump(2).c_str());
  return 0;
}

}  // namespace
}  // namespace dspmem::test

int main(int count, char** values) {
  const bool json = count > 1 && std::strcmp(values[1], "--json") == 0;
  return dspmem::test::run(7, json);
}
