// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <libfdt.h>
#include <algorithm>
#include <string_view>

#include "sim/config/error.h"
#include "sim/config/input_files.h"
#include "sim/import/product_platform.h"

namespace dspmem {
namespace {

/// The devicetree specification, v0.4: what properties mean. REQUIRES: fdt_check_full() found the tree sound.
class Tree {
 public:
  explicit Tree(const std::string& blob) : fdt_(blob.data()) {}

  template <class Visit>
  void each_node(Visit visit) const {
    for (int node = fdt_next_node(fdt_, -1, nullptr); node >= 0; node = fdt_next_node(fdt_, node, nullptr)) visit(node);
  }
  template <class Visit>
  void each_child(int parent, Visit visit) const {
    for (int node = fdt_first_subnode(fdt_, parent); node >= 0; node = fdt_next_subnode(fdt_, node)) visit(node);
  }
  int at(const char* path) const { return fdt_path_offset(fdt_, path); }

  std::string name(int node) const {
    const char* text = fdt_get_name(fdt_, node, nullptr);
    return text ? text : "";
  }
  std::string path(int node) const {
    char text[256];
    return fdt_get_path(fdt_, node, text, sizeof text) == 0 ? text : name(node);
  }
  std::string text(int node, const char* property) const {
    int bytes = 0;
    const void* data = fdt_getprop(fdt_, node, property, &bytes);
    return data && bytes > 0
               ? std::string(static_cast<const char*>(data), strnlen(static_cast<const char*>(data), bytes))
               : "";
  }
  bool has(int node, const char* property) const { return fdt_getprop(fdt_, node, property, nullptr) != nullptr; }
  /// One of a property's strings contains this.
  bool mentions(int node, const char* property, std::string_view part) const {
    int bytes = 0;
    const void* data = fdt_getprop(fdt_, node, property, &bytes);
    return data && std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(bytes)).find(part) !=
                       std::string_view::npos;
  }
  /// Of one or two cells, big-endian.
  std::optional<std::uint64_t> number(int node, const char* property) const {
    int bytes = 0;
    const auto* data = static_cast<const std::uint8_t*>(fdt_getprop(fdt_, node, property, &bytes));
    if (!data || (bytes != 4 && bytes != 8)) return std::nullopt;
    return cells(data, static_cast<unsigned>(bytes) / 4);
  }
  struct Range {
    std::uint64_t base, bytes;
  };
  /// The entries of 'reg', in the address space of the parent. Empty when they are not of whole cells.
  std::vector<Range> reg(int node) const {
    const int parent = fdt_parent_offset(fdt_, node);
    const int address = parent < 0 ? -1 : fdt_address_cells(fdt_, parent);
    const int size = parent < 0 ? -1 : fdt_size_cells(fdt_, parent);
    int bytes = 0;
    const auto* data = static_cast<const std::uint8_t*>(fdt_getprop(fdt_, node, "reg", &bytes));
    std::vector<Range> ranges;
    if (!data || address < 1 || address > 2 || size < 1 || size > 2 || bytes % (4 * (address + size))) return ranges;
    for (const std::uint8_t* entry = data; entry < data + bytes; entry += 4 * (address + size))
      ranges.push_back(
          {cells(entry, static_cast<unsigned>(address)), cells(entry + 4 * address, static_cast<unsigned>(size))});
    return ranges;
  }
  bool enabled(int node) const {
    const std::string status = text(node, "status");
    return status.empty() || status == "okay" || status == "ok";
  }
  /// The node that the first cell of a property points to; negative for none.
  int referenced(int node, const char* property) const {
    int bytes = 0;
    const auto* data = static_cast<const std::uint8_t*>(fdt_getprop(fdt_, node, property, &bytes));
    if (!data || bytes < 4) return -1;
    return fdt_node_offset_by_phandle(fdt_, static_cast<std::uint32_t>(cells(data, 1)));
  }

 private:
  static std::uint64_t cells(const std::uint8_t* data, unsigned count) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 4 * count; ++i) value = value << 8 | data[i];
    return value;
  }

  const void* fdt_;
};

