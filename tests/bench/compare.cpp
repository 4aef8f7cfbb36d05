// SPDX-License-Identifier: Apache-2.0
// Whole programs: dspmem with every model on, next to qemu-system-xtensa, which models no cache and no time, and to
// cachegrind on the same C compiled for this machine. All run in turn, so that a ratio is of neighbours in time;
// start-up is measured by a run of no rounds and taken off.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/bench/measure.h"
#include "tests/support/program.h"
#include "tests/support/qemu_firmware.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  unsigned repetitions = 7;
  std::string json_file;
  bool quanta_only = false;
};

std::string range(const Summary& s, const char* format = "%.2f (%.2f to %.2f)") {
  char text[80];
  std::snprintf(text, sizeof text, format, s.median, s.low, s.high);
  return text;
}

Json triple(const Summary& s) { return {{"median", s.median}, {"min", s.low}, {"max", s.high}}; }

class Comparison {
 public:
  explicit Comparison(const Options& options)
      : options_(options), qemu_(source_directory() / "tests/bench/firmware/bench.yaml", "bench", "bench_main") {}

  void run() {
    if (!options_.quanta_only) {
      single_core();
      other_programs();
    }
    quanta();
    if (!options_.quanta_only) targets();
    if (!options_.json_file.empty()) std::ofstream(options_.json_file) << report_.dump(2) << "\n";
  }

 private:
  /// Seconds of a run of dspmem.
  double dspmem(const GuestProgram& program, std::uint32_t rounds, const std::vector<std::string>& options = {}) {
    return measure(dspmem_run(program, scenario_file(program, rounds), options)).seconds;
  }
  std::string scenario_file(const GuestProgram& program, std::uint32_t rounds) const {
    return directory_.write(program.function + std::to_string(program.cores) + "_" + std::to_string(rounds) + ".yaml",
                            program.scenario(rounds));
  }
  GuestWork work(const GuestProgram& program, std::uint32_t rounds) const {
    const std::string json = directory_.path() / "work.json";
    measure(dspmem_run(program, scenario_file(program, rounds), {"--no-coherency", "--json", json}));
    return read_report(json);
  }
  double qemu(std::uint32_t number, std::uint32_t rounds) {
    const std::string name = std::to_string(number) + "_" + std::to_string(rounds) + ".elf";
    if (!qemu_files_.contains(name)) {
      qemu_.set("bench_program", number);
      qemu_.set("bench_rounds", rounds);
      qemu_files_[name] = directory_.write(name, qemu_.elf_for_qemu());
    }
    return measure({"qemu-system-xtensa", "-M", "sim", "-cpu", "de212", "-semihosting", "-display", "none", "-monitor",
                    "none", "-serial", "none", "-kernel", qemu_files_[name]})
        .seconds;
  }
  double cachegrind(std::uint32_t number, std::uint32_t rounds) {
    return measure({"valgrind", "--tool=cachegrind", "--cache-sim=yes", "--I1=16384,4,64", "--D1=49152,3,64",
                    "--cachegrind-out-file=/dev/null", BENCH_NATIVE, std::to_string(number), std::to_string(rounds)})
        .seconds;
  }

