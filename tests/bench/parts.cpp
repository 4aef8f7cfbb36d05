// SPDX-License-Identifier: Apache-2.0
// Parts of the simulator by themselves. What a whole program costs: compare.cpp.
#include <benchmark/benchmark.h>

#include "models/coherency/checker.h"
#include "sim/config/platform.h"
#include "sim/image/firmware_image.h"
#include "tests/support/flat_environment.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

/// Memory below a cache that costs nothing.
class NoMemory : public LinePort {
 public:
  void fill(std::uint32_t, std::span<std::uint8_t>, bool) override {}
  void write_back(std::uint32_t, std::span<const std::uint8_t>, const ByteMask&) override {}
  void write_through(std::uint32_t, std::span<const std::uint8_t>) override {}
  bool may_prefetch(std::uint32_t) const override { return true; }
};

const CacheConfig l1d{.size_bytes = 48 * 1024, .ways = 3, .line_bytes = 64};

void cache_hit_on_another_way(benchmark::State& state) {
  NoMemory memory;
  L1Cache cache(l1d, memory);
  std::uint32_t address = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache.line_for_read(address));
    address ^= 256 * 64;  // the same set
  }
}
BENCHMARK(cache_hit_on_another_way);

void cache_miss_with_write_back(benchmark::State& state) {
  NoMemory memory;
  L1Cache cache(l1d, memory);
  const std::uint8_t value[4]{};
  std::uint32_t address = 0;
  for (auto _ : state) {
    cache.store(address, value);
    address += 64;
  }
}
BENCHMARK(cache_miss_with_write_back);

class Silent : public FindingListener {
 public:
  void on_finding(const CoherencyFinding&) override {}
};

CoherencyChecker::Config checked(std::uint32_t cores) { return {{.cores = cores, .line_bytes = 64}, max_agents}; }

void checker_write_to_an_exclusive_line(benchmark::State& state) {
  Silent silent;
  CoherencyChecker checker(checked(4), silent);
  const std::uint8_t value[4]{};
  std::uint64_t cycle = 0;
  for (auto _ : state) checker.write(0, View::cached, 0x100, value, {0x400, 0x300, nullptr}, ++cycle);
}
BENCHMARK(checker_write_to_an_exclusive_line);

void checker_handover_between_two_cores(benchmark::State& state) {
  Silent silent;
  CoherencyChecker checker(checked(4), silent);
  const std::uint8_t value[4]{};
  std::uint64_t cycle = 0;
  AgentId core = 0;
  for (auto _ : state) {
    checker.acquire(core, 1);
    checker.maintain(core, Operation::Kind::invalidate, 0x100, {0x404, 0x300, nullptr}, ++cycle);
    checker.write(core, View::cached, 0x100, value, {0x400, 0x300, nullptr}, ++cycle);
    checker.maintain(core, Operation::Kind::write_back, 0x100, {0x408, 0x300, nullptr}, ++cycle);
    checker.release(core, 1);
    core ^= 1;
  }
}
BENCHMARK(checker_handover_between_two_cores);

/// Instructions a second of a loop of six instructions with a load and a store, interpreted (0) or translated (1).
void core_loop(benchmark::State& state) {
  const AddressMap map({{"ram", 0x1000, 0x10000, RegionKind::cached, 0x1000}});
  FlatEnvironment memory(map);
  // loop: l32i.n a3,a2,0; addi.n a3,a3,1; s32i.n a3,a2,0; addi.n a4,a4,-1; bnez a4,loop; ret.n
  const std::uint8_t code[] = {0x38, 0x02, 0x1b, 0x33, 0x39, 0x02, 0x0b, 0x44, 0x56, 0x44, 0xff, 0x0d, 0xf0};
  std::copy(std::begin(code), std::end(code), memory.at(0x1000, sizeof code));
  CoreConfig config;
  config.data_cache = l1d;
  config.translate_after = state.range(0) ? 24 : 0;
  Core core(config, map, memory);
  memory.core = &core;
  for (auto _ : state) {
    core.set_reg(2, 0x2000);
    core.set_reg(4, 100'000);
    core.begin_call(0x1000, {});
    core.run();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(core.statistics().instructions));
}
BENCHMARK(core_loop)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

void load_platform_file(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(load_platform("tgl"));
}
BENCHMARK(load_platform_file)->Unit(benchmark::kMicrosecond);

void load_firmware_image(benchmark::State& state) {
  const std::string file = (firmware_images() / "tgl.elf").string();
  for (auto _ : state) benchmark::DoNotOptimize(FirmwareImage(file).entry());
}
BENCHMARK(load_firmware_image)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace dspmem::test

BENCHMARK_MAIN();
