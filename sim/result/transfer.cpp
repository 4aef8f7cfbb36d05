// SPDX-License-Identifier: Apache-2.0
#include "sim/result/transfer.h"

#include <cstring>
#include <stdexcept>
#include <type_traits>

namespace dspmem {
namespace {

// The fields of each structure, once, for both directions. A field that is left out here is left out of the reports of
// --isolate: Isolate.ReportsAreThoseOfOneProcess compares them.
template <class Visitor>
void fields(Visitor& visit, Agent& x) {
  visit(x.kind, x.number);
}
template <class Visitor>
void fields(Visitor& visit, Place& x) {
  visit(x.file, x.line, x.column);
}
template <class Visitor>
void fields(Visitor& visit, Result::Cache& x) {
  visit(x.accesses, x.misses, x.write_backs, x.prefetches);
}
template <class Visitor>
void fields(Visitor& visit, Result::Core& x) {
  visit(x.id, x.powered, x.instructions, x.cycles, x.l1d, x.l1i, x.uncached_reads, x.uncached_writes, x.atomics,
        x.dropped_by_atomics, x.waiting_cycles, x.waiting_instructions);
}
template <class Visitor>
void fields(Visitor& visit, Result::Heap& x) {
  visit(x.name, x.zone, x.size, x.used, x.peak, x.free, x.largest_free, x.failed);
}
template <class Visitor>
void fields(Visitor& visit, Result::AllocatorCalls& x) {
  visit(x.name, x.count, x.failed, x.median_cycles, x.p99_cycles, x.worst_cycles, x.instructions, x.l1d_misses,
        x.waiting_cycles, x.waiting_instructions);
}
template <class Visitor>
void fields(Visitor& visit, Result::FunctionCost& x) {
  visit(x.name, x.place, x.calls, x.cycles, x.instructions, x.l1d_misses, x.l1i_misses, x.uncached_accesses,
        x.cache_operations);
}
template <class Visitor>
void fields(Visitor& visit, Result::ObjectCost& x) {
  visit(x.name, x.l1d_misses, x.uncached_accesses, x.cache_operations);
}
template <class Visitor>
void fields(Visitor& visit, Result::Footprint& x) {
  visit(x.peak, x.touched, x.scattered_basis_points);
}
template <class Visitor>
void fields(Visitor& visit, Result::Bank& x) {
  visit(x.name, x.on, x.retained, x.accesses, x.conflicts, x.conflict_cycles, x.live_bytes);
}
template <class Visitor>
void fields(Visitor& visit, Result::Expectation& x) {
  visit(x.text, x.actual, x.where, x.passed);
}
template <class Visitor>
void fields(Visitor& visit, Result::StaleRead& x) {
  visit(x.agent, x.cycle, x.object, x.where, x.first, x.last, x.wrong, x.seen, x.owed, x.written, x.writer,
        x.writer_cycle, x.writer_where, x.count);
}
template <class Visitor>
void fields(Visitor& visit, Result::Frame& x) {
  visit(x.pc, x.function, x.file, x.line);
}
template <class Visitor>
void fields(Visitor& visit, Result::Operation& x) {
  visit(x.agent, x.kind, x.view, x.stack, x.step, x.cycle, x.count);
}
template <class Visitor>
void fields(Visitor& visit, Result::Origin& x) {
  visit(x.step, x.frame);
}
template <class Visitor>
void fields(Visitor& visit, Result::Object& x) {
  visit(x.kind, x.name, x.zone, x.allocated_by, x.where, x.address, x.bytes);
}
template <class Visitor>
void fields(Visitor& visit, Result::Patch& x) {
  visit(x.at, x.how, x.text);
}
template <class Visitor>
void fields(Visitor& visit, Result::Finding& x) {
  visit(x.rule, x.severity, x.count, x.message, x.access, x.relation, x.other, x.cause, x.missing, x.object,
        x.neighbours, x.first, x.last, x.seen, x.owed, x.history, x.fix, x.patches);
}
template <class Visitor>
void fields(Visitor& visit, Result::Step& x) {
  visit(x.agent, x.kind, x.where);
}
template <class Visitor>
void fields(Visitor& visit, Result::Crash& x) {
  visit(x.message, x.core, x.cycle, x.step, x.other_steps, x.stack);
}
template <class Visitor>
void fields(Visitor& visit, Result::PowerPolicy& x) {
  visit(x.name, x.summary, x.role, x.on, x.retention, x.off, x.transitions, x.power_offs, x.unrepaid, x.wake_cycles,
        x.leakage_on, x.leakage_retention, x.leakage_off, x.accesses, x.wakes, x.regulators, x.saved_basis_points,
        x.of_ideal_basis_points, x.off_basis_points);
}
template <class Visitor>
void fields(Visitor& visit, Result::Pin& x) {
  visit(x.object, x.objects, x.share_basis_points, x.age, x.movable, x.name, x.caller);
}
template <class Visitor>
void fields(Visitor& visit, Result::PoweredBank& x) {
  visit(x.name, x.on, x.retention, x.off, x.needed, x.power_offs, x.break_even, x.access_energy, x.pin_count, x.pins);
}
template <class Visitor>
void fields(Visitor& visit, Result::PinShare& x) {
  visit(x.name, x.allocated, x.bank_cycles);
}
template <class Visitor>
void fields(Visitor& visit, Result::Regulator& x) {
  visit(x.memory, x.on, x.wasted);
}
template <class Visitor>
void fields(Visitor& visit, Result::Power& x) {
  visit(x.preset, x.description, x.cycles, x.policies, x.banks, x.zones, x.cores, x.regulators, x.assumed);
}
template <class Visitor>
void fields(Visitor& visit, Result::History::Series& x) {
  visit(x.name, x.cycles, x.values);
}
template <class Visitor>
void fields(Visitor& visit, Result::History::Span& x) {
  visit(x.begin, x.end, x.what, x.where);
}
template <class Visitor>
void fields(Visitor& visit, Result::History::Track& x) {
  visit(x.name, x.spans);
}
template <class Visitor>
void fields(Visitor& visit, Result::History::Region& x) {
  visit(x.name, x.base, x.bytes);
}
template <class Visitor>
void fields(Visitor& visit, Result::History::Block& x) {
  visit(x.name, x.zone, x.where, x.base, x.bytes, x.since);
}
template <class Visitor>
void fields(Visitor& visit, Result::History& x) {
  visit(x.zones, x.banks, x.cores, x.regions, x.blocks, x.left_out, x.joined, x.resolution);
}
template <class Visitor>
void fields(Visitor& visit, Variation::Range& x) {
  visit(x.name, x.unit, x.value, x.low, x.high, x.low_with, x.high_with);
}
template <class Visitor>
void fields(Visitor& visit, Variation::Conclusion::Other& x) {
  visit(x.with, x.text);
}
template <class Visitor>
void fields(Visitor& visit, Variation::Conclusion& x) {
  visit(x.name, x.text, x.others);
}
template <class Visitor>
void fields(Visitor& visit, Variation::Left& x) {
  visit(x.figure, x.why);
}
template <class Visitor>
void fields(Visitor& visit, Variation& x) {
  visit(x.replays, x.figures, x.conclusions, x.ranges, x.left_out);
}
template <class Visitor>
void fields(Visitor& visit, Result::Suppressed& x) {
  visit(x.where, x.reason, x.count);
}
template <class Visitor>
void fields(Visitor& visit, Result::Dump::Holder& x) {
  visit(x.who, x.dirty, x.bytes);
}
template <class Visitor>
void fields(Visitor& visit, Result::Dump::Write& x) {
  visit(x.first, x.last, x.write);
}
template <class Visitor>
void fields(Visitor& visit, Result::Dump::Line& x) {
  visit(x.first, x.holders, x.writes);
}
template <class Visitor>
void fields(Visitor& visit, Result::Dump& x) {
  visit(x.what, x.cycle, x.address, x.bytes, x.lines);
}
template <class Visitor>
void fields(Visitor& visit, Result::UnlistedRegisters& x) {
  visit(x.base, x.write, x.address, x.user);
}
template <class Visitor>
void fields(Visitor& visit, Result& x) {
  visit(x.scenario, x.file, x.platform, x.platform_description, x.seed, x.verdict, x.cycles, x.clock_mhz, x.allocations,
        x.frees, x.cores, x.allocator, x.heaps, x.operations, x.functions, x.object_costs, x.footprint, x.banks,
        x.expectations, x.stale_reads, x.findings, x.unlisted_findings, x.suppressions, x.crash, x.stand_ins,
        x.unlisted_registers, x.stopped, x.dumps, x.interrupted, x.wake_latency, x.power, x.history, x.variation);
}

class Sender {
 public:
  template <class... Each>
  void operator()(Each&... each) {
    (put(each), ...);
  }
  std::string bytes;

