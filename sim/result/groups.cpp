// SPDX-License-Identifier: Apache-2.0
#include "sim/result/groups.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "sim/result/printable.h"

namespace dspmem {
namespace {

std::string place_of(const Result::Operation& operation) {
  return to_string(operation.agent) + "|" + operation.step.to_string() + "|" +
         (operation.stack.empty() ? "" : to_string(operation.stack[0]));
}

/// What two findings of one cause have in common.
std::vector<std::string> keys_of(const Result::Finding& finding) {
  std::vector<std::string> keys;
  if (finding.object) {
    const Result::Object& object = *finding.object;
    // An allocator's own data is one thing: who forgets its lock breaks all of it.
    keys.push_back(object.kind == Result::Object::Kind::metadata
                       ? "metadata"
                       : fmt::format("object|{}|{}", object.name, to_string(object.where)));
  }
  // What a step does wrong by itself, and what follows from it.
  if (finding.rule.name == "heap-misuse") keys.push_back("step|" + finding.access.step.to_string());
  else if (finding.cause && finding.cause->step.line) keys.push_back("step|" + finding.cause->step.to_string());
  // Two objects in one line, and what two cores do to it: own lines cure all of that.
  if (finding.object && finding.cause && (finding.rule.name == "lost-update" || finding.rule.name == "discarded-write"))
    for (const Result::Object& other : finding.neighbours)
      keys.push_back(fmt::format("line|{}|{}", std::min(finding.object->name, other.name),
                                 std::max(finding.object->name, other.name)));
  const std::string here = place_of(finding.access), there = finding.other ? place_of(*finding.other) : "";
  keys.push_back(fmt::format("places|{}|{}", std::min(here, there), std::max(here, there)));
  return keys;
}

/// One of the things that a name stands for, without what changes from run to run or edit to edit.
std::string identity_of(const Result::Operation& operation) {
  return to_string(operation.agent) + "|" + to_string(operation.kind) + "|" +
         (operation.stack.empty() ? operation.step.file : operation.stack[0].function);
}

}  // namespace

Severity Group::severity() const {
  return (*std::min_element(
              findings.begin(), findings.end(),
              [](const Result::Finding* a, const Result::Finding* b) { return a->severity < b->severity; }))
      ->severity;
}

std::vector<Group> groups_of(const std::vector<Result::Finding>& findings) {
  std::vector<std::size_t> parent(findings.size());
  std::iota(parent.begin(), parent.end(), std::size_t{0});
  const auto find = [&parent](std::size_t at) {
    while (parent[at] != at) at = parent[at] = parent[parent[at]];
    return at;
  };
  std::map<std::string, std::size_t> first_with;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    if (findings[i].is_advice()) continue;
    for (const std::string& key : keys_of(findings[i])) {
      const auto [known, fresh] = first_with.try_emplace(key, i);
      if (!fresh) parent[std::max(find(i), find(known->second))] = std::min(find(i), find(known->second));
    }
  }
  std::vector<Group> groups;
  std::map<std::size_t, std::size_t> number;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    if (findings[i].is_advice()) continue;
    const auto [known, fresh] = number.try_emplace(find(i), groups.size());
    if (fresh) groups.emplace_back();
    groups[known->second].findings.push_back(&findings[i]);
  }
  const auto order_of = [](const Result::Finding* finding) {
    return std::make_tuple(finding->rule.link != 0, finding->severity, finding->rule.link);
  };
  const auto earlier = [&order_of](const Result::Finding* a, const Result::Finding* b) {
    return order_of(a) < order_of(b);
  };
  for (Group& group : groups) std::stable_sort(group.findings.begin(), group.findings.end(), earlier);
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Group& a, const Group& b) { return a.severity() < b.severity(); });
  return groups;
}

std::string fingerprint_of(const Result::Finding& finding) {
  const std::string text =
      fmt::format("{}|{}|{}|{}", finding.rule.name, identity_of(finding.access),
                  finding.other ? identity_of(*finding.other) : "", finding.object ? finding.object->name : "");
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char each : printable(text)) hash = (hash ^ static_cast<std::uint8_t>(each)) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

}  // namespace dspmem
