// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/result/place.h"
#include "sim/result/variation.h"

namespace dspmem {

/// The name of a rule of the rule table (sim/diagnose/rules.h), such as missing-writeback. Points into that table.
struct RuleId {
  std::string_view name;
  std::uint8_t link = 4;  ///< where it stands in a chain from cause to effect: less is earlier; 0: a race, beside which
                          ///< nothing is certain
  bool operator==(const RuleId& other) const { return name == other.name; }
  auto operator<=>(const RuleId& other) const { return name <=> other.name; }
};
inline std::string to_string(RuleId rule) { return std::string(rule.name); }

/// How urgent a finding is. Manifest: it happened in this run. Latent: it did not, but nothing keeps it from happening.
/// Warning: nobody in this scenario would notice. Advice: nothing is wrong, something could be better. The first two
/// fail a run, warnings do with --strict.
enum class Severity : std::uint8_t { manifest, latent, warning, advice };
const char* to_string(Severity severity);

/// The one result of a run. Writers turn it into text or JSON and add nothing of their own.
struct Result {
  static constexpr int schema_version = 2;

  /// died: the simulator itself, in a process of its own.
  enum class Verdict { passed, expectation_failed, findings, crashed, interrupted, died };

  struct Cache {
    std::uint64_t accesses = 0, misses = 0, write_backs = 0, prefetches = 0;
  };
  struct Core {
    std::uint32_t id = 0;
    bool powered = false;
    std::uint64_t instructions = 0, cycles = 0;
    Cache l1d, l1i;
    std::uint64_t uncached_reads = 0, uncached_writes = 0, atomics = 0;
    std::uint64_t dropped_by_atomics = 0;  ///< lines that S32C1I wrote back and dropped
    std::uint64_t waiting_cycles = 0, waiting_instructions = 0;  ///< for locks, within those above
  };
  /// Bytes. `used` counts whole blocks, as the allocator does.
  struct Heap {
    std::string name, zone;
    std::uint64_t size = 0, used = 0, peak = 0, free = 0, largest_free = 0, failed = 0;
  };
  /// What calls of one kind of the allocator cost the cores that made them. Cycles of one call; the rest over all of
  /// them.
  struct AllocatorCalls {
    std::string name;  ///< allocate, free, reallocate
    std::uint64_t count = 0, failed = 0;
    std::uint64_t median_cycles = 0, p99_cycles = 0, worst_cycles = 0;
    std::uint64_t instructions = 0, l1d_misses = 0;
    std::uint64_t waiting_cycles = 0,
                  waiting_instructions = 0;  ///< for locks: of all calls, within the cycles and instructions above
  };
  /// What was executed in one function, without the functions that it called.
  struct FunctionCost {
    std::string name, place;
    std::uint64_t calls = 0, cycles = 0, instructions = 0, l1d_misses = 0, l1i_misses = 0, uncached_accesses = 0,
                  cache_operations = 0;
  };
  /// What cores did with the memory of one object.
  struct ObjectCost {
    std::string name;
    std::uint64_t l1d_misses = 0, uncached_accesses = 0, cache_operations = 0;
  };
  /// Bytes of all heaps together. HeapCosts::Footprint says what they mean.
  struct Footprint {
    std::uint64_t peak = 0, touched = 0, scattered_basis_points = 0;
  };
  struct Bank {
    std::string name;
    bool on = true, retained = false;
    std::uint64_t accesses = 0, conflicts = 0, conflict_cycles = 0, live_bytes = 0;
  };
  struct Expectation {
    std::string text;  ///< what was expected
    std::string actual;  ///< what happened
    Place where;  ///< in the scenario
    bool passed = false;
  };
  /// A read that did not return what it should have.
  struct StaleRead {
    Agent agent;
    std::uint64_t cycle = 0;
    std::string object;
    Place where;
    std::uint64_t first = 0, last = 0, wrong = 0;  ///< offsets of the first and last wrong byte, and their number
    std::string seen, owed;  ///< the first wrong bytes, in hexadecimal
    bool written = false;  ///< whether the bytes owed were ever written
    Agent writer;
    std::uint64_t writer_cycle = 0;
    Place writer_where;
    std::uint64_t count = 1;  ///< how often this place read stale bytes
  };
  struct Frame {
    std::uint32_t pc = 0;
    std::string function, file;
    int line = 0;
  };
  /// One thing that an agent did, and where in its program.
  struct Operation {
    enum class Kind : std::uint8_t {
      none,
      read,
      write,
      write_back,
      invalidate,
      write_back_invalidate,
      power_off,
      power_on,  // of the hardware
      fetch,  // of instructions
      access,
      call,
      free,
      allocation,
      repeat,  // of a step, or of the allocator
    };
    enum class View : std::uint8_t { none, cached, uncached, direct };
    Agent agent;
    Kind kind = Kind::none;
    View view = View::none;
    std::vector<Frame> stack;  ///< innermost first; empty when a step of the scenario did it itself
    Place step;  ///< of the scenario
    std::uint64_t cycle = 0;  ///< of `count` accesses the first, of other things the last
    std::uint64_t count = 1;  ///< the same again, in a row

