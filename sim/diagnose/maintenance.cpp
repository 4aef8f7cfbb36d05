// SPDX-License-Identifier: Apache-2.0
// Cache operations that never mattered.
#include <fmt/format.h>

#include <map>
#include <tuple>

#include "sim/diagnose/diagnosis.h"

namespace dspmem {
namespace {

constexpr RuleInfo redundant_maintenance_rule{
    {"redundant-maintenance"},
    Severity::advice,
    "cache operations that could not matter",
    "None of the operations at this place found a line that can have been in the cache, or, for write-backs, dirty. "
    "They cost cycles for nothing, in this scenario at least.",
    "Leave the operation out, or narrow it, if no other use of the code needs it ('dspmem mutate' tries it)."};

class Maintenance final : public Subscriber {
 public:
  explicit Maintenance(const DiagnosisContext& context) : context_(context), log_(context.log) {}

  void on(const RunEnded&) override {
    if (!context_.checker) return;
    for (const CoherencyChecker::MaintenanceUse& use : by_place()) {
      if (use.useful) continue;
      Result::Finding finding;
      finding.rule = redundant_maintenance_rule.id;
      finding.severity = Severity::advice;
      finding.access = log_.describe.operation(use.operation);
      finding.count = use.count;
      finding.message =
          fmt::format("none of {} cache operations could matter: no line that they named can have been in the cache{}",
                      use.count, use.operation.kind == Operation::Kind::write_back ? ", or dirty" : "");
      log_.add(std::move(finding));
    }
  }

 private:
  /// Firmware's operations count by their place in its code, whatever step led there.
  std::vector<CoherencyChecker::MaintenanceUse> by_place() const {
    using Place = std::tuple<std::uint32_t, std::uint32_t, const void*, AgentId, Operation::Kind>;
    std::map<Place, std::size_t> known;
    std::vector<CoherencyChecker::MaintenanceUse> uses;
    for (const CoherencyChecker::MaintenanceUse& use : context_.checker->maintenance_use()) {
      const Site& site = use.operation.site;
      const auto [entry, fresh] = known.try_emplace(
          {site.pc, site.caller, site.pc ? nullptr : site.origin, use.operation.agent, use.operation.kind},
          uses.size());
      if (fresh) {
        uses.push_back(use);
        continue;
      }
      uses[entry->second].count += use.count;
      uses[entry->second].useful += use.useful;
    }
    return uses;
  }

  DiagnosisContext context_;
  FindingLog& log_;
};

}  // namespace

extern const Diagnosis maintenance_diagnosis;
const Diagnosis maintenance_diagnosis{{&redundant_maintenance_rule}, make_diagnosis<Maintenance>};

}  // namespace dspmem
