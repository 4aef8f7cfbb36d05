// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>
#include <yaml-cpp/yaml.h>

#include "sim/replay/step.h"
#include "sim/report/result.h"

namespace dspmem {

/// A bound on one number of the result, such as heap.runtime.used "<= 4096".
struct NumberExpectation {
  std::string quantity;  ///< cycles, stale_reads, wake_latency, heap.NAME.FIELD, energy.POLICY.FIELD (in hundredths of a percent)
  enum class Relation { equal, not_equal, less, at_most, more, at_least } relation = Relation::equal;
  std::uint64_t value = 0;
  SourceMark mark;
};

struct BankExpectation {
  std::string bank;
  bool on = true;
  SourceMark mark;
};

/// A finding that must occur; empty fields match any.
struct FindingExpectation {
  std::string rule, object, kind;
  SourceMark mark;
  SourceMark object_mark;
};

struct ExpectationList {
  std::vector<NumberExpectation> numbers;
  std::vector<BankExpectation> banks;
  std::vector<FindingExpectation> findings;
  std::string crash;  ///< part of the message with which the firmware must stop; empty: it must not
  SourceMark crash_mark;
};

/// Reads the 'expect' section. Throws InputError.
ExpectationList read_expectations(const YAML::Node& node, const std::string& file);
/// Throws InputError for heaps and banks that the platform does not have, and objects that the scenario does not.
void check_expectations(const ExpectationList& expectations, const ScenarioNames& names);

/// Adds to the result how each expectation came out. Findings that are not expected must not occur, nor, unless the scenario
/// expects a bug, reads of wrong values.
void judge(const ExpectationList& expectations, Result& result);

}  // namespace dspmem
