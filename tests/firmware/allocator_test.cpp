// SPDX-License-Identifier: Apache-2.0
// The zones allocator against a reference allocator and a set of intervals, a million random operations a zone: the
// same C code compiled natively, and cross-compiled on the simulated cores of tgl.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "models/random.h"
#include "models/system.h"
#include "sim/config/platform.h"
#include "sim/image/firmware_image.h"
#include "sim/session/boot_descriptor.h"
#include "tests/firmware/reference_allocator.h"
#include "tests/support/program.h"

extern "C" {
#include "alloc.h"
#include "platform_config.h"
}

namespace dspmem::test {
namespace {

constexpr std::uint64_t operations = 1'000'000;

/// The functions of alloc.h, wherever they run. Addresses are those of the cached view.
class Allocator {
 public:
  virtual ~Allocator() = default;
  virtual std::uint64_t allocate(std::uint32_t zone, bool shared, std::uint32_t capabilities, std::uint32_t bytes,
                                 std::uint32_t alignment) = 0;
  virtual void release(std::uint64_t address) = 0;
  virtual void reset(std::uint32_t zone) = 0;
  virtual ReferenceAllocator::Counters counters(std::uint32_t heap) = 0;
};

struct Mix {
  std::uint32_t zone;
  std::uint32_t largest;  ///< bytes
  std::uint64_t live;  ///< objects, about
};
constexpr Mix mixes[] = {
    {SOF_MEM_ZONE_SYS, 600, 0},       {SOF_MEM_ZONE_SYS_RUNTIME, 1500, 60},     {SOF_MEM_ZONE_RUNTIME, 3000, 600},
    {SOF_MEM_ZONE_BUFFER, 20000, 90}, {SOF_MEM_ZONE_RUNTIME_SHARED, 3000, 400}, {SOF_MEM_ZONE_SYS_SHARED, 300, 50}};

void expect_equal_counters(Allocator& allocator, const ReferenceAllocator& reference) {
  for (std::uint32_t heap = 0; heap < reference.heaps().size(); ++heap) {
    const auto ours = allocator.counters(heap), theirs = reference.counters(heap);
    ASSERT_EQ(ours, theirs) << "heap " << heap << ": used " << ours.used << "/" << theirs.used << " peak " << ours.peak
                            << "/" << theirs.peak << " failed " << ours.failed << "/" << theirs.failed
                            << " largest free " << ours.largest_free << "/" << theirs.largest_free;
  }
}

void compare(Allocator& allocator, ReferenceAllocator& reference, const Mix& mix, std::uint32_t core) {
  Random random(mix.zone + 1);
  IntervalSet intervals;
  std::vector<std::uint64_t> live;
  std::uint64_t failures = 0;
  std::size_t system_heap = 0;
  while (reference.heaps()[system_heap].zone != SOF_MEM_ZONE_SYS || reference.heaps()[system_heap].core != core)
    ++system_heap;
  const auto release_at = [&](std::size_t index) {
    allocator.release(live[index]);
    reference.release(live[index]);
    ASSERT_TRUE(intervals.remove(live[index]));
    live[index] = live.back();
    live.pop_back();
  };
  for (std::uint64_t done = 0; done < operations; ++done) {
    if (done % 65536 == 0) {
      expect_equal_counters(allocator, reference);
      if (testing::Test::HasFatalFailure()) return;
    }
    if (!live.empty() && random.below(2 * mix.live) < live.size()) {
      release_at(random.below(live.size()));
      if (testing::Test::HasFatalFailure()) return;
      continue;
    }
    // Many small ones, few large ones.
    const auto bytes = static_cast<std::uint32_t>(1 + random.below(1 + random.below(mix.largest)));
    const bool shared = mix.zone == SOF_MEM_ZONE_RUNTIME && random.below(8) == 0;
    const std::uint32_t alignment =
        mix.zone == SOF_MEM_ZONE_BUFFER && random.below(4) == 0 ? 1u << random.between(4, 12) : 0;
    const std::uint32_t capabilities = mix.zone == SOF_MEM_ZONE_BUFFER && random.below(6) == 0 ? SOF_MEM_CAPS_LP : 0;
    if (mix.zone == SOF_MEM_ZONE_SYS && reference.counters(system_heap).free < 2048) {
      allocator.reset(mix.zone);
      reference.reset(mix.zone, core);
      intervals.clear();
    }
    const std::uint64_t address = allocator.allocate(mix.zone, shared, capabilities, bytes, alignment);
    ASSERT_EQ(address, reference.allocate(mix.zone, core, shared, capabilities, bytes, alignment))
        << "operation " << done << ", " << bytes << " bytes";
    if (!address) {
      ++failures;
      continue;
    }
    ASSERT_TRUE(intervals.add(address, bytes)) << "operation " << done << " overlaps";
    if (mix.zone != SOF_MEM_ZONE_SYS) live.push_back(address);
  }
  while (!live.empty()) {
    release_at(live.size() - 1);
    if (testing::Test::HasFatalFailure()) return;
  }
  expect_equal_counters(allocator, reference);
  for (std::size_t heap = 0; heap < reference.heaps().size(); ++heap) {
    if (reference.heaps()[heap].rows.empty()) continue;
    EXPECT_EQ(reference.counters(heap).used, 0u) << "leak in heap " << heap;
  }
  testing::Test::RecordProperty("failed_allocations", std::to_string(failures));
}

std::string zone_of(const testing::TestParamInfo<Mix>& info) {
  static constexpr const char* names[] = {"System", "SystemRuntime", "Runtime",
                                          "Buffer", "RuntimeShared", "SystemShared"};
  return names[info.param.zone];
}

// ---- Native ----

std::uint32_t native_core = 0;

struct Panic {
  std::string message;
};

class NativeAllocator : public Allocator {
 public:
  NativeAllocator() {
    using Rows = std::vector<ReferenceAllocator::BlockRow>;
    struct Wanted {
      std::uint32_t zone, core, capabilities;
      std::uint64_t bytes;
      Rows rows;
    };
    const std::vector<Wanted> wanted{
        {SOF_MEM_ZONE_SYS, 0, 0, 0x8000, {}},
        {SOF_MEM_ZONE_SYS, 1, 0, 0x6000, {}},
        {SOF_MEM_ZONE_SYS_RUNTIME, 0, 0, 0, {{64, 40}, {512, 16}, {1024, 4}}},
        {SOF_MEM_ZONE_SYS_RUNTIME, 1, 0, 0, {{64, 33}, {512, 8}, {1024, 4}}},
        {SOF_MEM_ZONE_RUNTIME, 0, 0, 0, {{64, 300}, {128, 100}, {256, 96}, {512, 65}, {1024, 31}, {2048, 16}}},
        {SOF_MEM_ZONE_RUNTIME_SHARED, 0, 0, 0, {{64, 64}, {128, 64}, {256, 64}, {512, 16}, {1024, 9}}},
        {SOF_MEM_ZONE_SYS_SHARED, 0, 0, 0, {{64, 64}, {256, 5}}},
        {SOF_MEM_ZONE_BUFFER, 0, SOF_MEM_CAPS_RAM | SOF_MEM_CAPS_HP, 0, {{0x100, 2000}}},
        {SOF_MEM_ZONE_BUFFER, 0, SOF_MEM_CAPS_RAM | SOF_MEM_CAPS_LP, 0, {{0x180, 170}}},
    };
    memory_.reset(static_cast<std::uint8_t*>(std::aligned_alloc(4096, arena_bytes)));
    std::uint64_t cursor = reinterpret_cast<std::uint64_t>(memory_.get());
    boot_ = {};
    boot_.magic = BOOT_MAGIC;
    boot_.version = BOOT_VERSION;
    boot_.core_count = PLATFORM_CORE_COUNT;
    for (const Wanted& each : wanted) {
      std::uint64_t bytes = each.bytes;
      for (const auto& row : each.rows) bytes += row.block_bytes * row.count;
      const bool per_core = each.zone <= SOF_MEM_ZONE_SYS_RUNTIME;
      specs_.push_back({each.zone, each.core, per_core, cursor, bytes, each.capabilities, each.rows});
      boot_heap& heap = boot_.heap[boot_.heap_count++];
      heap = {each.zone, each.core, cursor, bytes, each.capabilities, each.rows.size(), {}};
      for (std::size_t row = 0; row < each.rows.size(); ++row)
        heap.map[row] = {each.rows[row].block_bytes, each.rows[row].count};
      cursor = (cursor + bytes + 255) / 256 * 256;
    }
    EXPECT_LE(cursor, reinterpret_cast<std::uint64_t>(memory_.get()) + arena_bytes);
    native_core = 0;
    mm_init(&boot_);
  }

