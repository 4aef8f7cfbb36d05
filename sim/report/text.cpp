// SPDX-License-Identifier: Apache-2.0
// What a terminal gets: the verdict, then each bug once, then what was asked for.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <filesystem>

#include "sim/report/bug_text.h"
#include "sim/report/variation_text.h"
#include "sim/report/writer.h"

namespace dspmem {
namespace {

using Kind = Result::Operation::Kind;
using View = Result::Operation::View;

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return whole ? fmt::format("{:.2f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole)) : "-";
}

std::string time_of(std::uint64_t cycles, std::uint32_t clock_mhz) {
  const double microseconds = static_cast<double>(cycles) / clock_mhz;
  return microseconds < 1000  ? fmt::format("{:.1f} us", microseconds)
         : microseconds < 1e7 ? fmt::format("{:.2f} ms", microseconds / 1000)
                              : fmt::format("{:.2f} s", microseconds / 1e6);
}

void write_cores(const Result& result, std::string& out) {
  out += fmt::format("\n{:<6}{:>14}{:>14}{:>8}{:>14}{:>9}{:>12}{:>11}{:>9}\n", "core", "instructions", "cycles", "CPI",
                     "L1D accesses", "misses", "write-backs", "uncached", "waiting");
  for (const Result::Core& core : result.cores) {
    if (core.instructions == 0) {
      out += fmt::format("{:<6}{:>14}\n", core.id, "never on");
      continue;
    }
    out += fmt::format("{:<6} {:>13} {:>13} {:>7.2f} {:>13} {:>8} {:>11} {:>10} {:>8}{}\n", core.id,
                       std::to_string(core.instructions), std::to_string(core.cycles),
                       static_cast<double>(core.cycles) / static_cast<double>(core.instructions),
                       std::to_string(core.l1d.accesses), percent(core.l1d.misses, core.l1d.accesses),
                       std::to_string(core.l1d.write_backs), std::to_string(core.uncached_reads + core.uncached_writes),
                       percent(core.waiting_cycles, core.cycles), core.powered ? "" : "  off at the end");
  }
  std::uint64_t dropped = 0, misses = 0;
  for (const Result::Core& core : result.cores) {
    dropped += core.dropped_by_atomics;
    misses += core.l1d.misses;
  }
  if (dropped)
    out += fmt::format(
        "S32C1I wrote back and dropped {} cached lines of locks, which is why {} of the L1D misses fetch them again\n",
        dropped, percent(std::min(dropped, misses), misses));
}

void write_heaps(const Result& result, std::string& out) {
  const bool any = std::any_of(result.heaps.begin(), result.heaps.end(),
                               [](const Result::Heap& heap) { return heap.peak || heap.failed; });
  if (!any) return;
  out +=
      fmt::format("\n{:<22}{:>10}{:>10}{:>10}{:>14}{:>8}\n", "heap", "size", "used", "peak", "largest free", "failed");
  for (const Result::Heap& heap : result.heaps)
    if (heap.peak || heap.failed)
      out += fmt::format("{:<22}{:>10}{:>10}{:>10}{:>14}{:>8}\n", heap.name, heap.size, heap.used, heap.peak,
                         heap.largest_free, heap.failed);
}

void write_operations(const Result& result, std::string& out) {
  if (result.operations.empty()) return;
  out += fmt::format("\n{:<20}{:>9}{:>7}{:>9}{:>9}{:>9}{:>13}{:>11}{:>13}\n", "allocator " + result.allocator, "calls",
                     "failed", "cycles", "99 %", "worst", "instructions", "L1D misses", "waiting");
  for (const Result::AllocatorCalls& each : result.operations)
    out += fmt::format("{:<20} {:>8} {:>6} {:>8} {:>8} {:>8} {:>12} {:>10} {:>12}\n", each.name,
                       std::to_string(each.count), each.failed, std::to_string(each.median_cycles),
                       std::to_string(each.p99_cycles), std::to_string(each.worst_cycles),
                       std::to_string(each.instructions), std::to_string(each.l1d_misses),
                       std::to_string(each.waiting_cycles));
}

void write_profile(const Result& result, std::string& out) {
  constexpr std::size_t most = 10;
  if (!result.functions.empty())
    out += fmt::format("\n{:<34}{:>9}{:>14}{:>8}{:>14}{:>12}{:>10}\n", "function, without its callees", "calls",
                       "cycles", "", "instructions", "L1D misses", "uncached");
  for (std::size_t i = 0; i < std::min(most, result.functions.size()); ++i) {
    const Result::FunctionCost& each = result.functions[i];
    std::uint64_t total = 0;
    for (const Result::Core& core : result.cores) total += core.instructions ? core.cycles : 0;
    out += fmt::format("{:<34} {:>8} {:>13} {:>5.1f} % {:>13} {:>11} {:>9}\n", each.name, each.calls, each.cycles,
                       total ? 100.0 * static_cast<double>(each.cycles) / static_cast<double>(total) : 0.0,
                       each.instructions, each.l1d_misses, each.uncached_accesses);
  }
  if (!result.object_costs.empty())
    out += fmt::format("\n{:<48}{:>12}{:>12}{:>18}\n", "object", "L1D misses", "uncached", "cache operations");
  for (std::size_t i = 0; i < std::min(most, result.object_costs.size()); ++i) {
    const Result::ObjectCost& each = result.object_costs[i];
    out += fmt::format("{:<48} {:>11} {:>11} {:>17}\n", each.name, each.l1d_misses, each.uncached_accesses,
                       each.cache_operations);
  }
}

void write_banks(const Result& result, std::string& out) {
  std::size_t on = 0;
  std::uint64_t conflicts = 0;
  for (const Result::Bank& bank : result.banks) {
    on += bank.on;
    conflicts += bank.conflicts;
  }
  out += fmt::format("\nbanks: {} of {} on, {} port conflicts\n", on, result.banks.size(), std::to_string(conflicts));
  for (const Result::Bank& bank : result.banks)
    if (bank.live_bytes || !bank.on)
      out += fmt::format("  {:<8}{:<4}{:>10} live bytes{:>12} accesses\n", bank.name, bank.on ? "on" : "off",
                         bank.live_bytes, std::to_string(bank.accesses));
}

void write_stale_reads(const Result& result, bool brief, std::string& out) {
  if (brief && !result.stale_reads.empty()) out += "\n";
  for (const Result::StaleRead& read : result.stale_reads) {
    out += fmt::format("{}wrong value: {} read '{}' at {}{}{}\n", brief ? "" : "\n", to_string(read.agent), read.object,
                       read.where.to_string(), brief ? "" : fmt::format(" (cycle {})", read.cycle),
                       read.count > 1 ? fmt::format(", and {} times more", read.count - 1) : "");
    if (brief) continue;
    out += fmt::format("  {} of its bytes {} to {} were not what they should be: saw {}, expected {}\n", read.wrong,
                       read.first, read.last, read.seen, read.owed);
    if (read.written)
      out +=
          fmt::format("  {} wrote them at {} (cycle {}); that value was not in the memory or cache that {} read from\n",
                      to_string(read.writer), read.writer_where.to_string(), std::to_string(read.writer_cycle),
                      to_string(read.agent));
    else out += "  no step has written the expected value there\n";
  }
}

void write_operation(const char* label, const Result::Operation& operation, std::string& out) {
  if (operation.agent.kind == Agent::Kind::none) {  // all that is known is the step
    out += fmt::format("  {:<9}{}, step {}\n", label, to_string(operation.kind), operation.step.to_string());
    return;
  }
  // When reads were made is not remembered.
  out +=
      fmt::format("  {:<9}{}: {}{}{}\n", label, to_string(operation.agent),
                  operation.view == View::none || operation.kind == Kind::power_off || operation.kind == Kind::power_on
                      ? ""
                      : to_string(operation.view) + std::string(" "),
                  to_string(operation.kind), operation.cycle ? ", cycle " + std::to_string(operation.cycle) : "");
  for (std::size_t i = 0; i < operation.stack.size(); ++i)
    out += fmt::format("             {} {}\n", i == 0 ? "in  " : "from", to_string(operation.stack[i]));
  if (!operation.step.empty()) out += fmt::format("             step {}\n", operation.step.to_string());
}

/// What the other side of a finding is to it.
const char* to_string(Result::Finding::Relation relation) {
  switch (relation) {
    case Result::Finding::Relation::missed: return "missed";
    case Result::Finding::Relation::against: return "against";
    case Result::Finding::Relation::after: return "after";
  }
  return "";
}

void write_finding(const Result::Finding& finding, std::string& out) {
  out += fmt::format("\n{} ({}{}): {}\n", finding.rule.name, to_string(finding.severity),
                     finding.count > 1 ? fmt::format(", {} times", finding.count) : "", finding.message);
  write_operation("here", finding.access, out);
  if (finding.other) write_operation(to_string(finding.relation), *finding.other, out);
  if (finding.cause) write_operation("cause", *finding.cause, out);
  if (finding.object) {
    const Result::Object& object = *finding.object;
    out += fmt::format(
        "  object   '{}', {} bytes at {:#x}, {}{}{}\n", object.name, object.bytes, object.address, object.zone,
        object.allocated_by.kind == Agent::Kind::none ? "" : ", allocated by " + to_string(object.allocated_by),
        object.where.empty() ? "" : " at " + to_string(object.where));
  }
  for (const Result::Object& object : finding.neighbours)
    out += fmt::format("           {}: '{}', {} bytes at {:#x}\n",
                       finding.object ? "beside it in the line" : "lives there", object.name, object.bytes,
                       object.address);
  if (!finding.seen.empty())
    out += fmt::format("  bytes    {} to {}: saw {}, the latest are {}\n", finding.first, finding.last, finding.seen,
                       finding.owed);
  if (!finding.history.empty()) {
    out += "  line     ";
    for (std::size_t i = 0; i < finding.history.size(); ++i) {
      const Result::Operation& operation = finding.history[i];
      out += fmt::format("{}{} {}{} at {}", i ? ", " : "", to_string(operation.agent), to_string(operation.kind),
                         operation.count > 1 ? fmt::format(" x {}, the {}", operation.count,
                                                           operation.cycle_is_first() ? "first" : "last")
                                             : "",
                         std::to_string(operation.cycle));
    }
    out += "\n";
  }
  if (!finding.missing.empty()) out += fmt::format("  missing  {}\n", finding.missing);
  if (!finding.fix.empty()) out += fmt::format("  fix      {}\n", finding.fix);
}

/// One line each, the costliest first.
void write_advice(const Result& result, std::string& out) {
  constexpr std::size_t shown = 5;
  std::vector<const Result::Finding*> advice;
  for (const Result::Finding& finding : result.findings)
    if (finding.is_advice()) advice.push_back(&finding);
  if (advice.empty()) return;
  std::stable_sort(advice.begin(), advice.end(),
                   [](const Result::Finding* a, const Result::Finding* b) { return a->count > b->count; });
  out += "\nadvice\n";
  for (std::size_t i = 0; i < std::min(advice.size(), shown); ++i) {
    const Result::Operation& operation = advice[i]->access;
    const Result::Frame* frame = operation.stack.empty() ? nullptr : &operation.stack.back();
    const std::string place = frame ? to_string(*frame) : operation.step.to_string();
    out +=
        fmt::format("  {}: {}{}\n", advice[i]->rule.name, advice[i]->message, place.empty() ? "" : " (" + place + ")");
  }
  if (advice.size() > shown) out += fmt::format("  and {} more: see --json\n", advice.size() - shown);
}

std::string hundredths(std::int64_t basis_points) {
  return fmt::format("{:.2f} %", static_cast<double>(basis_points) / 100);
}

std::string energy_of(std::uint64_t attojoules) {
  const double nanojoules = static_cast<double>(attojoules) / 1e9;
  return nanojoules < 1e4   ? fmt::format("{:.1f} nJ", nanojoules)
         : nanojoules < 1e7 ? fmt::format("{:.1f} uJ", nanojoules / 1e3)
                            : fmt::format("{:.1f} mJ", nanojoules / 1e6);
}

/// Who keeps banks on. A bank that the same place keeps on for the same reason as the one before it is not told again.
void write_pins(const Result::Power& power, std::uint32_t clock_mhz, std::string& out) {
  out += fmt::format("\n{:<8}{:>9}{:>9}{:>9}{:>9}  {}\n", "bank", "on", "kept", "off", "needed", "pinned by");
  std::size_t empty = 0;
  std::uint64_t wasted = 0;
  for (const Result::PoweredBank& bank : power.banks) {
    if (!bank.needed) {
      empty += bank.off < power.cycles;
      wasted += bank.on + bank.retention;
      continue;
    }
    out += fmt::format("{:<8}{:>9}{:>9}{:>9}{:>9}", bank.name, percent(bank.on, power.cycles),
                       percent(bank.retention, power.cycles), percent(bank.off, power.cycles),
                       percent(bank.needed, power.cycles));
    constexpr std::size_t told = 3;
    for (std::size_t i = 0; i < std::min(bank.pins.size(), told); ++i) {
      const Result::Pin& pin = bank.pins[i];
      const std::string many = pin.objects > 1 ? fmt::format("{} x ", std::to_string(pin.objects)) : "";
      out += fmt::format("{}{}'{}' {} bytes{}{}, {}, {}\n", i ? std::string(46, ' ') : "  ", many, pin.object.name,
                         pin.object.bytes, pin.object.kind == Result::Object::Kind::block ? ", " + pin.object.zone : "",
                         pin.object.where.empty() ? "" : " at " + to_string(pin.object.where),
                         hundredths(static_cast<std::int64_t>(pin.share_basis_points)),
                         "lived " + time_of(pin.age, clock_mhz));
    }
    if (bank.pin_count > told) out += fmt::format("{}and {} more\n", std::string(46, ' '), bank.pin_count - told);
  }
  std::string shares;
  for (const auto* list : {&power.zones, &power.cores})
    for (const Result::PinShare& share : *list)
      if (share.bank_cycles)
        shares += fmt::format("{}{} {}", shares.empty() ? "" : ", ",
                              share.allocated ? share.name : "image, stacks and metadata",
                              percent(share.bank_cycles, power.cycles * power.banks.size()));
  if (!shares.empty()) out += fmt::format("of all bank time, needed by: {}\n", shares);
  for (const Result::Regulator& regulator : power.regulators)
    if (regulator.on)
      out += fmt::format("regulator of {}: on for {}, {} of it while no bank of {} was\n", regulator.memory,
                         time_of(regulator.on, clock_mhz), time_of(regulator.wasted, clock_mhz), regulator.memory);
  out += fmt::format("a bank has to be off for {} to repay its wake-up\n",
                     time_of(power.banks.front().break_even, clock_mhz));
  if (empty)
    out += fmt::format(
        "{} more banks were not off all the time ({}), and nothing ever lived in them\n", empty,
        percent(power.cycles * empty - std::min(wasted, power.cycles * empty), power.cycles * empty) + " off");
}

void write_power(const Result::Power& power, std::uint32_t clock_mhz, bool with_pins, std::string& out) {
  if (power.policies.empty()) return;
  if (!with_pins) {
    const Result::PowerPolicy &did = *power.policy(Result::PolicyRole::measured),
                              &could = *power.policy(Result::PolicyRole::achievable),
                              &bound = *power.policy(Result::PolicyRole::bound);
    out += fmt::format(
        "\npower, with figures that are partly assumed: banks off {} of the time; page-refcount {}, at best {}; "
        "--power tells which object keeps which bank on\n",
        hundredths(static_cast<std::int64_t>(did.off_basis_points)),
        hundredths(static_cast<std::int64_t>(could.off_basis_points)),
        hundredths(static_cast<std::int64_t>(bound.off_basis_points)));
    return;
  }
  out += fmt::format("\nbank power; energy is modelled, preset '{}' ({}), good to a factor of two at best\n",
                     power.preset, power.description);
  out += fmt::format("{:<21}{:>10}{:>10}{:>10}{:>12}{:>10}{:>8}{:>12}{:>12}\n", "policy", "banks off", "retained",
                     "saved", "energy", "of ideal", "wakes", "not repaid", "waking");
  for (const Result::PowerPolicy& policy : power.policies) {
    const std::uint64_t whole = power.cycles * power.banks.size();
    out += fmt::format(
        "{:<21}{:>10}{:>10}{:>10}{:>12}{:>10}{:>8}{:>12}{:>12}\n", policy.name, percent(policy.off, whole),
        percent(policy.retention, whole), hundredths(policy.saved_basis_points), energy_of(policy.energy()),
        hundredths(static_cast<std::int64_t>(policy.of_ideal_basis_points)), std::to_string(policy.transitions),
        std::to_string(policy.unrepaid), std::to_string(policy.wake_cycles));
  }
  write_pins(power, clock_mhz, out);
  if (!power.assumed.empty())
    out += fmt::format("energy figures without a source, assumed: {}; --vary assumed says what depends on them\n",
                       fmt::join(power.assumed, ", "));
}

void write_crash(const Result::Crash& crash, std::string& out) {
  out += fmt::format("\nthe firmware stopped: {}\n  on core {} at cycle {}{}\n", crash.message, crash.core,
                     std::to_string(crash.cycle), crash.step ? ", during step " + crash.step->to_string() : "");
  for (std::size_t i = 0; i < crash.stack.size(); ++i) {
    const Result::Frame& frame = crash.stack[i];
    out += fmt::format(
        "  {} {:#010x} {}{}\n", i == 0 ? "at  " : "from", frame.pc, frame.function.empty() ? "?" : frame.function,
        frame.file.empty()
            ? ""
            : fmt::format(" ({}:{})", std::filesystem::path(frame.file).lexically_normal().string(), frame.line));
  }
  for (const Result::Step& each : crash.other_steps)
    out += "  meanwhile " + to_string(each.agent) + ": " + each.to_string() + "\n";
}

std::string count_of(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

/// PASS scenarios/quickstart.yaml on tgl (seed 1, 162.3 us)   no bugs   [exit 0]
std::string verdict_line(const Result& result, const std::vector<Group>& groups, const WriterOptions& options) {
  const Paint paint(options.colour);
  const bool passed = result.verdict == Result::Verdict::passed;
  std::size_t bugs = 0, ways = 0, warnings = 0, failed = 0;
  for (const Group& group : groups) {
    const bool fails = fails_with(group.severity(), options.strict);
    bugs += fails;
    warnings += !fails;
    if (fails) ways += group.findings.size();
  }
  for (const Result::Expectation& each : result.expectations) failed += !each.passed;
  std::string summary;
  const auto say = [&summary](const std::string& text) { summary += (summary.empty() ? "" : ", ") + text; };
  const bool died = result.verdict == Result::Verdict::died;
  if (result.crash) say(died ? "the simulator died" : "crashed");
  if (result.interrupted) say("interrupted");
  if (bugs)
    say(count_of(bugs, "bug") + (ways > bugs ? fmt::format(" shown in {} ways", ways) : "") +
        (passed ? ", as expected" : ""));
  if (failed) say(count_of(failed, "expectation") + " failed");
  if (warnings) say(count_of(warnings, "warning"));
  if (summary.empty()) summary = "no bugs";
  const char* const word = passed               ? "PASS"
                           : died               ? "DIED"
                           : result.crash       ? "CRASH"
                           : result.interrupted ? "STOPPED"
                                                : "FAIL";
  const int code = exit_code(result.verdict) + result.interrupted;
  return fmt::format("{} {} on {} (seed {}{})   {}   [exit {}]\n", passed ? paint.good(word) : paint.bad(word),
                     result.file, result.platform, result.seed,
                     died ? "" : ", " + time_of(result.cycles, result.clock_mhz), summary, code);
}

/// The bytes of a line, in rows of 32.
void write_bytes(const std::string& who, const std::string& state, const std::string& bytes, std::string& out) {
  constexpr std::size_t row = 64;  // hexadecimal digits
  for (std::size_t at = 0; at < bytes.size() || at == 0; at += row) {
    std::string shown;
    for (std::size_t i = at; i < std::min(bytes.size(), at + row); i += 8)
      shown += (shown.empty() ? "" : " ") + bytes.substr(i, std::min<std::size_t>(8, bytes.size() - i));
    if (bytes.empty()) {
      out += "    " + who + ": no contents\n";
      return;
    }
    out += fmt::format("    {:<12} {:<6} {}\n", at ? "" : who, at ? "" : state, shown);
  }
}

/// In a form that a binding can have.
void write_unlisted_registers(const Result& result, std::string& out) {
  if (result.unlisted_registers.empty()) return;
  out +=
      "\nthe start-up code uses registers that the binding does not list; a register that is read again and again\n"
      "answered the complement each time:\n  registers:\n";
  for (const Result::UnlistedRegisters& each : result.unlisted_registers) {
    const Result::Frame& user = each.user;
    out += fmt::format("    - {{base: {:#x}, bytes: 4 KiB, answers: poll}}  # {} of {:#x} by {}{}\n", each.base,
                       each.write ? "write" : "read", each.address,
                       user.function.empty() ? fmt::format("code at {:#x}", user.pc) : user.function,
                       user.file.empty() ? "" : fmt::format(" ({}:{})", user.file, user.line));
  }
}

void write_dump(const Result::Dump& dump, std::string& out) {
  if (!dump.bytes) {
    out += fmt::format("\n'{}' does not exist in cycle {}\n", dump.what, dump.cycle);
    return;
  }
  out += fmt::format("\n{} in cycle {}: {} bytes at {:#010x}\n", dump.what, dump.cycle, dump.bytes, dump.address);
  for (const Result::Dump::Line& line : dump.lines) {
    out += fmt::format("  from byte {}\n", line.first);
    for (const Result::Dump::Holder& each : line.holders)
      write_bytes(each.who, each.who.starts_with("memory") ? "" : each.dirty ? "dirty" : "clean", each.bytes, out);
    if (line.writes.empty()) out += "    written by nobody\n";
    for (const Result::Dump::Write& each : line.writes) {
      const std::string place = each.write.stack.empty() ? each.write.step.to_string() : to_string(each.write.stack[0]);
      out += fmt::format(
          "    {} written by {}{}{}{}\n",
          each.first == each.last ? fmt::format("byte {}", each.first)
                                  : fmt::format("bytes {} to {}", each.first, each.last),
          to_string(each.write.agent),
          each.write.view == Result::Operation::View::none ? "" : std::string(", ") + to_string(each.write.view),
          place.empty() ? "" : " at " + place,
          each.write.cycle ? fmt::format(", last in cycle {}", each.write.cycle) : "");
    }
  }
  const std::string& last = dump.lines.back().holders[0].bytes;
  if (last.empty()) return;
  const std::uint64_t shown = dump.lines.back().first + last.size() / 2;
  if (shown < dump.bytes)
    out += fmt::format("  and {} bytes more; name an address and a count, such as {:#x}+64\n", dump.bytes - shown,
                       dump.address + shown);
}

void write_stats(const Result& result, std::string& out) {
  out += fmt::format("\n{} on {} ({})\n  {} cycles at {} MHz; {} allocations, {} frees\n", result.scenario,
                     result.platform, result.platform_description, result.cycles, result.clock_mhz, result.allocations,
                     result.frees);
  write_cores(result, out);
  write_heaps(result, out);
  write_operations(result, out);
  write_profile(result, out);
  write_banks(result, out);
}

/// What a passed run says for itself.
void write_summary(const Result& result, std::string& out) {
  out += fmt::format("   {} cycles, {}, {}", result.cycles, count_of(result.allocations, "allocation"),
                     count_of(result.frees, "free"));
  std::uint64_t peak = 0, size = 0;
  for (const Result::Heap& heap : result.heaps)
    if (heap.peak) {
      peak += heap.peak;
      size += heap.size;
    }
  if (peak) out += fmt::format("; heaps at most {} of {} bytes", peak, size);
  out += "\n";
}

std::string write_one(const Result& result, const WriterOptions& options) {
  const std::vector<Group> groups = groups_of(result.findings);
  std::string out = verdict_line(result, groups, options);
  if (groups.empty() && !result.crash) write_summary(result, out);
  if (result.verdict == Result::Verdict::died) out += "\n" + result.crash->message + "\n";
  else if (result.crash) write_crash(*result.crash, out);
  std::size_t number = 0;
  for (const Group& group : groups) {
    out += bug_text(group, ++number, options);
    if (options.verbose)
      for (const Result::Finding* each : group.findings) write_finding(*each, out);
  }
  for (const auto& [rule, count] : result.unlisted_findings)
    out += fmt::format("\nand {} more findings of {}, which are not listed\n", count, rule.name);
  // A wrong value is what a bug above looks like to the reader; alone, it is all there is.
  write_stale_reads(result, !groups.empty() && !options.verbose, out);
  const bool any_failed = std::any_of(result.expectations.begin(), result.expectations.end(),
                                      [](const Result::Expectation& each) { return !each.passed; });
  if (any_failed || (options.verbose && !result.expectations.empty())) out += "\n";
  for (const Result::Expectation& each : result.expectations)
    if (!each.passed || options.verbose)
      out += fmt::format("{} {}{}  ({})\n", each.passed ? "ok    " : "FAILED", each.text,
                         each.passed ? "" : ", but it is: " + each.actual, each.where.to_string());
  const bool allocation_failed =
      std::any_of(result.heaps.begin(), result.heaps.end(), [](const Result::Heap& heap) { return heap.failed != 0; });
  if (options.stats) write_stats(result, out);
  else if (allocation_failed) write_heaps(result, out);
  if (options.verbose || options.stats) write_advice(result, out);
  if (options.stats || options.with_power) write_power(result.power, result.clock_mhz, options.with_power, out);
  if (result.variation) out += variation_text(*result.variation, options.verbose);
  if (!result.suppressions.empty()) out += "\n";
  for (const Result::Suppressed& each : result.suppressions)
    out += each.count
               ? fmt::format("suppressed: {} findings ({}: {})\n", each.count, each.where.to_string(), each.reason)
               : fmt::format("unused suppression: {} ({})\n", each.where.to_string(), each.reason);
  if (!result.stand_ins.empty())
    out += fmt::format("\ndone by the simulator, since the firmware has no such function: {}\n",
                       fmt::join(result.stand_ins, ", "));
  write_unlisted_registers(result, out);
  for (const Result::Dump& each : result.dumps) write_dump(each, out);
  if (!result.stopped.empty())
    out +=
        fmt::format("\nstopped {}, in cycle {}: the report is of what ran until then, and nothing was expected of it\n",
                    result.stopped, result.cycles);
  if (result.interrupted)
    out += fmt::format("\ninterrupted by signal {} at cycle {}: the report is of what ran until then\n",
                       result.interrupted, result.cycles);
  std::size_t advice = 0;
  for (const Result::Finding& each : result.findings) advice += each.is_advice() && each.rule.name != "leak";
  if (advice && !options.verbose && !options.stats)
    out += fmt::format("\n{} to save cycles or memory: -v shows {}\n", count_of(advice, "hint"),
                       advice == 1 ? "it" : "them");
  return out;
}

std::string write_text(std::span<const Result> results, const WriterOptions& options) {
  std::string out;
  for (const Result& result : results) out += (out.empty() ? "" : "\n") + write_one(result, options);
  return out;
}

}  // namespace

std::string finding_text(const Result::Finding& finding) { return bug_text({{&finding}}, 0, {}); }

extern const Writer text_writer;
const Writer text_writer{"text", ".txt", "the report as text", write_text};

}  // namespace dspmem