 private:
  template <class T>
  void put(T& x) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>)
      bytes.append(reinterpret_cast<const char*>(&x), sizeof x);
    else fields(*this, x);
  }
  void put_count(std::uint64_t count) { put(count); }
  void put_text(std::string_view text) {
    put_count(text.size());
    bytes.append(text);
  }
  void put(std::string& text) { put_text(text); }
  void put(RuleId& rule) { put_text(rule.name); }
  template <class T>
  void put(std::vector<T>& list) {
    put_count(list.size());
    for (T& each : list) put(each);
  }
  template <class T>
  void put(std::optional<T>& x) {
    put_count(x.has_value());
    if (x) put(*x);
  }
  void put(std::map<RuleId, std::uint64_t>& map) {
    put_count(map.size());
    for (auto& [rule, count] : map) {
      put_text(rule.name);
      put(count);
    }
  }
};

class Receiver {
 public:
  Receiver(std::string_view bytes, const std::function<RuleId(std::string_view)>& rule) : bytes_(bytes), rule_(rule) {}
  template <class... Each>
  void operator()(Each&... each) {
    (get(each), ...);
  }
  bool all_taken() const { return bytes_.empty(); }

 private:
  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size()) throw std::runtime_error("a result that came from another process ends too early");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  template <class T>
  void get(T& x) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) std::memcpy(&x, take(sizeof x).data(), sizeof x);
    else fields(*this, x);
  }
  std::uint64_t get_count() {
    std::uint64_t count = 0;
    get(count);
    return count;
  }
  void get(std::string& text) { text = take(get_count()); }
  void get(RuleId& rule) { rule = rule_(take(get_count())); }
  template <class T>
  void get(std::vector<T>& list) {
    const std::uint64_t count = get_count();
    list.clear();
    for (std::uint64_t i = 0; i < count; ++i) get(list.emplace_back());
  }
  template <class T>
  void get(std::optional<T>& x) {
    if (get_count()) get(x.emplace());
    else x.reset();
  }
  void get(std::map<RuleId, std::uint64_t>& map) {
    for (std::uint64_t left = get_count(); left; --left) {
      RuleId rule;
      get(rule);
      get(map[rule]);
    }
  }

  std::string_view bytes_;
  const std::function<RuleId(std::string_view)>& rule_;
};

}  // namespace

std::string to_bytes(const Result& result) {
  Sender sender;
  sender(const_cast<Result&>(result));  // the list of fields is for both directions; sending changes nothing
  return std::move(sender.bytes);
}

Result result_from_bytes(std::string_view bytes, const std::function<RuleId(std::string_view)>& rule) {
  Receiver receiver(bytes, rule);
  Result result;
  receiver(result);
  if (!receiver.all_taken()) throw std::runtime_error("a result that came from another process has bytes too many");
  return result;
}

}  // namespace dspmem
