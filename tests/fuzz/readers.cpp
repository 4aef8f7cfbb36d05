// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/readers.h"

#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

#include "sim/config/allocator.h"
#include "sim/config/energy.h"
#include "sim/config/suppressions.h"
#include "sim/experiment/job.h"
#include "sim/image/firmware_image.h"
#include "sim/import/component_table.h"
#include "sim/import/heap_log.h"
#include "sim/import/topology_scenario.h"
#include "sim/trace/trace_file.h"

namespace dspmem::test {
namespace {

/// Bytes under a path, without a disk.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : descriptor_(memfd_create("fuzz", 0)) {
    if (descriptor_ < 0 || write(descriptor_, data, size) != static_cast<ssize_t>(size))
      throw std::runtime_error("no memory file");
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// What it refuses, it refuses in words.
template <class Read>
void expect_input_errors(Read read) {
  try {
    read();
  } catch (const InputError&) {}
}

std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

void read_topology(const std::uint8_t* data, std::size_t size) {
  static const ComponentTable table = load_components("components");
  expect_input_errors([&] {
    TopologyScenarioOptions options;
    options.name = "fuzz";
    options.platform = "tgl";
    options.platform_cores = 4;
    const Topology topology = parse_topology({data, size}, "fuzz");
    const TopologyScenario scenario = make_scenario(topology, table, options);
    // What comes out is a scenario, whatever went in.
    const std::string text = text_of(scenario, topology, options);
    if (size < 20'000)
      load_scenario(MemoryFile(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()).path());
  });
}

void read_trace(const std::uint8_t* data, std::size_t size) {
  expect_input_errors([&] {
    TraceReader reader(std::make_unique<LineSource>(text_of(data, size), "fuzz"));
    for (TraceRow row; reader.next(row);) row.anonymous();
  });
  expect_input_errors([&] {
    LineSource log(text_of(data, size), "fuzz");
    std::ostringstream out;
    TraceWriter writer(out);
    const HeapLogSummary summary = import_heap_log(log, "tgl", Zone::runtime, writer);
    if (!summary.allocations) return;
    const std::string written = out.str();
    TraceReader reader(std::make_unique<LineSource>(written, "written"));
    std::uint64_t rows = 0;
    for (TraceRow row; reader.next(row);) ++rows;
    if (rows != summary.allocations + summary.frees)
      throw std::logic_error("a trace that was written is read otherwise");
  });
  const MemoryFile file(data, size);
  const std::string scenario = "name: fuzz\nplatform: tgl\ncores: {0: [{trace: {file: " + file.path() + "}}]}\n";
  expect_input_errors([&] {
    load_scenario(MemoryFile(reinterpret_cast<const std::uint8_t*>(scenario.data()), scenario.size()).path());
  });
}

void read_yaml(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(data, size);
  static const Platform platform = load_platform("tgl");
  expect_input_errors([&] { check_scenario(load_scenario(file.path()), platform); });
  expect_input_errors([&] { load_platform(file.path()); });
  expect_input_errors([&] { load_allocator(file.path()); });
  expect_input_errors([&] { load_components(file.path()); });
  expect_input_errors([&] { load_suppressions(file.path(), rule_names()); });
  expect_input_errors([&] { load_energy(file.path(), {}); });
}

void read_elf(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(data, size);
  expect_input_errors([&] {
    const FirmwareImage image(file.path());
    for (const FirmwareImage::Segment& segment : image.segments())
      for (std::uint32_t offset = 0; offset < 64; offset += 3) {
        image.function_at(segment.address + offset);
        image.line_at(segment.address + offset);
        image.unit_at(segment.address + offset);
        image.variable_at(segment.address + offset);
      }
    image.symbol("rmalloc");
    image.function_names();
    image.variable_names();
  });
}

}  // namespace dspmem::test