  ReferenceAllocator reference() {
    ReferenceAllocator model(specs_, PLATFORM_DCACHE_LINE, PLATFORM_ALLOC_ALIGN);
    model.set_bump_used(0, counters(0).used);  // its block maps
    return model;
  }
  std::uint64_t allocate(std::uint32_t zone, bool shared, std::uint32_t capabilities, std::uint32_t bytes,
                         std::uint32_t alignment) override {
    const std::uint32_t flags = shared ? SOF_MEM_FLAG_SHARED : 0;
    void* pointer = zone == SOF_MEM_ZONE_BUFFER ? rballoc_align(flags, capabilities, bytes, alignment)
                                                : rmalloc(static_cast<mem_zone>(zone), flags, capabilities, bytes);
    return reinterpret_cast<std::uint64_t>(pointer);
  }
  void release(std::uint64_t address) override { rfree(reinterpret_cast<void*>(address)); }
  void reset(std::uint32_t zone) override { free_heap(static_cast<mem_zone>(zone)); }
  ReferenceAllocator::Counters counters(std::uint32_t heap) override {
    mm_info info;
    EXPECT_EQ(heap_info(heap, &info), 0);
    return {info.used, info.peak, info.free, info.largest_free, info.failed};
  }

 private:
  static constexpr std::size_t arena_bytes = 4 << 20;
  struct Free {
    void operator()(void* pointer) const { std::free(pointer); }
  };
  std::unique_ptr<std::uint8_t, Free> memory_;
  std::vector<ReferenceAllocator::HeapSpec> specs_;
  ::boot_descriptor boot_;
};

class Native : public testing::TestWithParam<Mix> {};

TEST_P(Native, MatchesTheReference) {
  NativeAllocator allocator;
  ReferenceAllocator reference = allocator.reference();
  native_core = GetParam().zone == SOF_MEM_ZONE_SYS || GetParam().zone == SOF_MEM_ZONE_SYS_RUNTIME ? 1 : 0;
  compare(allocator, reference, GetParam(), native_core);
}

INSTANTIATE_TEST_SUITE_P(Zones, Native, testing::ValuesIn(mixes), zone_of);

std::string panic_of(const std::function<void()>& action) {
  NativeAllocator fresh;
  try {
    action();
  } catch (const Panic& panic) { return panic.message; }
  return "no panic";
}

TEST(NativeMisuse, Panics) {
  EXPECT_EQ(panic_of([] {
              int outside;
              rfree(&outside);
            }),
            "rfree: the address belongs to no heap");
  EXPECT_EQ(panic_of([] { rfree(rmalloc(SOF_MEM_ZONE_SYS, 0, 0, 8)); }), "rfree: system heap memory is never freed");
  EXPECT_EQ(panic_of([] {
              void* object = rmalloc(SOF_MEM_ZONE_RUNTIME, 0, 0, 8);
              rfree(object);
              rfree(object);
            }),
            "rfree: the block is free already");
  EXPECT_EQ(panic_of([] {
              while (rmalloc(SOF_MEM_ZONE_SYS, 0, 0, 1024)) {}
            }),
            "system heap exhausted");
  EXPECT_EQ(panic_of([] { free_heap(SOF_MEM_ZONE_SYS); }),
            "free_heap: the primary core's heaps live as long as the system");
  EXPECT_EQ(panic_of([] {
              native_core = 1;
              free_heap(SOF_MEM_ZONE_RUNTIME);
            }),
            "free_heap: only heaps that belong to one core");
}

TEST(NativeAllocation, OfNothingAndOfTooMuchFails) {
  NativeAllocator fresh;
  EXPECT_EQ(rmalloc(SOF_MEM_ZONE_RUNTIME, 0, 0, 0), nullptr);
  EXPECT_EQ(rballoc(0, 0, 0x7fffffff), nullptr);
  EXPECT_EQ(rballoc(0, 0, 0xffffffff), nullptr);
  EXPECT_EQ(rballoc(0, SOF_MEM_CAPS_DMA, 64), nullptr);
  rfree(nullptr);
}

TEST(NativeAllocation, IsZeroedWhenAskedFor) {
  NativeAllocator fresh;
  auto* dirty = static_cast<std::uint8_t*>(rmalloc(SOF_MEM_ZONE_RUNTIME, 0, 0, 100));
  std::fill(dirty, dirty + 100, std::uint8_t{0xff});
  rfree(dirty);
  auto* clean = static_cast<std::uint8_t*>(rzalloc(SOF_MEM_ZONE_RUNTIME, 0, 0, 100));
  EXPECT_EQ(clean, dirty);
  EXPECT_EQ(std::count(clean, clean + 100, std::uint8_t{0}), 100);
}

// The buffer keeps its bytes when it moves; a request that does not fit changes nothing.
TEST(NativeReallocation, KeepsContentsAndFailsCleanly) {
  NativeAllocator fresh;
  auto* buffer = static_cast<std::uint8_t*>(rballoc(0, 0, 1000));
  for (int i = 0; i < 1000; ++i) buffer[i] = static_cast<std::uint8_t>(i * 7);
  auto* larger = static_cast<std::uint8_t*>(rbrealloc(buffer, 0, 0, 5000, 1000));
  ASSERT_NE(larger, nullptr);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(larger[i], static_cast<std::uint8_t>(i * 7));
  EXPECT_EQ(rbrealloc(larger, 0, 0, 100 << 20, 5000), nullptr);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(larger[i], static_cast<std::uint8_t>(i * 7));
  rfree(larger);
  EXPECT_EQ(fresh.counters(7).used, 0u);
}

// ---- On the simulated cores ----

class SimulatedAllocator : public Allocator, private CoreHost {
 public:
  explicit SimulatedAllocator(const std::string& platform_name)
      : platform_(load_platform(platform_name)), image_((firmware_images() / (platform_name + ".elf")).string()),
        system_(platform_.system, *this) {
    for (const auto& segment : image_.segments()) system_.load(segment.address, segment.bytes);
    system_.load(*image_.symbol("boot_descriptor"), boot_descriptor(platform_));
  }

