// SPDX-License-Identifier: Apache-2.0
#include "sim/experiment/vary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <set>

#include "sim/config/describe.h"

namespace dspmem {
namespace {

/// One replay with other figures.
struct Variant {
  std::string with;
  Edits platform, energy;
  std::optional<std::string> preset;
};

/// The figures that differ, and why others do not.
struct Plan {
  std::vector<Variant> variants;
  std::uint64_t figures = 0;
  std::vector<Variation::Left> left_out;
};

using Unit = Variation::Range::Unit;

void add_ends(const Figure& figure, Edits Variant::*edits, Plan& plan, Variant& all_low, Variant& all_high) {
  ++plan.figures;
  for (const auto& [value, all] : {std::pair{&figure.low, &all_low}, {&figure.high, &all_high}}) {
    figure.edit(all->*edits, *value);
    if (*value == figure.value) continue;
    Variant& variant = plan.variants.emplace_back();
    variant.with = figure.path + " = " + *value;
    figure.edit(variant.*edits, *value);
  }
}

/// Why another value cannot be tried; empty when it can.
std::string obstacle(const Figure& figure, const JobRequest& request, const Job& job) {
  if (!figure.has_range()) return "no range is given";
  for (const std::string& value : {figure.low, figure.high}) {
    JobRequest changed = request;
    figure.edit(changed.platform_edits, value);
    try {
      if (load_checked(changed).platform_facts != job.platform_facts) return "another firmware image belongs to it";
    } catch (const InputError& error) { return "it cannot be " + value + ": " + error.message(); }
  }
  return {};
}

std::string energy_obstacle(const Figure& figure, const std::string& preset) {
  for (const std::string& value : {figure.low, figure.high}) {
    Edits edits;
    figure.edit(edits, value);
    try {
      load_energy(preset, {}, edits);
    } catch (const InputError& error) { return "it cannot be " + value + ": " + error.message(); }
  }
  return {};
}

Plan make_plan(const JobRequest& request, const Job& job, const EnergyPreset& energy, const std::string& preset,
               bool with_energy) {
  Plan plan;
  Variant all_low, all_high;
  for (const Figure& figure : job.platform.figures) {
    if (figure.origin != Figure::Origin::assumed) continue;
    const std::string why = obstacle(figure, request, job);
    if (why.empty()) {
      add_ends(figure, &Variant::platform, plan, all_low, all_high);
    } else if (plan.left_out.empty() || plan.left_out.back().figure != figure.stated) {
      plan.left_out.push_back({figure.stated, why});
    }
  }
  if (with_energy)
    for (const Figure& figure : energy.sources) {
      if (!figure.has_range()) continue;
      if (const std::string why = energy_obstacle(figure, preset); !why.empty())
        plan.left_out.push_back({figure.stated, why});
      else add_ends(figure, &Variant::energy, plan, all_low, all_high);
    }
  if (plan.figures > 1) {
    all_low.with = "all low";
    all_high.with = "all high";
    plan.variants.push_back(all_low);
    plan.variants.push_back(all_high);
  }
  if (!with_energy) return plan;
  for (const std::string& each : shipped_energy_presets())
    if (each != preset) plan.variants.push_back({"energy " + each, {}, {}, each});
  return plan;
}

// ---- What a report says -------------------------------------------------------------------------

std::vector<Variation::Range> figures_of(const Result& result) {
  std::vector<Variation::Range> ranges;
  const auto add = [&ranges](const std::string& name, Unit unit, std::uint64_t value) {
    const auto signed_value = static_cast<std::int64_t>(value);
    ranges.push_back({name, unit, signed_value, signed_value, signed_value, {}, {}});
  };
  add("cycles", Unit::cycles, result.cycles);
  for (const Result::AllocatorCalls& each : result.operations)
    add(each.name + ", worst call", Unit::cycles, each.worst_cycles);
  for (const Result::PowerPolicy& policy : result.power.policies) {
    if (policy.role == Result::PolicyRole::baseline) continue;
    add("banks off, " + policy.name, Unit::basis_points, policy.off_basis_points);
    add("saved, " + policy.name, Unit::basis_points, static_cast<std::uint64_t>(policy.saved_basis_points));
  }
  for (const Result::PowerPolicy& policy : result.power.policies)
    add("energy, " + policy.name, Unit::attojoules, policy.energy());
  return ranges;
}

std::string joined(const std::set<std::string>& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, "; "));
}