/// "sram0" of "memory@be000000" that a label calls so; else the name without its address.
std::string label_of(const Tree& tree, int node) {
  const std::string path = tree.path(node);
  std::string label;
  if (const int symbols = tree.at("/__symbols__"); symbols >= 0) {
    // The tree keeps labels only when it was compiled with -@.
    for (const char* known : {"sram0", "sram1", "sram2", "sram3", "dram0", "dram1", "iram0", "iram1", "imr1"})
      if (tree.text(symbols, known) == path) label = known;
  }
  if (!label.empty()) return label;
  const std::string name = tree.name(node);
  return name.substr(0, name.find('@'));
}

void add_cores(const Tree& tree, const std::string& file, ProductFacts& facts) {
  const int cpus = tree.at("/cpus");
  if (cpus < 0) return;
  std::uint64_t count = 0;
  tree.each_child(cpus, [&](int cpu) {
    if ((tree.text(cpu, "device_type") != "cpu" && !tree.name(cpu).starts_with("cpu@")) || !tree.enabled(cpu)) return;
    if (count++ > 0) return;
    const auto set = [&](std::optional<ProductFacts::Number>& fact, int node, const char* property) {
      if (const auto value = tree.number(node, property); value && !fact)
        fact = {*value, fmt::format("{}: {}/{}", file, tree.path(node), property)};
    };
    set(facts.clock_hz, cpu, "clock-frequency");
    if (const int clock = tree.referenced(cpu, "clocks"); clock >= 0) set(facts.clock_hz, clock, "clock-frequency");
    const auto cache = [&](ProductFacts::Cache& to, const std::string& kind) {
      set(to.bytes, cpu, (kind + "-cache-size").c_str());
      set(to.line, cpu, (kind + "-cache-line-size").c_str());
      std::optional<ProductFacts::Number> sets;
      set(sets, cpu, (kind + "-cache-sets").c_str());
      if (sets && sets->value && to.bytes && to.line && to.line->value && !to.ways)
        to.ways = {to.bytes->value / to.line->value / sets->value, sets->source};
    };
    cache(facts.instruction_cache, "i");
    cache(facts.data_cache, "d");
  });
  constexpr std::uint64_t most_cores = 8;
  if (count > most_cores)
    facts.remarks.push_back(fmt::format("{}: {} cores; the simulator has at most {}", file, count, most_cores));
  if (count && !facts.cores) facts.cores = {count, file + ": /cpus"};
}

}  // namespace

void add_devicetree(const std::string& path, ProductFacts& facts) {
  const std::string blob = read_input(path);
  if (blob.size() < sizeof(fdt_header) || fdt_check_full(blob.data(), blob.size()) != 0)
    throw InputError({path}, blob.starts_with("/dts-v1/") || blob.find("/ {") != std::string::npos
                                 ? "this is the source of a devicetree; it has to be compiled: dtc -O dtb -o FILE.dtb"
                                 : "this is no flattened devicetree (.dtb)");
  const Tree tree(blob);
  const std::string file = path.substr(path.rfind('/') + 1);
  add_cores(tree, file, facts);
  if (const int chosen = tree.at("/chosen"); chosen >= 0) {
    const std::string sram = tree.text(chosen, "zephyr,sram");
    if (const int node = sram.empty() ? -1 : tree.at(sram.c_str()); node >= 0)
      if (const auto ranges = tree.reg(node); !ranges.empty() && ranges[0].base <= 0xffffffff)
        facts.chosen = static_cast<std::uint32_t>(ranges[0].base);
  }
  tree.each_node([&](int node) {
    const bool memory = tree.text(node, "device_type") == "memory" || tree.mentions(node, "compatible", "mmio-sram") ||
                        tree.mentions(node, "compatible", "memory-region");
    if (memory && tree.enabled(node)) {
      const std::string source = fmt::format("{}: {}", file, tree.path(node));
      const std::vector<Tree::Range> ranges = tree.reg(node);
      if (ranges.empty() && tree.has(node, "reg"))
        facts.remarks.push_back("left out: " + source +
                                ", whose 'reg' does not fit its parent's #address-cells and #size-cells");
      for (const Tree::Range& range : ranges) {
        if (range.base > 0xffffffff || range.bytes > 0xffffffff)
          facts.remarks.push_back(fmt::format("left out: {} ({:#x}), which is beyond 32 bits", source, range.base));
        else facts.add_memory({label_of(tree, node), static_cast<std::uint32_t>(range.base), range.bytes, source, {}});
      }
    }
    if (tree.has(node, "#power-domain-cells") || tree.mentions(node, "compatible", "power-domain"))
      facts.power_domains.push_back(tree.path(node));
  });
}

}  // namespace dspmem
