// SPDX-License-Identifier: Apache-2.0
#include "sim/result/judge.h"

#include <algorithm>
#include <cstdio>

#include "sim/result/groups.h"

namespace dspmem {
namespace {

struct HeapField {
  const char* name;
  std::uint64_t Result::Heap::*member;
};
constexpr HeapField heap_fields[] = {{"size", &Result::Heap::size},
                                     {"used", &Result::Heap::used},
                                     {"peak", &Result::Heap::peak},
                                     {"free", &Result::Heap::free},
                                     {"largest_free", &Result::Heap::largest_free},
                                     {"failed", &Result::Heap::failed}};

/// Hundredths of a percent.
struct PowerField {
  const char* name;
  std::int64_t (*get)(const Result::PowerPolicy&);
};
constexpr PowerField power_fields[] = {
    {"saved", [](const Result::PowerPolicy& policy) { return policy.saved_basis_points; }},
    {"off", [](const Result::PowerPolicy& policy) { return static_cast<std::int64_t>(policy.off_basis_points); }},
    {"of_ideal",
     [](const Result::PowerPolicy& policy) { return static_cast<std::int64_t>(policy.of_ideal_basis_points); }}};

bool holds(Relation relation, std::int64_t actual, std::int64_t value) {
  switch (relation) {
    case Relation::equal: return actual == value;
    case Relation::not_equal: return actual != value;
    case Relation::less: return actual < value;
    case Relation::at_most: return actual <= value;
    case Relation::more: return actual > value;
    case Relation::at_least: return actual >= value;
  }
  return false;
}

std::string value_text(const Quantity& quantity, std::int64_t value) {
  if (!quantity.is_percentage()) return std::to_string(value);
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", static_cast<double>(value) / 100);
  return text;
}

std::string relation_text(const NumberExpectation& bound) {
  for (const RelationName& each : relation_names)
    if (each.relation == bound.relation)
      return bound.quantity.to_string() + " " + each.text + " " +
             value_text(bound.quantity, static_cast<std::int64_t>(bound.value));
  return bound.quantity.to_string();
}

std::optional<std::int64_t> heap_figure(const Result& result, const Quantity& quantity) {
  for (const Result::Heap& heap : result.heaps)
    for (const HeapField& field : heap_fields)
      if (heap.name == quantity.name && field.name == quantity.field) return heap.*field.member;
  return std::nullopt;
}

std::optional<std::int64_t> energy_figure(const Result& result, const Quantity& quantity) {
  for (const Result::PowerPolicy& policy : result.power.policies)
    for (const PowerField& field : power_fields)
      if (policy.name == quantity.name && field.name == quantity.field) return field.get(policy);
  return std::nullopt;
}

/// Absent when the run ended before the figure was known, or the firmware does not tell it.
std::optional<std::int64_t> figure(const Result& result, const Quantity& quantity) {
  switch (quantity.kind) {
    case Quantity::Kind::cycles: return result.cycles;
    case Quantity::Kind::stale_reads: {
      std::uint64_t count = 0;
      for (const auto& each : result.stale_reads) count += each.count;
      return count;
    }
    case Quantity::Kind::wake_latency: return result.wake_latency;
    case Quantity::Kind::heap: return heap_figure(result, quantity);
    case Quantity::Kind::energy: return energy_figure(result, quantity);
  }
  return std::nullopt;
}

void judge_number(const NumberExpectation& bound, Result& result) {
  const auto actual = figure(result, bound.quantity);
  result.expectations.push_back(
      {relation_text(bound), actual ? value_text(bound.quantity, *actual) : "unknown: this run does not tell",
       bound.mark, actual && holds(bound.relation, *actual, static_cast<std::int64_t>(bound.value))});
}

bool matches(const FindingExpectation& expected, const Result::Finding& finding) {
  return expected.rule == finding.rule.name &&
         (expected.object.empty() || (finding.object && finding.object->name == expected.object)) &&
         (!expected.severity || *expected.severity == finding.severity);
}

/// Returns whether a finding occurred that is not expected.
bool judge_findings(const ExpectationList& expectations, bool strict, Result& result) {
  for (const FindingExpectation& expected : expectations.findings) {
    const bool occurs = std::any_of(result.findings.begin(), result.findings.end(),
                                    [&](const Result::Finding& each) { return matches(expected, each); });
    const std::string text = (expected.severity ? to_string(*expected.severity) + std::string(" ") : "") +
                             expected.rule + (expected.object.empty() ? "" : " of '" + expected.object + "'");
    result.expectations.push_back({text + " is found", occurs ? "found" : "not found", expected.mark, occurs});
  }
  return std::any_of(result.findings.begin(), result.findings.end(), [&](const Result::Finding& finding) {
    return finding.fails(strict) &&
           std::none_of(expectations.findings.begin(), expectations.findings.end(),
                        [&](const FindingExpectation& each) { return matches(each, finding); });
  });
}

/// Whether any frame of the operation lies in the function or the file; a file may be named by its end.
bool touches(const Result::Operation& operation, const Suppression& suppression) {
  return std::any_of(operation.stack.begin(), operation.stack.end(), [&](const Result::Frame& frame) {
    return (suppression.function.empty() || frame.function == suppression.function) &&
           (suppression.file.empty() || frame.file.ends_with(suppression.file));
  });
}

bool matches(const Suppression& suppression, const Result::Finding& finding) {
  if (!suppression.rule.empty() && suppression.rule != finding.rule.name) return false;
  if (!suppression.object.empty() && (!finding.object || finding.object->name != suppression.object)) return false;
  return (suppression.function.empty() && suppression.file.empty()) || touches(finding.access, suppression) ||
         (finding.other && touches(*finding.other, suppression));
}

}  // namespace

std::string Quantity::to_string() const {
  switch (kind) {
    case Kind::cycles: return "cycles";
    case Kind::stale_reads: return "stale_reads";
    case Kind::wake_latency: return "wake_latency";
    case Kind::heap: return "heap." + name + "." + field;
    case Kind::energy: return "energy." + name + "." + field;
  }
  return "";
}

std::vector<std::string> heap_quantities() {
  std::vector<std::string> names;
  for (const HeapField& field : heap_fields) names.emplace_back(field.name);
  return names;
}

std::vector<std::string> energy_quantities() {
  std::vector<std::string> names;
  for (const PowerField& field : power_fields) names.emplace_back(field.name);
  return names;
}

void judge(const ExpectationList& expectations, bool strict, Result& result) {
  for (const NumberExpectation& bound : expectations.numbers) judge_number(bound, result);
  for (const BankExpectation& expected : expectations.banks)
    for (const Result::Bank& bank : result.banks)
      if (bank.name == expected.bank)
        result.expectations.push_back({"bank " + bank.name + (expected.on ? " on" : " off"), bank.on ? "on" : "off",
                                       expected.mark, bank.on == expected.on});
  const bool unexpected = judge_findings(expectations, strict, result);
  const bool mentions_stale_reads =
      std::any_of(expectations.numbers.begin(), expectations.numbers.end(),
                  [](const NumberExpectation& each) { return each.quantity.kind == Quantity::Kind::stale_reads; });
  if (!mentions_stale_reads && expectations.findings.empty() && !unexpected && !result.stale_reads.empty()) {
    NumberExpectation none;
    none.quantity.kind = Quantity::Kind::stale_reads;
    none.mark = {result.file, 0, 0};
    judge_number(none, result);
  }
  bool crashed = result.crash.has_value();
  if (!expectations.crash.empty()) {
    const bool as_expected = crashed && result.crash->message.find(expectations.crash) != std::string::npos;
    result.expectations.push_back({"the firmware stops with '" + expectations.crash + "'",
                                   crashed ? result.crash->message : "it did not stop", expectations.crash_mark,
                                   as_expected});
    crashed = crashed && !as_expected;
  }
  if (result.interrupted) result.verdict = Result::Verdict::interrupted;
  else if (crashed) result.verdict = Result::Verdict::crashed;
  else if (unexpected) result.verdict = Result::Verdict::findings;
  else if (std::any_of(result.expectations.begin(), result.expectations.end(),
                       [](const auto& each) { return !each.passed; }))
    result.verdict = Result::Verdict::expectation_failed;
}

void forgive(const Baseline& known, Result& result) {
  Result::Suppressed note{known.where, "known from the baseline", 0};
  std::erase_if(result.findings, [&](const Result::Finding& finding) {
    if (finding.is_advice() || !known.fingerprints.contains(fingerprint_of(finding))) return false;
    note.count += finding.count;
    return true;
  });
  if (note.count) result.suppressions.push_back(std::move(note));
}

void suppress(const SuppressionList& list, Result& result) {
  for (const Suppression& suppression : list) {
    Result::Suppressed note{suppression.mark, suppression.reason, 0};
    std::erase_if(result.findings, [&](const Result::Finding& finding) {
      if (!matches(suppression, finding)) return false;
      note.count += finding.count;
      return true;
    });
    result.suppressions.push_back(std::move(note));
  }
}

}  // namespace dspmem
