// SPDX-License-Identifier: Apache-2.0
#include "sim/config/platform_fields.h"

#include "models/cache/replacement.h"
#include "sim/config/figures.h"

namespace dspmem {
namespace {

using namespace field;

constexpr std::uint64_t kib = 1024;

FieldType cache_fields() {
  return mapping({
      needs("size", size(), "bytes that the cache holds"),
      needs("ways", number(1), "lines that an address may be in"),
      needs("line", number(1), "bytes of a line, a power of two"),
      has("replacement", choice(replacement_policies()), "which line of a set is replaced; default lru"),
      has("write_policy", choice(write_policies()), "when stores reach memory; default write_back"),
      has("byte_dirty", flag(),
          "whether a write-back writes only the bytes that were stored; default false: whole lines"),
      has("prefetch_lines", number(), "lines behind a miss that are fetched as well; default 0"),
  });
}

FieldType timing_fields() {
  return mapping({
      has("taken_branch", number(), "cycles that a taken branch costs beyond one"),
      has("load_use", number(), "cycles that the next instruction waits for what was loaded"),
      has("multiply_use", number(), "cycles that the next instruction waits for a product"),
      has("rsr_use", number(), "cycles that the next instruction waits for a special register"),
      has("multiply", number(), "cycles of a multiplication beyond one"),
      has("divide", number(), "cycles of a division beyond one"),
      has("jump", number(), "cycles of a jump beyond one"),
      has("call", number(), "cycles of a call beyond one"),
      has("return", number(), "cycles of a return beyond one"),
      has("barrier", number(), "cycles of MEMW and EXTW beyond one"),
      has("synchronising", number(), "cycles of ISYNC, RSYNC, ESYNC and DSYNC beyond one"),
      has("cache", number(), "cycles of a cache instruction beyond one and its bus accesses"),
  });
}

FieldType memory_fields() {
  return mapping({
      needs("name", text(), "name of the SRAM; its banks are NAME0, NAME1, ..."),
      needs("base", address(), "first address of the cached view, a multiple of 4 KiB"),
      needs("bank", size(), "bytes of a bank, a multiple of 4 KiB"),
      needs("banks", number(1), "number of banks"),
      has("latency", number(), "cycles until the first beat"),
      has("beat", number(1), "bytes that a bank moves per cycle"),
      has("wake", number(), "cycles from power-on until a bank is usable"),
      has("ready", number(), "cycles until the status register says that it is; default as wake"),
      has("retention_wake", number(), "cycles from retention until a bank is usable"),
      has("regulator", mapping({needs("settle", number(), "cycles until the voltage is there")}),
          "the memory has a voltage regulator, off while all banks are"),
      has("switchable", flag(), "whether banks can be switched off; default false"),
      has("uncached", address(), "first address of the uncached view; default none"),
  });
}

FieldType heap_fields() {
  return mapping({
      needs("zone", choice(zone_names()), "what the heap is for"),
      has("memory", text(), "which memory it is in; default the first"),
      has("capabilities", list(choice(capability_names(), "capability")),
          "what its blocks can be used for; default [ram]"),
      has("cores", list(number(0, max_cores - 1)),
          "for zones system and system_runtime: the cores that have such a heap"),
      has("size", size(), "for zone system: bytes, a multiple of the cache line"),
      has("blocks", list(list(number()), 1, max_block_sizes),
          "[block size, count] of each size, growing; sizes are multiples of 16"),
      has("times", number(), "multiplies all counts of blocks; default 1"),
      has("rest_in_blocks_of", size(),
          "in place of blocks: bytes of the blocks that the rest of the memory is cut into, a multiple of 16"),
  });
}

}  // namespace

const Choices<WritePolicy>& write_policies() {
  static const Choices<WritePolicy> all{{"write_back", WritePolicy::write_back},
                                        {"write_through", WritePolicy::write_through}};
  return all;
}

const Choices<Atomics>& atomics_choices() {
  static const Choices<Atomics> all{
      {"memory", Atomics::memory}, {"write_back_drop", Atomics::write_back_drop}, {"cached", Atomics::cached}};
  return all;
}

const Choices<PowerRegisters>& power_register_layouts() {
  static const Choices<PowerRegisters> all{{"cavs", PowerRegisters::cavs}, {"ace", PowerRegisters::ace}};
  return all;
}

const Choices<bool>& retained_accesses() {
  static const Choices<bool> all{{"wakes", true}, {"faults", false}};
  return all;
}

const Choices<SharedData>& shared_data_choices() {
  static const Choices<SharedData> all{{"uncached_alias", SharedData::uncached_alias},
                                       {"writeback_invalidate", SharedData::writeback_invalidate},
                                       {"none", SharedData::none}};
  return all;
}

const FieldType& platform_fields() {
  static const FieldType fields = mapping(joined(
      {
          needs("name", text(), "name of the platform"),
          has("description", text(), "one line about it"),
          needs("cores", number(1, max_cores), "number of cores; core 0 boots the others"),
          has("clock_mhz", number(1, 10000), "clock of cores, bus and memories, MHz; default 400"),
          has("timing", timing_fields(), "cycles of instructions"),
          has("atomctl", choice(atomics_choices()),
              "what S32C1I does with a cached line: acts at memory, writes it back and drops it (default), or acts in "
              "the cache"),
          needs("l1i", cache_fields(), "instruction cache of each core"),
          needs("l1d", cache_fields(), "data cache of each core"),
          needs("memories", list(memory_fields(), 1), "SRAMs; image, stacks and the heaps of cores are in the first"),
          has("bus", mapping({has("latency", number(), "cycles that an access takes on its way")}),
              "what lies between cores and memories"),
          needs("devices",
                mapping({needs("core_control", address(), "registers that start and stop cores"),
                         needs("idc", address(), "registers of interrupts between cores"),
                         needs("power", address(), "registers that switch banks"),
                         has("dma", address(), "registers of the DMA engine; default none")}),
                "addresses of registers"),
          has("power",
              mapping(
                  {has("energy", text(), "set of energy figures: a name, or the path of a file"),
                   has("registers", choice(power_register_layouts()), "layout of the power registers; default cavs"),
                   has("retained_access", choice(retained_accesses()),
                       "what an access to a retained bank does; default wakes"),
                   has("bank_manager", mapping({needs("keep_empty", number(), "empty banks that stay on")}),
                       "the firmware switches banks as heaps fill and empty")}),
              "banks and their energy"),
          needs("shared_data", choice(shared_data_choices()), "how cores share data"),
          has("alignment", number(4), "alignment of blocks that no request names, bytes: a power of two"),
          needs("image", mapping({needs("size", size(), "bytes that code and static data may take")}),
                "the firmware, at the bottom of the first memory"),
          has("core_areas",
              mapping(
                  {has("stack", size(1 * kib), "bytes of each core's stack, a multiple of 16; default 4096"),
                   has("align", choice({"line", "bank"}), "what the area of each core but 0 begins at; default line")}),
              "stacks"),
          needs("heaps", list(heap_fields()), "heaps, laid out in the order of this list"),
          has("protected_zones", list(choice(zone_names(), "zone")), "zones that only the kernel may touch"),
      },
      figure_fields()));
  return fields;
}

}  // namespace dspmem