    bool cycle_is_first() const { return kind == Kind::read || kind == Kind::write; }
  };
  /// Where memory comes from: a step of the scenario or a place in the firmware; neither for what nobody allocates.
  struct Origin {
    Place step;
    std::optional<Frame> frame;
    bool empty() const { return step.empty() && !frame; }
  };
  /// Memory with a name.
  struct Object {
    enum class Kind : std::uint8_t { block, static_object, variable, heap, stack, image, metadata };
    Kind kind = Kind::block;
    std::string name;
    std::string zone;  ///< of a block or heap; for others what the kind is called in reports
    Agent allocated_by;
    Origin where;
    std::uint32_t address = 0, bytes = 0;

    /// Whether it is a single thing, as opposed to memory that others lie in.
    bool is_one_thing() const { return kind != Kind::heap && kind != Kind::stack; }
  };
  /// An edit of the scenario that would cure a finding.
  struct Patch {
    enum class How : std::uint8_t { before, after, setting };
    Place at;  ///< the step that is concerned
    How how = How::after;  ///< a step before or after it, or a setting of its own
    std::string text;  ///< as in a scenario: "writeback: x", "view: uncached"
  };
  /// A bug, or what may become one: one entry for all occurrences with the same places and object.
  struct Finding {
    RuleId rule;
    Severity severity = Severity::manifest;
    std::uint64_t count = 1;
    std::string message;  ///< one sentence
    Operation access;
    /// What the other operation is to the finding.
    enum class Relation : std::uint8_t { missed, against, after };
    Relation relation = Relation::missed;
    std::optional<Operation> other;  ///< the write that was missed, or the access it conflicts with
    std::optional<Operation> cause;  ///< what destroyed the bytes
    std::string missing;  ///< the operation that was missing, and where it belonged
    std::optional<Object> object;
    std::vector<Object> neighbours;  ///< what else lies in the line
    std::uint64_t first = 0, last = 0;  ///< bytes of the object
    std::string seen, owed;
    std::vector<Operation> history;  ///< the line's last events, oldest first
    std::string fix;
    std::vector<Patch> patches;  ///< where edits of the scenario would do as a fix: all of them together

    bool is_advice() const { return severity == Severity::advice; }
    bool fails(bool strict) const { return severity < Severity::warning || (strict && severity == Severity::warning); }
  };
  /// The step of a scenario that an agent was at.
  struct Step {
    Agent agent;
    std::string kind;
    Place where;

    std::string to_string() const { return kind + " at " + where.to_string(); }
  };
  struct Crash {
    std::string message;
    std::uint32_t core = 0;
    std::uint64_t cycle = 0;
    std::optional<Step> step;  ///< the one that was running
    std::vector<Step> other_steps;  ///< of a hang: what the other cores were at
    std::vector<Frame> stack;  ///< innermost first; the first is the place of the crash
  };