  /// Boots, and runs `program` on one core; its functions are those of Allocator.
  void run(std::uint32_t core, std::function<void()> program) {
    program_core_ = core;
    program_ = std::move(program);
    system_.core(0).power_on(image_.entry(), 0);
    system_.run();
    if (failure_) std::rethrow_exception(failure_);
  }

  ReferenceAllocator reference() {
    std::vector<ReferenceAllocator::HeapSpec> specs;
    for (const HeapLayout& heap : platform_.heaps) {
      specs.push_back({static_cast<std::uint32_t>(heap.zone),
                       heap.core,
                       heap.per_core,
                       heap.base,
                       heap.bytes,
                       heap.capabilities,
                       {}});
      for (const BlockMap& map : heap.maps) specs.back().rows.push_back({map.block_bytes, map.count});
    }
    ReferenceAllocator model(specs, platform_.line_bytes(), platform_.allocation_alignment);
    for (std::uint32_t heap = 0; heap < specs.size(); ++heap)
      if (specs[heap].rows.empty()) model.set_bump_used(heap, counters(heap).used);
    return model;
  }

  std::uint64_t allocate(std::uint32_t zone, bool shared, std::uint32_t capabilities, std::uint32_t bytes,
                         std::uint32_t alignment) override {
    const std::uint32_t flags = shared ? SOF_MEM_FLAG_SHARED : 0;
    const std::uint32_t address = zone == SOF_MEM_ZONE_BUFFER
                                      ? call("rballoc_align", {flags, capabilities, bytes, alignment})
                                      : call("rmalloc", {zone, flags, capabilities, bytes});
    return system_.map().alias(address, RegionKind::cached);
  }
  void release(std::uint64_t address) override { call("rfree", {static_cast<std::uint32_t>(address)}); }
  void reset(std::uint32_t zone) override { call("free_heap", {zone}); }
  ReferenceAllocator::Counters counters(std::uint32_t heap) override {
    EXPECT_EQ(call("scenario_read_heap_info", {heap}), 0u);
    const std::uint32_t info = *image_.symbol("scenario_heap_info");
    const auto word = [&](std::uint32_t index) { return running_->core().load(info + 4 * index, 4); };
    return {word(1), word(2), word(3), word(4), word(5)};
  }