  void single_core() {
    struct Program {
      const char* name;
      const char* function;
      std::uint32_t number, rounds;
    };
    std::printf(
        "one core, against others         instructions   CPI  L1D miss  MIPS                 QEMU MIPS              of "
        "QEMU's speed        of cachegrind's time   checker on / off\n");
    for (const Program& each : {Program{"allocator-heavy", "bench_allocator", 0, 800},
                                {"list-walking", "bench_list", 1, 150'000},
                                {"memcpy-heavy", "bench_copy", 2, 60'000},
                                {"miss-heavy", "bench_miss", 3, 1500}}) {
      const GuestProgram program{each.function, (source_directory() / "tests/bench/firmware/bench.yaml").string(),
                                 "bench"};
      const GuestWork done = work(program, each.rounds), nothing = work(program, 0);
      const double millions = static_cast<double>(done.instructions - nothing.instructions) / 1e6;
      std::vector<double> mips, qemu_mips, of_qemu, of_cachegrind, checker;
      std::vector<double>& seconds = seconds_[each.name];
      for (unsigned i = 0; i < options_.repetitions; ++i) {
        const double ours = dspmem(program, each.rounds) - dspmem(program, 0);
        const double theirs = qemu(each.number, each.rounds) - qemu(each.number, 0);
        const double unchecked =
            dspmem(program, each.rounds, {"--no-coherency"}) - dspmem(program, 0, {"--no-coherency"});
        const double grind = cachegrind(each.number, each.rounds) - cachegrind(each.number, 0);
        seconds.push_back(ours);
        mips.push_back(millions / ours);
        qemu_mips.push_back(millions / theirs);
        of_qemu.push_back(theirs / ours);
        of_cachegrind.push_back(ours / grind);
        checker.push_back(ours / unchecked);
      }
      work_[each.name] = {done.instructions - nothing.instructions, done.cycles - nothing.cycles,
                          done.accesses - nothing.accesses, done.misses - nothing.misses,
                          done.write_backs - nothing.write_backs};
      const GuestWork& net = work_[each.name];
      std::printf("%-30s %14llu  %4.2f  %7.2f%%  %-20s %-22s %-22s %-22s %s\n", each.name,
                  static_cast<unsigned long long>(net.instructions),
                  static_cast<double>(net.cycles) / static_cast<double>(net.instructions),
                  100.0 * static_cast<double>(net.misses) / static_cast<double>(net.accesses),
                  range(summarise(mips), "%.0f (%.0f to %.0f)").c_str(),
                  range(summarise(qemu_mips), "%.0f (%.0f to %.0f)").c_str(), range(summarise(of_qemu)).c_str(),
                  range(summarise(of_cachegrind)).c_str(), range(summarise(checker)).c_str());
      std::fflush(stdout);
      report_["single_core"].push_back({{"program", each.name},
                                        {"instructions", net.instructions},
                                        {"cycles", net.cycles},
                                        {"l1d_accesses", net.accesses},
                                        {"l1d_misses", net.misses},
                                        {"mips", triple(summarise(mips))},
                                        {"qemu_mips", triple(summarise(qemu_mips))},
                                        {"of_qemu_speed", triple(summarise(of_qemu))},
                                        {"of_cachegrind_time", triple(summarise(of_cachegrind))},
                                        {"checker_on_off", triple(summarise(checker))}});
      ratios_[std::string(each.name) + " qemu"] = summarise(of_qemu);
      ratios_[std::string(each.name) + " cachegrind"] = summarise(of_cachegrind);
      ratios_[std::string(each.name) + " checker"] = summarise(checker);
    }
  }

  /// Programs that an emulator of one core without caches has nothing to compare with.
  void other_programs() {
    std::printf("\nothers                          instructions  MIPS                   checker on / off\n");
    struct Program {
      const char* name;
      GuestProgram guest;
      std::uint32_t rounds;
    };
    for (const Program& each :
         {Program{"sharing-heavy, four cores", {"bench_shared", "tgl", "bench_tgl", 4, true}, 60'000},
          {"maintenance-heavy, no alias", {"bench_maintain", "smp_noalias", "bench_smp_noalias"}, 20'000}}) {
      const double millions =
          static_cast<double>(work(each.guest, each.rounds).instructions - work(each.guest, 0).instructions) / 1e6;
      std::vector<double> mips, checker;
      for (unsigned i = 0; i < options_.repetitions; ++i) {
        const double on = dspmem(each.guest, each.rounds) - dspmem(each.guest, 0);
        const double off =
            dspmem(each.guest, each.rounds, {"--no-coherency"}) - dspmem(each.guest, 0, {"--no-coherency"});
        mips.push_back(millions / on);
        checker.push_back(on / off);
      }
      std::printf("%-30s %13.0f  %-22s %s\n", each.name, millions * 1e6,
                  range(summarise(mips), "%.0f (%.0f to %.0f)").c_str(), range(summarise(checker)).c_str());
      std::fflush(stdout);
      report_["others"].push_back({{"program", each.name},
                                   {"instructions", millions * 1e6},
                                   {"mips", triple(summarise(mips))},
                                   {"checker_on_off", triple(summarise(checker))}});
      ratios_[std::string(each.name) + " checker"] = summarise(checker);
    }
    const std::string playback = source_directory() / "scenarios/playback.yaml",
                      json = directory_.path() / "playback.json";
    std::vector<double> speed;
    measure({dspmem_executable(), "run", "--json", json, playback});
    const double simulated = static_cast<double>(read_report(json).cycles) / 400e6;
    for (unsigned i = 0; i < options_.repetitions; ++i)
      speed.push_back(simulated / measure({dspmem_executable(), "run", playback}).seconds);
    std::printf("idle-heavy (scenarios/playback.yaml): %.1f s of audio, %s times as fast as real time\n", simulated,
                range(summarise(speed), "%.0f (%.0f to %.0f)").c_str());
    std::fflush(stdout);
    report_["others"].push_back(
        {{"program", "idle-heavy"}, {"simulated_seconds", simulated}, {"times_real_time", triple(summarise(speed))}});
  }

  /// Of tests/sim/contention, with six seeds each, against quantum 1.
  std::string contended_reports_that_differ(unsigned quantum) {
    const std::string json = directory_.path() / "contention.json";
    unsigned differ = 0, all = 0;
    for (const auto& file : std::filesystem::directory_iterator(source_directory() / "tests/sim/contention"))
      for (unsigned seed = 1; seed <= 6; ++seed, ++all) {
        measure({dspmem_executable(), "run", "--quantum", std::to_string(quantum), "--seed", std::to_string(seed),
                 "--json", json, file.path().string()});
        std::string& exact = contended_[file.path().string() + std::to_string(seed)];
        const std::string report = read_file(json);
        if (quantum == 1) exact = report;
        differ += report != exact;
      }
    return std::to_string(differ) + " of " + std::to_string(all);
  }

  /// What running ahead of the other cores gains and costs.
  void quanta() {
    const std::string scenario = source_directory() / "scenarios/four_cores.yaml",
                      json = directory_.path() / "quantum.json";
    const GuestProgram program{"bench_list", "tgl", "bench_tgl", 4};
    std::printf(
        "\nquantum    speed, four cores walking lists   scenarios/four_cores.yaml: cycles, against quantum 1   port "
        "conflicts   an allocation there, median   verdict   contended reports that differ\n");
    std::uint64_t reference = 0, reference_allocation = 0;
    std::map<unsigned, std::vector<double>> speeds;
    const unsigned all[] = {1, 10, 100, 1000, 4000, 10'000, 100'000};
    const std::uint32_t rounds = 4'000;
    const double millions = static_cast<double>(work(program, rounds).instructions) / 1e6;
    for (unsigned i = 0; i < std::min(options_.repetitions, 3u); ++i)
      for (const unsigned quantum : all)
        speeds[quantum].push_back(millions / (dspmem(program, rounds, {"--quantum", std::to_string(quantum)}) -
                                              dspmem(program, 0, {"--quantum", std::to_string(quantum)})));
    for (const unsigned quantum : all) {
      measure({dspmem_executable(), "run", "--quantum", std::to_string(quantum), "--json", json, scenario});
      const auto report = nlohmann::json::parse(read_file(json));
      const std::uint64_t cycles = report.at("cycles");
      const std::uint64_t allocation = report.at("operations").at(0).at("median_cycles");
      std::uint64_t conflicts = 0;
      for (const auto& bank : report.at("banks")) conflicts += bank.at("conflicts").get<std::uint64_t>();
      if (quantum == 1) {
        reference = cycles;
        reference_allocation = allocation;
      }
      const auto against = [](std::uint64_t value, std::uint64_t other) {
        return 100.0 * (static_cast<double>(value) / static_cast<double>(other) - 1);
      };
      std::printf("%7u    %-33s %26llu   %+6.2f %%   %24llu   %17llu   %+6.2f %%   %s    %s\n", quantum,
                  range(summarise(speeds[quantum]), "%.0f (%.0f to %.0f) MIPS").c_str(),
                  static_cast<unsigned long long>(cycles), against(cycles, reference),
                  static_cast<unsigned long long>(conflicts), static_cast<unsigned long long>(allocation),
                  against(allocation, reference_allocation), report.at("verdict").get<std::string>().c_str(),
                  contended_reports_that_differ(quantum).c_str());
      std::fflush(stdout);
      report_["quanta"].push_back({{"quantum", quantum},
                                   {"mips", triple(summarise(speeds[quantum]))},
                                   {"cycles", cycles},
                                   {"conflicts", conflicts},
                                   {"median_allocation_cycles", allocation},
                                   {"verdict", report.at("verdict")}});
    }
  }

  void target(const char* what, const char* wanted, const Summary& got) {
    std::printf("%-82s %-8s %s\n", what, wanted, range(got).c_str());
    report_["targets"].push_back({{"what", what}, {"target", wanted}, {"measured", triple(got)}});
  }

  void targets() {
    std::printf(
        "\ntargets                                                                            wanted   measured: "
        "median (min to max)\n");
    target("allocator-heavy, speed against qemu-system-xtensa", ">= 0.45", ratios_["allocator-heavy qemu"]);
    target("allocator-heavy, time against cachegrind on the native build", "<= 0.7",
           ratios_["allocator-heavy cachegrind"]);
    target("four cores at the default quantum, instructions a second together, against one core", ">= 0.8",
           four_cores());
    target("checker on against off, allocator-heavy", "<= 1.2", ratios_["allocator-heavy checker"]);
    target("checker on against off, sharing-heavy", "<= 2.0", ratios_["sharing-heavy, four cores checker"]);
    target("an L1 miss with its write-back, in average instructions of allocator-heavy", "<= 30", miss_cost());
    target("start-up to the first step, against qemu-system-xtensa starting and stopping", "<= 1.0", start_up());
    target("resident memory on tgl, all observers, MiB (scenarios/million.yaml)", "<= 200", resident());
  }

  Summary four_cores() {
    const GuestProgram one{"bench_list", "tgl", "bench_tgl"}, four{"bench_list", "tgl", "bench_tgl", 4};
    const std::uint32_t rounds = 60'000;
    const double work_of_one = static_cast<double>(work(one, rounds).instructions - work(one, 0).instructions);
    const double work_of_four = static_cast<double>(work(four, rounds).instructions - work(four, 0).instructions);
    std::vector<double> ratios;
    for (unsigned i = 0; i < options_.repetitions; ++i)
      ratios.push_back(work_of_four / (dspmem(four, rounds) - dspmem(four, 0)) /
                       (work_of_one / (dspmem(one, rounds) - dspmem(one, 0))));
    return summarise(ratios);
  }

  /// What miss-heavy takes beyond its instructions, by miss; all in instructions of allocator-heavy.
  Summary miss_cost() {
    const GuestWork& missing = work_["miss-heavy"];
    std::vector<double> costs;
    for (unsigned i = 0; i < options_.repetitions; ++i) {
      const double instruction =
          seconds_["allocator-heavy"][i] / static_cast<double>(work_["allocator-heavy"].instructions);
      costs.push_back((seconds_["miss-heavy"][i] / instruction - static_cast<double>(missing.instructions)) /
                      static_cast<double>(missing.misses));
    }
    return summarise(costs);
  }

  Summary start_up() {
    const GuestProgram program{"bench_list", "tgl", "bench_tgl"};
    std::vector<double> ratios;
    for (unsigned i = 0; i < 3 * options_.repetitions; ++i) ratios.push_back(dspmem(program, 0) / qemu(0, 0));
    return summarise(ratios);
  }

  Summary resident() {
    const Measured run =
        measure({dspmem_executable(), "run", (source_directory() / "scenarios/million.yaml").string()});
    const double mebibytes = static_cast<double>(run.resident) / (1 << 20);
    return {mebibytes, mebibytes, mebibytes};
  }

  Options options_;
  TemporaryDirectory directory_;
  QemuFirmware qemu_;
  std::map<std::string, std::string> qemu_files_;
  std::map<std::string, GuestWork> work_;
  std::map<std::string, std::vector<double>> seconds_;
  std::map<std::string, Summary> ratios_;
  std::map<std::string, std::string> contended_;
  Json report_;
};

}  // namespace
}  // namespace dspmem::test

int main(int count, char** values) {
  dspmem::test::Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = values[i];
    if (word == "--repetitions" && i + 1 < count)
      options.repetitions = static_cast<unsigned>(std::max(1, std::atoi(values[++i])));
    else if (word == "quanta") options.quanta_only = true;
    else if (word == "--json" && i + 1 < count) options.json_file = values[++i];
    else {
      std::fprintf(stderr,
                   "usage: tools/bench [quanta] [--repetitions N] [--json FILE]\n       tools/bench parts [options of "
                   "Google Benchmark]\n");
      return 2;
    }
  }
  dspmem::test::Comparison(options).run();
}