  /// What a power policy is for in a report.
  enum class PolicyRole : std::uint8_t { baseline, measured, achievable, bound, other };
  /// One way of switching banks, over the whole run. Times are cycles, added up over all banks; energies are
  /// attojoules.
  struct PowerPolicy {
    std::string name, summary;
    PolicyRole role = PolicyRole::other;
    std::uint64_t on = 0, retention = 0, off = 0;
    std::uint64_t transitions = 0, power_offs = 0, unrepaid = 0, wake_cycles = 0;
    std::uint64_t leakage_on = 0, leakage_retention = 0, leakage_off = 0, accesses = 0, wakes = 0, regulators = 0;
    std::int64_t saved_basis_points = 0;  ///< against the baseline, in hundredths of a percent
    std::uint64_t of_ideal_basis_points = 0;  ///< of what the bound saves
    std::uint64_t off_basis_points = 0;  ///< bank-off residency

    std::uint64_t energy() const {
      return leakage_on + leakage_retention + leakage_off + accesses + wakes + regulators;
    }
  };
  /// What keeps a bank from being switched off: objects of one name, or from one place.
  struct Pin {
    Object object;  ///< one of them, with the size of the largest
    std::uint64_t objects = 0;
    std::uint64_t share_basis_points =
        0;  ///< of the time in which the bank was needed; objects that lived together share it evenly
    std::uint64_t age = 0;  ///< cycles that the longest-lived of them lived
    bool movable = false;  ///< an allocation, as opposed to the image, a stack or the allocator's metadata
    std::string name;  ///< the scenario's, when it has one
    std::uint32_t caller = 0;  ///< else the return address of the allocation
  };
  struct PoweredBank {
    std::string name;
    std::uint64_t on = 0, retention = 0, off = 0;  ///< as the firmware had it
    std::uint64_t needed = 0;  ///< cycles in which something lived in it
    std::uint64_t power_offs = 0, break_even = 0, access_energy = 0;
    std::uint64_t pin_count = 0;
    std::vector<Pin> pins;  ///< the largest shares first
  };
  /// Bank-cycles that something of a zone, or of a core, was to blame for.
  struct PinShare {
    std::string name;
    bool allocated = true;  ///< else the image, stacks and metadata
    std::uint64_t bank_cycles = 0;
  };
  /// Cycles that a memory's regulator was on, and those while none of its banks was.
  struct Regulator {
    std::string memory;
    std::uint64_t on = 0, wasted = 0;
  };
  /// Without policies: the platform has no banks that can be switched.
  struct Power {
    std::string preset, description;
    std::uint64_t cycles = 0;
    std::vector<PowerPolicy> policies;
    std::vector<PoweredBank> banks;
    std::vector<PinShare> zones, cores;
    std::vector<Regulator> regulators;
    std::vector<std::string> assumed;  ///< energy figures that have no source

    /// The policy with a role; null when there is none.
    const PowerPolicy* policy(PolicyRole role) const;
  };

  /// What heaps, banks and cores did over time, for forms that draw it; HistoryRecorder says how it is bounded.
  struct History {
    /// A figure that holds from each of these cycles on.
    struct Series {
      std::string name;
      std::vector<std::uint64_t> cycles, values;
    };
    struct Span {
      std::uint64_t begin = 0, end = 0;
      std::string what, where;
    };
    struct Track {
      std::string name;
      std::vector<Span> spans;
    };
    struct Region {
      std::string name;
      std::uint32_t base = 0, bytes = 0;
    };
    struct Block {
      std::string name, zone, where;
      std::uint32_t base = 0, bytes = 0;
      std::uint64_t since = 0;
    };
    std::vector<Series> zones;  ///< bytes asked for
    std::vector<Track> banks;  ///< spans of one state: "on", "retention", "off"
    std::vector<Track> cores;  ///< steps
    std::vector<Region> regions;  ///< heaps, stacks and the image, by address
    std::vector<Block> blocks;  ///< live at the end, by address
    std::uint64_t left_out = 0;  ///< blocks that there was no room for
    bool joined = false;  ///< neighbouring spans became one: "several" steps, a bank that is "switching"
    std::uint64_t resolution = 1;  ///< cycles: of what happened within so many, a series has the largest value
  };