std::string findings_of(const Result& result) {
  std::set<std::string> names;
  for (const Result::Finding& each : result.findings)
    if (!each.is_advice()) names.insert(to_string(each.rule) + (each.object ? " of '" + each.object->name + "'" : ""));
  return joined(names);
}

std::string policies_of(const Result& result) {
  std::vector<const Result::PowerPolicy*> policies;
  for (const Result::PowerPolicy& each : result.power.policies) policies.push_back(&each);
  std::stable_sort(policies.begin(), policies.end(),
                   [](const auto* a, const auto* b) { return a->energy() < b->energy(); });
  std::string text;
  for (const auto* each : policies) text += (text.empty() ? "" : " < ") + each->name;
  return text;
}

std::string pins_of(const Result& result) {
  std::set<std::string> names;
  for (const Result::PoweredBank& bank : result.power.banks)
    for (const Result::Pin& pin : bank.pins)
      if (pin.movable && bank.needed > result.power.cycles / 2) names.insert("'" + pin.object.name + "'");
  return joined(names);
}

std::vector<Variation::Conclusion> conclusions_of(const Result& result) {
  std::vector<Variation::Conclusion> conclusions{{"verdict", to_string(result.verdict), {}},
                                                 {"findings", findings_of(result), {}}};
  if (!result.power.policies.empty()) {
    conclusions.push_back({"policies by energy", policies_of(result), {}});
    conclusions.push_back({"objects that keep a bank on for more than half of the run", pins_of(result), {}});
  }
  return conclusions;
}

void take_in(Variation& all, const Result& result, const std::string& with) {
  const std::vector<Variation::Range> ranges = figures_of(result);
  for (Variation::Range& each : all.ranges) {
    const auto found = std::find_if(ranges.begin(), ranges.end(),
                                    [&each](const Variation::Range& other) { return other.name == each.name; });
    if (found == ranges.end()) continue;
    if (found->value < each.low) {
      each.low = found->value;
      each.low_with = with;
    }
    if (found->value > each.high) {
      each.high = found->value;
      each.high_with = with;
    }
  }
  const std::vector<Variation::Conclusion> conclusions = conclusions_of(result);
  for (std::size_t i = 0; i < all.conclusions.size() && i < conclusions.size(); ++i)
    if (conclusions[i].text != all.conclusions[i].text)
      all.conclusions[i].others.push_back({with, conclusions[i].text});
}

}  // namespace

Variation vary(const JobRequest& request, const Job& job, const ReplayOptions& options, const Result& plain,
               const ExperimentProgress& progress) {
  const std::string preset = options.energy.value_or(job.platform.energy);
  const EnergyPreset energy = load_energy(preset, job.platform.energy_mark);
  const Plan plan = make_plan(request, job, energy, preset, !plain.power.policies.empty());
  Variation all;
  all.figures = plan.figures;
  all.left_out = plan.left_out;
  all.ranges = figures_of(plain);
  all.conclusions = conclusions_of(plain);
  std::size_t done = 0;
  for (const Variant& each : plan.variants) {
    progress(done++, plan.variants.size());
    JobRequest changed = request;
    changed.platform_edits = each.platform;
    ReplayOptions with = options;
    with.energy_edits = each.energy;
    if (each.preset) with.energy = each.preset;
    try {
      take_in(all, run(load_job(changed), with), each.with);
      ++all.replays;
    } catch (const InputError& error) {  // two figures that are right each by itself
      all.left_out.push_back({each.with, error.message()});
    }
    if (options.interrupted && options.interrupted()) break;
  }
  progress(plan.variants.size(), plan.variants.size());
  return all;
}

}  // namespace dspmem
