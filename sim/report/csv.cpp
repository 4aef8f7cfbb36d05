// SPDX-License-Identifier: Apache-2.0
#include "sim/report/csv.h"

#include <fmt/format.h>

#include "sim/result/groups.h"

namespace dspmem {
namespace {

/// A field, in quotes where it must be.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char each : text) quoted += each == '"' ? std::string("\"\"") : std::string(1, each);
  return quoted + "\"";
}
std::string field(const char* text) { return field(std::string(text)); }
std::string field(bool value) { return value ? "1" : "0"; }
template <class Number>
std::string field(Number value) {
  return std::to_string(value);
}

template <class... Fields>
void add_row(std::string& out, const Result& result, const Fields&... fields) {
  out += field(result.file) + "," + field(result.platform) + "," + field(result.seed);
  ((out += "," + field(fields)), ...);
  out += "\n";
}

std::string header(const char* columns) { return std::string("file,platform,seed,") + columns + "\n"; }

std::string runs(std::span<const Result> results) {
  std::string out =
      header("scenario,allocator,verdict,exit_code,cycles,clock_mhz,allocations,frees,findings,peak_bytes");
  for (const Result& each : results)
    add_row(out, each, each.scenario, each.allocator, to_string(each.verdict),
            exit_code(each.verdict) + each.interrupted, each.cycles, each.clock_mhz, each.allocations, each.frees,
            each.findings.size(), each.footprint.peak);
  return out;
}

std::string cores(std::span<const Result> results) {
  std::string out = header(
      "core,powered,instructions,cycles,l1d_accesses,l1d_misses,l1d_write_backs,l1d_prefetches,l1i_accesses,l1i_misses,"
      "uncached_reads,uncached_writes,atomics,lines_dropped_by_atomics,waiting_cycles,waiting_instructions");
  for (const Result& result : results)
    for (const Result::Core& each : result.cores)
      add_row(out, result, each.id, each.powered, each.instructions, each.cycles, each.l1d.accesses, each.l1d.misses,
              each.l1d.write_backs, each.l1d.prefetches, each.l1i.accesses, each.l1i.misses, each.uncached_reads,
              each.uncached_writes, each.atomics, each.dropped_by_atomics, each.waiting_cycles,
              each.waiting_instructions);
  return out;
}

std::string heaps(std::span<const Result> results) {
  std::string out = header("heap,zone,size_bytes,used_bytes,peak_bytes,free_bytes,largest_free_bytes,failed");
  for (const Result& result : results)
    for (const Result::Heap& each : result.heaps)
      add_row(out, result, each.name, each.zone, each.size, each.used, each.peak, each.free, each.largest_free,
              each.failed);
  return out;
}

std::string operations(std::span<const Result> results) {
  std::string out = header(
      "operation,calls,failed,median_cycles,p99_cycles,worst_cycles,instructions,l1d_misses,waiting_cycles,waiting_"
      "instructions");
  for (const Result& result : results)
    for (const Result::AllocatorCalls& each : result.operations)
      add_row(out, result, each.name, each.count, each.failed, each.median_cycles, each.p99_cycles, each.worst_cycles,
              each.instructions, each.l1d_misses, each.waiting_cycles, each.waiting_instructions);
  return out;
}

std::string banks(std::span<const Result> results) {
  std::string out = header("bank,on,retained,accesses,conflicts,conflict_cycles,live_bytes");
  for (const Result& result : results)
    for (const Result::Bank& each : result.banks)
      add_row(out, result, each.name, each.on, each.retained, each.accesses, each.conflicts, each.conflict_cycles,
              each.live_bytes);
  return out;
}

std::string findings(std::span<const Result> results) {
  std::string out = header(
      "rule,severity,count,object,object_kind,zone,first_byte,last_byte,agent,operation,place,cycle,message,fix,"
      "fingerprint");
  for (const Result& result : results)
    for (const Result::Finding& each : result.findings) {
      const Result::Operation& access = each.access;
      const std::string place = access.stack.empty() ? access.step.to_string() : to_string(access.stack[0]);
      add_row(out, result, to_string(each.rule), to_string(each.severity), each.count,
              each.object ? each.object->name : "",
              each.object && each.object->is_one_thing() ? "object"
              : each.object                              ? "memory"
                                                         : "",
              each.object ? each.object->zone : "", each.first, each.last, to_string(access.agent),
              to_string(access.kind), place, access.cycle, each.message, each.fix, fingerprint_of(each));
    }
  return out;
}

std::string functions(std::span<const Result> results) {
  std::string out =
      header("function,place,calls,cycles,instructions,l1d_misses,l1i_misses,uncached_accesses,cache_operations");
  for (const Result& result : results)
    for (const Result::FunctionCost& each : result.functions)
      add_row(out, result, each.name, each.place, each.calls, each.cycles, each.instructions, each.l1d_misses,
              each.l1i_misses, each.uncached_accesses, each.cache_operations);
  return out;
}

}  // namespace

std::span<const CsvTable> csv_tables() {
  static constexpr CsvTable all[] = {
      {"runs.csv", runs},   {"cores.csv", cores},       {"heaps.csv", heaps},        {"operations.csv", operations},
      {"banks.csv", banks}, {"findings.csv", findings}, {"functions.csv", functions}};
  return all;
}

}  // namespace dspmem
