// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "sim/diagnose/diagnosis.h"

namespace dspmem {

// In the order in which they are told of an event.
#define DIAGNOSES(X) \
  X(heap_diagnosis) \
  X(bank_diagnosis) \
  X(coherency_diagnosis) \
  X(loop_diagnosis) \
  X(shortage_diagnosis) \
  X(crash_diagnosis) \
  X(maintenance_diagnosis)

#define DECLARE(name) extern const Diagnosis name;
#define ENTRY(name) &name,
DIAGNOSES(DECLARE)

std::span<const Diagnosis* const> diagnoses() {
  static const Diagnosis* const all[] = {DIAGNOSES(ENTRY)};
  return all;
}

std::span<const RuleInfo* const> rules() {
  static const std::vector<const RuleInfo*> sorted = [] {
    std::vector<const RuleInfo*> all;
    for (const Diagnosis* topic : diagnoses()) all.insert(all.end(), topic->rules.begin(), topic->rules.end());
    std::sort(all.begin(), all.end(), [](const RuleInfo* a, const RuleInfo* b) { return a->id < b->id; });
    return all;
  }();
  return sorted;
}

const RuleInfo* find_rule(std::string_view name) {
  const auto all = rules();
  const auto found =
      std::find_if(all.begin(), all.end(), [name](const RuleInfo* each) { return each->id.name == name; });
  return found == all.end() ? nullptr : *found;
}

const std::vector<std::string>& rule_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const RuleInfo* each : rules()) all.push_back(to_string(each->id));
    return all;
  }();
  return names;
}

}  // namespace dspmem