 private:
  std::uint32_t call(const char* function, std::initializer_list<std::uint32_t> arguments) {
    return running_->call(image_.symbol(function).value(),
                          std::span<const std::uint32_t>(arguments.begin(), arguments.size()));
  }

  void run_program(DspCore& core) override {
    if (core.id() == 0 && program_core_ != 0) {
      running_ = &core;
      call("cpu_enable_core", {program_core_});
    }
    if (core.id() != program_core_) return;
    running_ = &core;
    program_();
    sc_core::sc_stop();
  }
  std::uint32_t simulator_call(DspCore& core, std::uint32_t number, std::span<const std::uint32_t, 3>) override {
    core.core().fault(FaultCause::panic, "simcall " + std::to_string(number));
  }
  void failed(std::exception_ptr failure) override {
    failure_ = failure;
    sc_core::sc_stop();
  }

  SimulationContext context_;
  Platform platform_;
  FirmwareImage image_;
  System system_;
  DspCore* running_ = nullptr;
  std::uint32_t program_core_ = 0;
  std::function<void()> program_;
  std::exception_ptr failure_;
};

class Simulated : public testing::TestWithParam<Mix> {};

TEST_P(Simulated, MatchesTheReference) {
  SimulatedAllocator allocator("tgl");
  const std::uint32_t core = GetParam().zone == SOF_MEM_ZONE_SYS || GetParam().zone == SOF_MEM_ZONE_SYS_RUNTIME ? 1 : 0;
  bool finished = false;
  allocator.run(core, [&] {
    ReferenceAllocator reference = allocator.reference();
    compare(allocator, reference, GetParam(), core);
    finished = true;
  });
  EXPECT_TRUE(finished);
}

INSTANTIATE_TEST_SUITE_P(Zones, Simulated, testing::ValuesIn(mixes), zone_of);

}  // namespace
}  // namespace dspmem::test

// What the native build of the firmware leaves to its surroundings.
extern "C" {
uint32_t arch_core_id(void) { return dspmem::test::native_core; }
void panic(const char* message) { throw dspmem::test::Panic{message}; }
}
