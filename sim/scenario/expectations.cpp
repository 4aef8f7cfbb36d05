// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/expectations.h"

#include <fmt/format.h>
#include <algorithm>

#include "models/power/policies.h"
#include "sim/config/fields.h"

namespace dspmem {
namespace {

/// "<= 64 KiB", "0", "none".
NumberExpectation read_bound(const FieldReader& reader, const YAML::Node& node, const Quantity& of) {
  const std::string quantity = of.to_string();
  NumberExpectation bound;
  bound.quantity = of;
  bound.mark = reader.mark_of(node);
  std::string text = node.IsScalar() ? node.Scalar() : "";
  if (text == "none") text = "0";
  for (const RelationName& each : relation_names)
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
    FieldReader::fail(bound.mark, "'" + quantity + "' must be a bound such as 0, \">= 1\" or \"<= 64 KiB\", not '" +
                                      (node.IsScalar() ? node.Scalar() : "a mapping") + "'");
  }
  bound.value = value.value;
  return bound;
}

/// ">= 40 %".
NumberExpectation read_percentage(const FieldReader& reader, const YAML::Node& node, const Quantity& of) {
  const std::string quantity = of.to_string();
  std::string text = node.IsScalar() ? node.Scalar() : "";
  const SourceMark mark = reader.mark_of(node);
  if (text.ends_with("%")) text.pop_back();
  else
    FieldReader::fail(mark, "'" + quantity + "' must be a bound such as \">= 40 %\", not '" +
                                (node.IsScalar() ? text : "a mapping") + "'");
  while (text.ends_with(" ")) text.pop_back();
  NumberExpectation bound;
  try {
    bound = read_bound(reader, YAML::Node(text), of);
  } catch (const InputError&) {
    FieldReader::fail(mark, "'" + quantity + "' must be a bound such as \">= 40 %\", not '" + node.Scalar() + "'");
  }
  bound.mark = mark;
  bound.value *= 100;
  return bound;
}

const Choices<Severity>& severities() {
  static const Choices<Severity> all{{"manifest", Severity::manifest},
                                     {"latent", Severity::latent},
                                     {"warning", Severity::warning},
                                     {"advice", Severity::advice}};
  return all;
}

FieldType finding_fields(const std::vector<std::string>& rules) {
  using namespace field;
  return mapping(
      {needs("rule", choice(rules), "rule of the finding"), has("object", text(), "object that it is of; default any"),
       has("kind", choice(severities()), "severity; default any")},
      "rule");
}

FieldType bound() {
  return field::form("^(none|(==|<=|>=|<|>)? *(0x[0-9a-fA-F]+|[0-9]+) *(B|KiB|MiB)?)$", "<= 64 KiB");
}
FieldType percentage() { return field::form("^(==|<=|>=|<|>)? *[0-9]+ *%$", ">= 40 %"); }

FieldType bounds_of(const std::vector<std::string>& quantities, const FieldType& type, const std::string& of) {
  FieldList fields;
  for (const std::string& each : quantities)
    fields.push_back(field::has(each, type, "bound of this figure of the " + of));
  return field::mapping(std::move(fields));
}

FindingExpectation read_finding(const FieldReader& outer, const YAML::Node& node,
                                const std::vector<std::string>& rules) {
  const FieldType type = finding_fields(rules);
  FieldReader reader(node, outer.file(), "an expected finding", type);
  FindingExpectation expected;
  expected.mark = reader.mark();
  reader.required("rule", expected.rule);
  if (reader.optional("object", expected.object)) expected.object_mark = reader.mark_of("object");
  if (std::string kind; reader.optional("kind", kind)) expected.severity = choose(reader, "kind", kind, severities());
  reader.finish();
  return expected;
}

}  // namespace

FieldType expectation_fields(const std::vector<std::string>& rules) {
  using namespace field;
  std::vector<std::string> policies;
  FieldList of_policies;
  for (const PowerPolicyKind& kind : power_policies())
    of_policies.push_back(has(kind.name, bounds_of(energy_quantities(), percentage(), "policy"), kind.summary));
  return mapping({
      has("cycles", bound(), "bound of the run's cycles"),
      has("stale_reads", bound(), "bound of the reads that returned something else than was written last"),
      has("wake_latency", bound(), "bound of the cycles that the longest step 'wake' took"),
      has("heaps", names(bounds_of(heap_quantities(), bound(), "heap")), "bounds of heaps: {runtime: {used: 0}}"),
      has("saved_energy", percentage(), "bound of what policy 'firmware' saves"),
      has("energy", mapping(std::move(of_policies)), "bounds of power policies: {firmware: {saved: \">= 40 %\"}}"),
      has("banks", names(choice({"on", "off"})), "states of banks at the end: {HP3: off}"),
      has("findings", either({choice({"none"}), list(finding_fields(rules))}),
          "none (default), or all that are expected"),
      has("crash", text(), "part of the message of the crash that is expected"),
  });
}

