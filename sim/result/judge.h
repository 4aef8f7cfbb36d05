// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/result/result.h"

namespace dspmem {

/// A number of the result that can be bounded.
struct Quantity {
  enum class Kind : std::uint8_t { cycles, stale_reads, wake_latency, heap, energy };
  Kind kind = Kind::cycles;
  std::string name;  ///< of the heap, or of the power policy
  std::string field;  ///< of it

  bool is_percentage() const { return kind == Kind::energy; }
  /// "cycles", "heap.runtime.used", "energy.firmware.saved".
  std::string to_string() const;
};
/// Fields of a heap: size, used, ...; of a power policy: saved, ...
std::vector<std::string> heap_quantities();
std::vector<std::string> energy_quantities();

enum class Relation : std::uint8_t { equal, not_equal, less, at_most, more, at_least };
struct RelationName {
  const char* text;  ///< "<="
  Relation relation;
};
/// Longer ones before those that they begin with.
inline constexpr RelationName relation_names[] = {{"==", Relation::equal},   {"!=", Relation::not_equal},
                                                  {"<=", Relation::at_most}, {">=", Relation::at_least},
                                                  {"<", Relation::less},     {">", Relation::more}};

/// A bound on one number of the result, such as heap.runtime.used "<= 4096".
struct NumberExpectation {
  Quantity quantity;
  Relation relation = Relation::equal;
  std::uint64_t value = 0;  ///< percentages in hundredths
  Place mark;
};

struct BankExpectation {
  std::string bank;
  bool on = true;
  Place mark;
};

/// A finding that must occur; empty fields match any.
struct FindingExpectation {
  std::string rule, object;
  std::optional<Severity> severity;
  Place mark;
  Place object_mark;
};

struct ExpectationList {
  std::vector<NumberExpectation> numbers;
  std::vector<BankExpectation> banks;
  std::vector<FindingExpectation> findings;
  std::string crash;  ///< part of the message with which the firmware must stop; empty: it must not
  Place crash_mark;
};

/// Adds to the result how each expectation came out, and its verdict. Findings that are not expected must not occur,
/// nor, unless the scenario expects a bug, reads of wrong values. `strict`: nor may warnings.
void judge(const ExpectationList& expectations, bool strict, Result& result);

/// Findings to leave out. Empty fields match any; at least one is not empty.
struct Suppression {
  std::string rule, function, file, object, reason;
  Place mark;
};
using SuppressionList = std::vector<Suppression>;

/// Findings of an earlier report.
struct Baseline {
  Place where;  ///< the report
  std::set<std::string> fingerprints;  ///< of its findings
};
/// Removes them, and notes how many there were.
void forgive(const Baseline& known, Result& result);

/// Removes what the list names from the findings, and notes how often each entry was needed.
void suppress(const SuppressionList& list, Result& result);

}  // namespace dspmem
