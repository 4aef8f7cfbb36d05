// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/report/writer.h"
#include "sim/result/groups.h"

namespace dspmem {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson to_json(const Result::Cache& cache) {
  return {{"accesses", cache.accesses},
          {"misses", cache.misses},
          {"writebacks", cache.write_backs},
          {"prefetches", cache.prefetches}};
}

OrderedJson to_json(const Result::Core& core) {
  return {{"core", core.id},
          {"powered", core.powered},
          {"instructions", core.instructions},
          {"cycles", core.cycles},
          {"l1d", to_json(core.l1d)},
          {"l1i", {{"accesses", core.l1i.accesses}, {"misses", core.l1i.misses}, {"prefetches", core.l1i.prefetches}}},
          {"uncached", {{"reads", core.uncached_reads}, {"writes", core.uncached_writes}}},
          {"atomics", core.atomics},
          {"lines_dropped_by_atomics", core.dropped_by_atomics},
          {"waiting", {{"cycles", core.waiting_cycles}, {"instructions", core.waiting_instructions}}}};
}

OrderedJson to_json(const Result::FunctionCost& cost) {
  return {{"function", cost.name},
          {"place", cost.place},
          {"calls", cost.calls},
          {"cycles", cost.cycles},
          {"instructions", cost.instructions},
          {"l1d_misses", cost.l1d_misses},
          {"l1i_misses", cost.l1i_misses},
          {"uncached_accesses", cost.uncached_accesses},
          {"cache_operations", cost.cache_operations}};
}
OrderedJson to_json(const Result::ObjectCost& cost) {
  return {{"object", cost.name},
          {"l1d_misses", cost.l1d_misses},
          {"uncached_accesses", cost.uncached_accesses},
          {"cache_operations", cost.cache_operations}};
}

OrderedJson to_json(const Result::Heap& heap) {
  return {{"heap", heap.name},
          {"zone", heap.zone},
          {"size", heap.size},
          {"used", heap.used},
          {"peak", heap.peak},
          {"free", heap.free},
          {"largest_free", heap.largest_free},
          {"failed", heap.failed}};
}

/// Heaps of one zone added up, in the order of the heaps.
OrderedJson zones_of(const std::vector<Result::Heap>& heaps) {
  std::vector<Result::Heap> zones;
  for (const Result::Heap& heap : heaps) {
    auto zone =
        std::find_if(zones.begin(), zones.end(), [&heap](const Result::Heap& each) { return each.zone == heap.zone; });
    if (zone == zones.end()) {
      zones.push_back(heap);
      continue;
    }
    zone->size += heap.size;
    zone->used += heap.used;
    zone->peak += heap.peak;
    zone->free += heap.free;
    zone->failed += heap.failed;
    zone->largest_free = std::max(zone->largest_free, heap.largest_free);
  }
  OrderedJson list = OrderedJson::array();
  for (const Result::Heap& zone : zones) {
    OrderedJson entry = to_json(zone);
    entry.erase("heap");
    list.push_back(entry);
  }
  return list;
}

OrderedJson to_json(const Result::Bank& bank) {
  return {{"bank", bank.name},
          {"state", bank.on         ? "on"
                    : bank.retained ? "retention"
                                    : "off"},
          {"accesses", bank.accesses},
          {"conflicts", bank.conflicts},
          {"conflict_cycles", bank.conflict_cycles},
          {"live_bytes", bank.live_bytes}};
}

OrderedJson to_json(const Result::Expectation& expectation) {
  return {{"expectation", expectation.text},
          {"actual", expectation.actual},
          {"passed", expectation.passed},
          {"where", expectation.where.to_string()}};
}

/// An agent, and its number where it is a core.
OrderedJson to_json(const Agent& agent) {
  OrderedJson json{{"agent", to_string(agent)}};
  if (agent.is_core()) json["core"] = agent.number;
  return json;
}

OrderedJson to_json(const Result::StaleRead& read) {
  OrderedJson json = to_json(read.agent);
  json.update(
      {{"cycle", read.cycle},
       {"object", read.object},
       {"where", read.where.to_string()},
       {"bytes",
        {{"first", read.first}, {"last", read.last}, {"wrong", read.wrong}, {"seen", read.seen}, {"owed", read.owed}}},
       {"count", read.count}});
  if (!read.written) return json;
  OrderedJson writer = to_json(read.writer);
  writer.update({{"cycle", read.writer_cycle}, {"where", read.writer_where.to_string()}});
  json["writer"] = std::move(writer);
  return json;
}

OrderedJson to_json(const Result::Frame& frame) {
  return {{"pc", fmt::format("{:#010x}", frame.pc)},
          {"function", frame.function},
          {"file", frame.file},
          {"line", frame.line}};
}

OrderedJson to_json(const Result::Dump::Holder& holder);
OrderedJson to_json(const Result::Dump::Write& write);
OrderedJson to_json(const Result::Dump::Line& line);
OrderedJson to_json(const Result::Dump& dump);
OrderedJson to_json(const Result::Operation& operation);
OrderedJson to_json(const Result::Object& object);
OrderedJson to_json(const Result::Finding& finding);
OrderedJson to_json(const Result::Suppressed& suppressed);
OrderedJson to_json(const Result::PowerPolicy& policy);
OrderedJson to_json(const Result::Pin& pin);
OrderedJson to_json(const Result::PoweredBank& bank);
OrderedJson to_json(const Result::AllocatorCalls& calls);
OrderedJson to_json(const Result::PinShare& share);
OrderedJson to_json(const Result::Regulator& regulator);
OrderedJson to_json(const Variation::Range& range);
OrderedJson to_json(const Variation::Conclusion::Other& other);
OrderedJson to_json(const Variation::Conclusion& conclusion);
OrderedJson to_json(const Variation::Left& left);

template <class T>
OrderedJson list_of(const std::vector<T>& items) {
  OrderedJson list = OrderedJson::array();
  for (const T& item : items) list.push_back(to_json(item));
  return list;
}

OrderedJson to_json(const Result::Operation& operation) {
  OrderedJson json{{"agent", to_string(operation.agent)},
                   {"what", to_string(operation.kind)},
                   {"view", to_string(operation.view)},
                   {"cycle", operation.cycle},
                   {"count", operation.count},
                   {"step", operation.step.to_string()}};
  if (!operation.stack.empty()) {
    json["function"] = operation.stack[0].function;
    json["file"] = operation.stack[0].file;
    json["line"] = operation.stack[0].line;
  }
  json["stack"] = list_of(operation.stack);
  return json;
}

OrderedJson to_json(const Result::Object& object) {
  return {{"name", object.name},
          {"zone", object.zone},
          {"address", fmt::format("{:#010x}", object.address)},
          {"bytes", object.bytes},
          {"allocated_by", to_string(object.allocated_by)},
          {"where", to_string(object.where)}};
}

const char* how_of(const Result::Patch& patch) {
  switch (patch.how) {
    case Result::Patch::How::before: return "step before";
    case Result::Patch::How::after: return "step after";
    case Result::Patch::How::setting: return "setting";
  }
  return "";
}

OrderedJson to_json(const Result::Finding& finding) {
  OrderedJson json{{"rule", finding.rule.name},  {"kind", to_string(finding.severity)},
                   {"count", finding.count},     {"agent", to_string(finding.access.agent)},
                   {"message", finding.message}, {"access", to_json(finding.access)}};
  if (finding.other) json["other"] = to_json(*finding.other);
  if (finding.cause) json["cause"] = to_json(*finding.cause);
  if (!finding.missing.empty()) json["missing"] = {{"operation", finding.missing}};
  if (finding.object) json["object"] = to_json(*finding.object);
  json["neighbours"] = list_of(finding.neighbours);
  json["bytes"] = {{"first", finding.first}, {"last", finding.last}, {"seen", finding.seen}, {"owed", finding.owed}};
  json["history"] = list_of(finding.history);
  json["fix"] = finding.fix;
  OrderedJson patches = OrderedJson::array();
  for (const Result::Patch& patch : finding.patches)
    patches.push_back({{"at", patch.at.to_string()}, {"how", how_of(patch)}, {"text", patch.text}});
  if (!patches.empty()) json["patches"] = patches;
  json["fingerprint"] = fingerprint_of(finding);
  return json;
}

OrderedJson to_json(const Result::Suppressed& suppressed) {
  return {{"where", suppressed.where.to_string()}, {"reason", suppressed.reason}, {"count", suppressed.count}};
}

double nanojoules(std::uint64_t attojoules) { return static_cast<double>(attojoules) / 1e9; }
double percent(std::int64_t basis_points) { return static_cast<double>(basis_points) / 100; }

OrderedJson to_json(const Result::PowerPolicy& policy) {
  return {{"policy", policy.name},
          {"summary", policy.summary},
          {"residency_off", percent(static_cast<std::int64_t>(policy.off_basis_points))},
          {"saved_percent", percent(policy.saved_basis_points)},
          {"of_ideal_percent", percent(static_cast<std::int64_t>(policy.of_ideal_basis_points))},
          {"energy_nj", nanojoules(policy.energy())},
          {"parts_nj",
           {{"leakage_on", nanojoules(policy.leakage_on)},
            {"leakage_retention", nanojoules(policy.leakage_retention)},
            {"leakage_off", nanojoules(policy.leakage_off)},
            {"accesses", nanojoules(policy.accesses)},
            {"wakes", nanojoules(policy.wakes)},
            {"regulators", nanojoules(policy.regulators)}}},
          {"bank_cycles", {{"on", policy.on}, {"retention", policy.retention}, {"off", policy.off}}},
          {"transitions", policy.transitions},
          {"power_offs", policy.power_offs},
          {"power_offs_not_repaid", policy.unrepaid},
          {"wake_cycles", policy.wake_cycles}};
}

OrderedJson to_json(const Result::Pin& pin) {
  return {{"object", to_json(pin.object)},
          {"objects", pin.objects},
          {"share_percent", percent(static_cast<std::int64_t>(pin.share_basis_points))},
          {"age_cycles", pin.age}};
}

OrderedJson to_json(const Result::PoweredBank& bank) {
  return {{"bank", bank.name},
          {"on", bank.on},
          {"retention", bank.retention},
          {"off", bank.off},
          {"needed", bank.needed},
          {"power_offs", bank.power_offs},
          {"break_even_cycles", bank.break_even},
          {"access_energy_nj", nanojoules(bank.access_energy)},
          {"pins", bank.pin_count},
          {"pinned_by", list_of(bank.pins)}};
}

OrderedJson to_json(const Result::AllocatorCalls& each) {
  return {{"operation", each.name},
          {"count", each.count},
          {"failed", each.failed},
          {"median_cycles", each.median_cycles},
          {"p99_cycles", each.p99_cycles},
          {"worst_cycles", each.worst_cycles},
          {"instructions", each.instructions},
          {"l1d_misses", each.l1d_misses},
          {"waiting_cycles", each.waiting_cycles},
          {"waiting_instructions", each.waiting_instructions}};
}

OrderedJson to_json(const Result::PinShare& share) {
  return {{"name", share.name}, {"bank_cycles", share.bank_cycles}};
}

OrderedJson to_json(const Result::Regulator& regulator) {
  return {{"memory", regulator.memory}, {"on", regulator.on}, {"wasted", regulator.wasted}};
}

/// Energies in nanojoules, as everywhere in the report.
OrderedJson to_json(const Variation::Range& range) {
  const bool energy = range.unit == Variation::Range::Unit::attojoules;
  const auto number = [energy](std::int64_t value) {
    return energy ? OrderedJson(static_cast<double>(value) / 1e9) : OrderedJson(value);
  };
  return {{"name", range.name},           {"unit", energy ? "nanojoules" : to_string(range.unit)},
          {"value", number(range.value)}, {"low", number(range.low)},
          {"high", number(range.high)},   {"low_with", range.low_with},
          {"high_with", range.high_with}};
}
OrderedJson to_json(const Variation::Conclusion::Other& other) { return {{"with", other.with}, {"text", other.text}}; }
OrderedJson to_json(const Variation::Conclusion& conclusion) {
  return {{"name", conclusion.name}, {"text", conclusion.text}, {"others", list_of(conclusion.others)}};
}
OrderedJson to_json(const Variation::Left& left) { return {{"figure", left.figure}, {"why", left.why}}; }
OrderedJson to_json(const Variation& variation) {
  return {{"replays", variation.replays},
          {"figures", variation.figures},
          {"conclusions", list_of(variation.conclusions)},
          {"ranges", list_of(variation.ranges)},
          {"not_varied", list_of(variation.left_out)}};
}

OrderedJson to_json(const Result::Power& power) {
  return {
      {"preset", power.preset},        {"description", power.description},    {"modelled", true},
      {"cycles", power.cycles},        {"policies", list_of(power.policies)}, {"banks", list_of(power.banks)},
      {"zones", list_of(power.zones)}, {"cores", list_of(power.cores)},       {"regulators", list_of(power.regulators)},
      {"assumed", power.assumed}};
}

OrderedJson to_json(const Result::Crash& crash) {
  OrderedJson others = OrderedJson::array();
  for (const Result::Step& each : crash.other_steps) others.push_back(to_string(each.agent) + ": " + each.to_string());
  return {{"message", crash.message}, {"core", crash.core},
          {"cycle", crash.cycle},     {"step", crash.step ? crash.step->to_string() : ""},
          {"other_steps", others},    {"stack", list_of(crash.stack)}};
}

OrderedJson to_json(const Result::Dump::Holder& holder) {
  return {{"who", holder.who}, {"dirty", holder.dirty}, {"bytes", holder.bytes}};
}
OrderedJson to_json(const Result::Dump::Write& write) {
  return {{"first", write.first}, {"last", write.last}, {"write", to_json(write.write)}};
}
OrderedJson to_json(const Result::Dump::Line& line) {
  return {{"first", line.first}, {"holders", list_of(line.holders)}, {"writes", list_of(line.writes)}};
}
OrderedJson to_json(const Result::Dump& dump) {
  return {{"what", dump.what},
          {"cycle", dump.cycle},
          {"address", dump.address},
          {"bytes", dump.bytes},
          {"lines", list_of(dump.lines)}};
}

OrderedJson unlisted(const Result& result) {
  OrderedJson counts = OrderedJson::object();
  for (const auto& [rule, count] : result.unlisted_findings) counts[to_string(rule)] = count;
  return counts;
}

/// For each bug the numbers of its findings in `findings`, the one to begin with first.
OrderedJson groups_to_json(const Result& result) {
  OrderedJson groups = OrderedJson::array();
  for (const Group& group : groups_of(result.findings)) {
    OrderedJson numbers = OrderedJson::array();
    for (const Result::Finding* each : group.findings) numbers.push_back(each - result.findings.data());
    groups.push_back({{"severity", to_string(group.severity())}, {"findings", numbers}});
  }
  return groups;
}

OrderedJson report_of(const Result& result) {
  OrderedJson json{{"schema", Result::schema_version},
                   {"scenario", result.scenario},
                   {"file", result.file},
                   {"platform", result.platform},
                   {"allocator", result.allocator},
                   {"seed", result.seed},
                   {"verdict", to_string(result.verdict)},
                   {"cycles", result.cycles},
                   {"clock_mhz", result.clock_mhz},
                   {"allocations", result.allocations},
                   {"frees", result.frees},
                   {"cores", list_of(result.cores)},
                   {"zones", zones_of(result.heaps)},
                   {"heaps", list_of(result.heaps)},
                   {"operations", list_of(result.operations)},
                   {"footprint",
                    {{"peak", result.footprint.peak},
                     {"touched", result.footprint.touched},
                     {"scattered_basis_points", result.footprint.scattered_basis_points}}},
                   {"banks", list_of(result.banks)},
                   {"expectations", list_of(result.expectations)},
                   {"stale_reads", list_of(result.stale_reads)},
                   {"findings", list_of(result.findings)},
                   {"groups", groups_to_json(result)},
                   {"unlisted_findings", unlisted(result)},
                   {"suppressions", list_of(result.suppressions)}};
  if (result.wake_latency) json["wake_latency"] = *result.wake_latency;
  if (!result.power.policies.empty()) json["energy"] = to_json(result.power);
  if (result.variation) json["variation"] = to_json(*result.variation);
  if (result.interrupted) json["interrupted"] = true;
  if (!result.stand_ins.empty()) json["done_by_simulator"] = result.stand_ins;
  for (const Result::UnlistedRegisters& each : result.unlisted_registers)
    json["unlisted_registers"].push_back({{"base", fmt::format("{:#010x}", each.base)},
                                          {"bytes", Result::UnlistedRegisters::bytes},
                                          {"access", each.write ? "write" : "read"},
                                          {"address", fmt::format("{:#010x}", each.address)},
                                          {"place", to_json(each.user)}});
  if (result.crash) json["crash"] = to_json(*result.crash);
  if (!result.stopped.empty()) json["stopped"] = result.stopped;
  if (!result.dumps.empty()) json["dumps"] = list_of(result.dumps);
  if (!result.functions.empty())
    json["profile"] = {{"functions", list_of(result.functions)}, {"objects", list_of(result.object_costs)}};
  return json;
}

/// One scenario is an object, several are an array.
std::string write_json(std::span<const Result> results, const WriterOptions&) {
  OrderedJson json = OrderedJson::array();
  for (const Result& result : results) json.push_back(report_of(result));
  return (results.size() == 1 ? json[0] : json).dump(2) + "\n";
}

}  // namespace

const Writer json_writer{"json", ".json",
                         "write the report as JSON to this file (of several scenarios: an array); - for standard "
                         "output, instead of the text",
                         write_json};

}  // namespace dspmem