ExpectationList read_expectations(const YAML::Node& node, const std::string& file,
                                  const std::vector<std::string>& rules) {
  const FieldType type = expectation_fields(rules);
  FieldReader reader(node, file, "'expect'", type);
  ExpectationList list;
  for (const Quantity::Kind kind :
       {Quantity::Kind::cycles, Quantity::Kind::stale_reads, Quantity::Kind::wake_latency}) {
    const Quantity quantity{kind, "", ""};
    if (const YAML::Node bound = reader.node(quantity.to_string()); bound.IsDefined())
      list.numbers.push_back(read_bound(reader, bound, quantity));
  }
  if (const YAML::Node heaps = reader.node("heaps"); heaps.IsDefined()) {
    if (!heaps.IsMap())
      reader.fail("heaps", "'heaps' must be a mapping from heap name to bounds, such as {runtime: {used: 0}}");
    for (const auto& heap : heaps) {
      FieldReader fields(heap.second, file, "the expectation on heap '" + heap.first.Scalar() + "'",
                         find_field(type.fields, "heaps")->type.parts[0]);
      for (const std::string& field : heap_quantities())
        if (const YAML::Node bound = fields.node(field); bound.IsDefined())
          list.numbers.push_back(read_bound(fields, bound, {Quantity::Kind::heap, heap.first.Scalar(), field}));
      fields.finish();
    }
  }
  if (const YAML::Node saved = reader.node("saved_energy"); saved.IsDefined())
    list.numbers.push_back(read_percentage(reader, saved, {Quantity::Kind::energy, "firmware", "saved"}));
  if (const YAML::Node energy = reader.node("energy"); energy.IsDefined()) {
    if (!energy.IsMap())
      reader.fail("energy",
                  "'energy' must be a mapping from policy to bounds, such as {firmware: {saved: \">= 40 %\"}}");
    std::vector<std::string> policies;
    for (const PowerPolicyKind& kind : power_policies()) policies.emplace_back(kind.name);
    for (const auto& policy : energy) {
      const std::string name = policy.first.Scalar();
      if (std::find(policies.begin(), policies.end(), name) == policies.end())
        FieldReader::fail(reader.mark_of(policy.first),
                          "there is no power policy '" + name + "'" + suggestion(name, policies));
      FieldReader fields(policy.second, file, "the expectation on policy '" + name + "'",
                         find_field(find_field(type.fields, "energy")->type.fields, name)->type);
      for (const std::string& field : energy_quantities())
        if (const YAML::Node bound = fields.node(field); bound.IsDefined())
          list.numbers.push_back(read_percentage(fields, bound, {Quantity::Kind::energy, name, field}));
      fields.finish();
    }
  }
  if (const YAML::Node banks = reader.node("banks"); banks.IsDefined()) {
    if (!banks.IsMap())
      reader.fail("banks", "'banks' must be a mapping from bank name to on or off, such as {HP3: off}");
    for (const auto& bank : banks) {
      const std::string state = bank.second.IsScalar() ? bank.second.Scalar() : "";
      if (state != "on" && state != "off")
        FieldReader::fail(reader.mark_of(bank.second), "a bank is expected to be on or off, not '" + state + "'");
      list.banks.push_back({bank.first.Scalar(), state == "on", reader.mark_of(bank.first)});
    }
  }
  if (const YAML::Node findings = reader.node("findings"); findings.IsDefined()) {
    if (findings.IsSequence()) {
      for (const auto& each : findings) list.findings.push_back(read_finding(reader, each, rules));
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
    if (bound.quantity.kind != Quantity::Kind::heap) continue;
    const std::string& name = bound.quantity.name;
    if (std::find(heaps.begin(), heaps.end(), name) == heaps.end())
      throw InputError(bound.mark, "platform '" + platform.name + "' has no heap '" + name + "'" +
                                       (heaps.size() == 1 ? " with this allocator" : "") + suggestion(name, heaps));
  }
  for (const BankExpectation& bank : expectations.banks)
    if (std::find(banks.begin(), banks.end(), bank.bank) == banks.end())
      throw InputError(bank.mark, "platform '" + platform.name + "' has no bank '" + bank.bank + "'" +
                                      "; did you mean '" + nearest_name(bank.bank, banks) + "'?");
}

}  // namespace dspmem