  /// What memory and caches hold of something at the end of the run, and who wrote it.
  struct Dump {
    struct Holder {
      std::string who;
      bool dirty = false;
      std::string bytes;  ///< in hexadecimal; empty: memory that cannot be read
    };
    struct Write {
      std::uint64_t first = 0, last = 0;  ///< offsets
      Operation write;
    };
    struct Line {
      std::uint64_t first = 0;  ///< offset of its first byte
      std::vector<Holder> holders;
      std::vector<Write> writes;
    };
    std::string what;
    std::uint64_t cycle = 0;
    std::uint32_t address = 0, bytes = 0;  ///< bytes 0: it does not exist at this moment
    std::vector<Line> lines;  ///< of the first 64 lines
  };

  std::string scenario, file, platform, platform_description;
  std::uint64_t seed = 0;
  Verdict verdict = Verdict::passed;
  std::uint64_t cycles = 0;
  std::uint32_t clock_mhz = 0;
  std::uint64_t allocations = 0, frees = 0;
  std::vector<Core> cores;
  std::string allocator;
  std::vector<Heap> heaps;
  std::vector<AllocatorCalls> operations;  ///< those that occurred
  std::vector<FunctionCost> functions;  ///< of a profile: those that took most cycles
  std::vector<ObjectCost> object_costs;  ///< of a profile: those with most misses and uncached accesses
  Footprint footprint;
  std::vector<Bank> banks;
  std::vector<Expectation> expectations;
  std::vector<StaleRead> stale_reads;
  std::vector<Finding> findings;  ///< bounded: see FindingLog
  std::map<RuleId, std::uint64_t> unlisted_findings;  ///< further ones
  struct Suppressed {
    Place where;
    std::string reason;
    std::uint64_t count = 0;  ///< findings it silenced; 0: it was not needed
  };
  std::vector<Suppressed> suppressions;
  std::optional<Crash> crash;
  std::vector<std::string> stand_ins;  ///< functions that the image does not have, and the simulator did
  /// Registers that the firmware's start-up used, and that the binding does not list.
  struct UnlistedRegisters {
    static constexpr std::uint32_t bytes = 4096;
    std::uint32_t base = 0;
    bool write = false;  ///< the first access
    std::uint32_t address = 0;  ///< of the first access
    Frame user;  ///< where that was made
  };
  std::vector<UnlistedRegisters> unlisted_registers;
  std::string stopped;  ///< why the run was ended before its end, as it was asked to be; empty: it was not
  std::vector<Dump> dumps;
  int interrupted = 0;  ///< the signal that ended the run before its end; 0 for none
  std::optional<std::uint64_t> wake_latency;  ///< cycles of the slowest wake-up from light sleep
  Power power;
  std::optional<History> history;
  std::optional<Variation> variation;  ///< asked for: what depends on assumed figures
};

/// "passed", "expectation-failed", "findings", "crashed", "interrupted".
const char* to_string(Result::Verdict verdict);
/// "read", "write-back and invalidate", ...
const char* to_string(Result::Operation::Kind kind);
/// "cached", "uncached", "direct"; empty for none.
const char* to_string(Result::Operation::View view);
/// "function (file:line)", or the address where the function is not known.
std::string to_string(const Result::Frame& frame);
/// The step, or else the frame.
std::string to_string(const Result::Origin& origin);
/// 0 as expected; 1 an expectation failed; 3 findings; 4 the firmware crashed, panicked or hung; 5 the simulator died;
/// 128 interrupted, to which the signal is added.
int exit_code(Result::Verdict verdict);

}  // namespace dspmem
