// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>
#include <yaml-cpp/yaml.h>

#include "sim/config/platform.h"
#include "sim/report/result.h"

namespace dspmem {

/// A bound on one number of the result, such as heap.runtime.used "<= 4096".
struct NumberExpectation {
  std::string quantity;  ///< cycles, stale_reads, findings, heap.NAME.FIELD
  enum class Relation { equal, not_equal, less, at_most, more, at_least } relation = Relation::equal;
  std::uint64_t value = 0;
  SourceMark mark;
};

struct BankExpectation {
  std::string bank;
  bool on = true;
  SourceMark mark;
};

struct ExpectationList {
  std::vector<NumberExpectation> numbers;
  std::vector<BankExpectation> banks;
};

/// Reads the 'expect' section. Throws InputError.
ExpectationList read_expectations(const YAML::Node& node, const std::string& file);
/// Throws InputError for heaps and banks that the platform does not have.
void check_expectations(const ExpectationList& expectations, const Platform& platform);

/// Adds to the result how each expectation came out. Unless the scenario says otherwise, no read may be stale and no finding
/// may occur.
void judge(const ExpectationList& expectations, Result& result);

}  // namespace dspmem
