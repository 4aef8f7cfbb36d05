// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/expectations.h"

#include <algorithm>
#include <fmt/format.h>

#include "models/power/policies.h"
#include "sim/config/fields.h"
#include "sim/replay/findings.h"

namespace dspmem {
namespace {

using Relation = NumberExpectation::Relation;

struct RelationName {
  const char* text;
  Relation relation;
};
constexpr RelationName relations[] = {{"==", Relation::equal}, {"!=", Relation::not_equal}, {"<=", Relation::at_most},
                                      {">=", Relation::at_least}, {"<", Relation::less}, {">", Relation::more}};

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

struct HeapField {
  const char* name;
  std::uint64_t Result::Heap::* member;
};
constexpr HeapField heap_fields[] = {{"size", &Result::Heap::size}, {"used", &Result::Heap::used}, {"peak", &Result::Heap::peak},
                                     {"free", &Result::Heap::free}, {"largest_free", &Result::Heap::largest_free}, {"failed", &Result::Heap::failed}};

/// "<= 64 KiB", "0", "none".
NumberExpectation read_bound(const FieldReader& reader, const YAML::Node& node, const std::string& quantity) {
  NumberExpectation bound;
  bound.quantity = quantity;
  bound.mark = reader.mark_of(node);
  std::string text = node.IsScalar() ? node.Scalar() : "";
  if (text == "none") text = "0";
  for (const RelationName& each : relations)
    if (text.starts_with(each.text)) {
      bound.relation = each.relation;
      text = text.substr(std::string_view(each.text).size());
      break;
    }
  text.erase(0, text.find_first_not_of(' ') == std::string::npos ? text.size() : text.find_first_not_of(' '));
  Bytes value;
  try {
    reader.convert(YAML::Node(text), quantity, value);
  } catch (const InputError&) {
    FieldReader::fail(bound.mark, "'" + quantity + "' must be a bound such as 0, \">= 1\" or \"<= 64 KiB\", not '" + (node.IsScalar() ? node.Scalar() : "a mapping") + "'");
  }
  bound.value = value.value;
  return bound;
}

bool is_percentage(const NumberExpectation& bound) { return bound.quantity.starts_with("energy."); }

std::string value_text(const NumberExpectation& bound, std::int64_t value) {
  return is_percentage(bound) ? fmt::format("{:.2f} %", static_cast<double>(value) / 100) : std::to_string(value);
}

/// "saved" and "off" of a policy: hundredths of a percent.
struct PowerField {
  const char* name;
  std::int64_t (*get)(const Result::PowerPolicy&);
};
constexpr PowerField power_fields[] = {{"saved", [](const Result::PowerPolicy& policy) { return policy.saved_basis_points; }},
                                       {"off", [](const Result::PowerPolicy& policy) { return static_cast<std::int64_t>(policy.off_basis_points); }},
                                       {"of_ideal", [](const Result::PowerPolicy& policy) { return static_cast<std::int64_t>(policy.of_ideal_basis_points); }}};

/// ">= 40 %".
NumberExpectation read_percentage(const FieldReader& reader, const YAML::Node& node, const std::string& quantity) {
  std::string text = node.IsScalar() ? node.Scalar() : "";
  const SourceMark mark = reader.mark_of(node);
  if (text.ends_with("%")) text.pop_back();
  else FieldReader::fail(mark, "'" + quantity + "' must be a bound such as \">= 40 %\", not '" + (node.IsScalar() ? text : "a mapping") + "'");
  while (text.ends_with(" ")) text.pop_back();
  NumberExpectation bound;
  try {
    bound = read_bound(reader, YAML::Node(text), quantity);
  } catch (const InputError&) {
    FieldReader::fail(mark, "'" + quantity + "' must be a bound such as \">= 40 %\", not '" + node.Scalar() + "'");
  }
  bound.mark = mark;
  bound.value *= 100;
  return bound;
}

std::string relation_text(const NumberExpectation& bound) {
  for (const RelationName& each : relations)
    if (each.relation == bound.relation) return bound.quantity + " " + each.text + " " + value_text(bound, static_cast<std::int64_t>(bound.value));
  return bound.quantity;
}

/// Absent when the run ended before the figure was known, or the firmware does not tell it.
std::optional<std::int64_t> total(const Result& result, const std::string& quantity) {
  if (quantity == "cycles") return result.cycles;
  std::uint64_t count = 0;
  if (quantity == "stale_reads") {
    for (const auto& each : result.stale_reads) count += each.count;
    return count;
  }
  if (quantity == "wake_latency") return result.wake_latency;
  for (const Result::PowerPolicy& policy : result.power.policies)
    for (const PowerField& field : power_fields)
      if (quantity == "energy." + policy.name + "." + field.name) return field.get(policy);
  for (const Result::Heap& heap : result.heaps)
    for (const HeapField& field : heap_fields)
      if (quantity == "heap." + heap.name + "." + field.name) return heap.*field.member;
  return std::nullopt;
}

void judge_number(const NumberExpectation& bound, Result& result) {
  const auto actual = total(result, bound.quantity);
  result.expectations.push_back({relation_text(bound), actual ? value_text(bound, *actual) : "unknown: this run does not tell", bound.mark.to_string(),
                                 actual && holds(bound.relation, *actual, static_cast<std::int64_t>(bound.value))});
}

FindingExpectation read_finding(const FieldReader& outer, const YAML::Node& node) {
  FieldReader reader(node, outer.file(), "an expected finding", "rule");
  FindingExpectation expected;
  expected.mark = reader.mark();
  reader.required("rule", expected.rule);
  const auto& rules = rule_names();
  if (std::find(rules.begin(), rules.end(), expected.rule) == rules.end()) reader.fail("rule", "'" + expected.rule + "' is not a known rule" + suggestion(expected.rule, rules));
  if (reader.optional("object", expected.object)) expected.object_mark = reader.mark_of("object");
  if (reader.optional("kind", expected.kind)) choose<int>(reader, "kind", expected.kind, {{"manifest", 0}, {"latent", 1}, {"advice", 2}});
  reader.finish();
  return expected;
}

bool matches(const FindingExpectation& expected, const Result::Finding& finding) {
  return expected.rule == finding.rule && (expected.object.empty() || (finding.object && finding.object->name == expected.object)) &&
         (expected.kind.empty() || expected.kind == to_string(finding.kind));
}

void judge_findings(const ExpectationList& expectations, Result& result, bool& unexpected) {
  for (const FindingExpectation& expected : expectations.findings) {
    const auto found = std::find_if(result.findings.begin(), result.findings.end(), [&](const Result::Finding& each) { return matches(expected, each); });
    const std::string text = (expected.kind.empty() ? "" : expected.kind + " ") + expected.rule + (expected.object.empty() ? "" : " of '" + expected.object + "'");
    const bool occurs = found != result.findings.end();
    result.expectations.push_back({text + " is found", occurs ? "found" : "not found", expected.mark.to_string(), occurs});
  }
  for (const Result::Finding& finding : result.findings)
    if (finding.kind != Result::Finding::Kind::advice &&
        std::none_of(expectations.findings.begin(), expectations.findings.end(), [&](const FindingExpectation& each) { return matches(each, finding); }))
      unexpected = true;
}

}  // namespace

ExpectationList read_expectations(const YAML::Node& node, const std::string& file) {
  FieldReader reader(node, file, "'expect'");
  ExpectationList list;
  for (const char* quantity : {"cycles", "stale_reads", "wake_latency"})
    if (const YAML::Node bound = reader.node(quantity); bound.IsDefined()) list.numbers.push_back(read_bound(reader, bound, quantity));
  if (const YAML::Node heaps = reader.node("heaps"); heaps.IsDefined()) {
    if (!heaps.IsMap()) reader.fail("heaps", "'heaps' must be a mapping from heap name to bounds, such as {runtime: {used: 0}}");
    for (const auto& heap : heaps) {
      FieldReader fields(heap.second, file, "the expectation on heap '" + heap.first.Scalar() + "'");
      for (const HeapField& field : heap_fields)
        if (const YAML::Node bound = fields.node(field.name); bound.IsDefined())
          list.numbers.push_back(read_bound(fields, bound, "heap." + heap.first.Scalar() + "." + field.name));
      fields.finish();
    }
  }
  if (const YAML::Node saved = reader.node("saved_energy"); saved.IsDefined()) list.numbers.push_back(read_percentage(reader, saved, "energy.firmware.saved"));
  if (const YAML::Node energy = reader.node("energy"); energy.IsDefined()) {
    if (!energy.IsMap()) reader.fail("energy", "'energy' must be a mapping from policy to bounds, such as {firmware: {saved: \">= 40 %\"}}");
    std::vector<std::string> policies;
    for (const PowerPolicyKind& kind : power_policies()) policies.emplace_back(kind.name);
    for (const auto& policy : energy) {
      const std::string name = policy.first.Scalar();
      if (std::find(policies.begin(), policies.end(), name) == policies.end()) FieldReader::fail(reader.mark_of(policy.first), "there is no power policy '" + name + "'" + suggestion(name, policies));
      FieldReader fields(policy.second, file, "the expectation on policy '" + name + "'");
      for (const PowerField& field : power_fields)
        if (const YAML::Node bound = fields.node(field.name); bound.IsDefined()) list.numbers.push_back(read_percentage(fields, bound, "energy." + name + "." + field.name));
      fields.finish();
    }
  }
  if (const YAML::Node banks = reader.node("banks"); banks.IsDefined()) {
    if (!banks.IsMap()) reader.fail("banks", "'banks' must be a mapping from bank name to on or off, such as {HP3: off}");
    for (const auto& bank : banks) {
      const std::string state = bank.second.IsScalar() ? bank.second.Scalar() : "";
      if (state != "on" && state != "off") FieldReader::fail(reader.mark_of(bank.second), "a bank is expected to be on or off, not '" + state + "'");
      list.banks.push_back({bank.first.Scalar(), state == "on", reader.mark_of(bank.first)});
    }
  }
  if (const YAML::Node findings = reader.node("findings"); findings.IsDefined()) {
    if (findings.IsSequence()) {
      for (const auto& each : findings) list.findings.push_back(read_finding(reader, each));
    } else if (!findings.IsScalar() || findings.Scalar() != "none") {
      reader.fail("findings", "'findings' must be 'none' or a list, such as [{rule: missing-writeback, object: ring}]");
    }
  }
  if (reader.optional("crash", list.crash)) list.crash_mark = reader.mark_of("crash");
  reader.finish();
  return list;
}

void check_expectations(const ExpectationList& expectations, const ScenarioNames& names) {
  const Platform& platform = *names.platform;
  for (const FindingExpectation& expected : expectations.findings)
    if (!expected.object.empty()) check_object(names, expected.object, expected.object_mark);
  std::vector<std::string> heaps, banks;
  for (const HeapLayout& heap : platform.heaps) heaps.push_back(heap.name);
  for (const SramConfig& sram : platform.system.srams)
    for (std::uint32_t bank = 0; bank < sram.banks; ++bank) banks.push_back(sram.name + std::to_string(bank));
  for (const NumberExpectation& bound : expectations.numbers) {
    if (!bound.quantity.starts_with("heap.")) continue;
    const std::string name = bound.quantity.substr(5, bound.quantity.rfind('.') - 5);
    if (std::find(heaps.begin(), heaps.end(), name) == heaps.end())
      throw InputError(bound.mark, "platform '" + platform.name + "' has no heap '" + name + "'" + (heaps.size() == 1 ? " with this allocator" : "") + suggestion(name, heaps));
  }
  for (const BankExpectation& bank : expectations.banks)
    if (std::find(banks.begin(), banks.end(), bank.bank) == banks.end())
      throw InputError(bank.mark, "platform '" + platform.name + "' has no bank '" + bank.bank + "'" + "; did you mean '" + nearest_name(bank.bank, banks) + "'?");
}

void judge(const ExpectationList& expectations, Result& result) {
  for (const NumberExpectation& bound : expectations.numbers) judge_number(bound, result);
  for (const BankExpectation& expected : expectations.banks)
    for (const Result::Bank& bank : result.banks)
      if (bank.name == expected.bank)
        result.expectations.push_back({"bank " + bank.name + (expected.on ? " on" : " off"), bank.on ? "on" : "off", expected.mark.to_string(), bank.on == expected.on});
  bool unexpected = false;
  judge_findings(expectations, result, unexpected);
  const bool mentions_stale_reads =
      std::any_of(expectations.numbers.begin(), expectations.numbers.end(), [](const NumberExpectation& each) { return each.quantity == "stale_reads"; });
  if (!mentions_stale_reads && expectations.findings.empty() && !result.stale_reads.empty()) {
    NumberExpectation none;
    none.quantity = "stale_reads";
    none.mark = {result.file, 0, 0};
    judge_number(none, result);
  }
  bool crashed = result.crash.has_value();
  if (!expectations.crash.empty()) {
    const bool as_expected = crashed && result.crash->message.find(expectations.crash) != std::string::npos;
    result.expectations.push_back({"the firmware stops with '" + expectations.crash + "'", crashed ? result.crash->message : "it did not stop", expectations.crash_mark.to_string(), as_expected});
    crashed = crashed && !as_expected;
  }
  if (crashed) result.verdict = Result::Verdict::crashed;
  else if (unexpected) result.verdict = Result::Verdict::findings;
  else if (std::any_of(result.expectations.begin(), result.expectations.end(), [](const auto& e) { return !e.passed; })) result.verdict = Result::Verdict::expectation_failed;
}

}  // namespace dspmem
