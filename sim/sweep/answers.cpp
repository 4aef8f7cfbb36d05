// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/answers.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "models/random.h"

namespace dspmem {
namespace {

constexpr double absent = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t most_lines = 20;

/// What is kept of a point in memory.
struct Row {
  std::uint64_t number;
  std::vector<double> metrics;  ///< in the sweep's order; NaN for none
  SweepPoint point;
  int exit_code;
  bool feasible;
  unsigned runs = 1;  ///< with different seeds
};

std::string figure(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15 ? fmt::format("{:.0f}", value)
                                                              : fmt::format("{:.6g}", value);
}

std::vector<Row> rows_of(const Sweep& sweep, SweepStore& store) {
  std::vector<Row> rows;
  store.each([&](const SweepResult& result) {
    const auto point = sweep.point(result.number);
    if (!point) return;
    Row row{result.number, {}, *point, result.exit_code, result.exit_code != 2 && result.exit_code < 128};
    for (const SweepMetric& metric : sweep.metrics) {
      const auto found = result.metrics.find(metric.name);
      row.metrics.push_back(found == result.metrics.end() ? absent : found->second);
    }
    for (const SweepConstraint& constraint : sweep.constraints) {
      const auto found = result.metrics.find(constraint.metric);
      row.feasible &= found != result.metrics.end() && constraint.holds(found->second);
    }
    rows.push_back(std::move(row));
  });
  return rows;
}

/// What there is to choose: a point, or all that differ in their seed only. A seed is nobody's choice: the constraints
/// have to hold with each, and figures are means.
std::vector<Row> choices_of(const Sweep& sweep, const std::vector<Row>& rows) {
  const std::optional<std::size_t> seed = sweep.seed_key();
  if (!seed || sweep.keys.size() == 1) return rows;
  std::map<SweepPoint, std::size_t> index;
  std::vector<Row> choices;
  for (const Row& row : rows) {
    SweepPoint point = row.point;
    point[*seed] = 0;
    const auto [known, fresh] = index.try_emplace(point, choices.size());
    if (fresh) {
      choices.push_back(row);
      choices.back().runs = 0;
      std::fill(choices.back().metrics.begin(), choices.back().metrics.end(), 0);
    }
    Row& choice = choices[known->second];
    ++choice.runs;
    choice.feasible &= row.feasible;
    for (std::size_t metric = 0; metric < row.metrics.size(); ++metric) choice.metrics[metric] += row.metrics[metric];
  }
  for (Row& choice : choices)
    for (double& metric : choice.metrics) metric /= choice.runs;
  return choices;
}

/// Whether `a` is at least as good as `b` everywhere and better somewhere.
bool beats(const Row& a, const Row& b, const std::vector<std::size_t>& minimised) {
  bool better = false;
  for (const std::size_t metric : minimised) {
    if (!(a.metrics[metric] <= b.metrics[metric])) return false;
    better |= a.metrics[metric] < b.metrics[metric];
  }
  return better;
}

/// In the order of the first metric. With rows sorted by it, only those before a row can beat it.
std::vector<const Row*> front_of(const std::vector<Row>& rows, const std::vector<std::size_t>& minimised) {
  std::vector<const Row*> candidates, front;
  for (const Row& row : rows)
    if (row.feasible && std::none_of(minimised.begin(), minimised.end(),
                                     [&row](std::size_t metric) { return std::isnan(row.metrics[metric]); }))
      candidates.push_back(&row);
  std::stable_sort(candidates.begin(), candidates.end(), [&](const Row* a, const Row* b) {
    for (const std::size_t metric : minimised)
      if (a->metrics[metric] != b->metrics[metric]) return a->metrics[metric] < b->metrics[metric];
    return false;
  });
  for (const Row* row : candidates)
    if (std::none_of(front.begin(), front.end(), [&](const Row* other) { return beats(*other, *row, minimised); }))
      front.push_back(row);
  return front;
}

/// The share of a metric's variance that a key explains by itself (first-order sensitivity): between the groups of one
/// value, of all.
double share_of(const std::vector<const Row*>& rows, std::size_t key, std::size_t metric, std::size_t values) {
  std::vector<double> sums(values), counts(values);
  double sum = 0, squares = 0;
  for (const Row* row : rows) {
    const double value = row->metrics[metric];
    sums[row->point[key]] += value;
    counts[row->point[key]] += 1;
    sum += value;
    squares += value * value;
  }
  const auto count = static_cast<double>(rows.size());
  const double total = squares - sum * sum / count;
  if (total <= 1e-12 * squares) return absent;
  double between = 0;
  for (std::size_t value = 0; value < values; ++value)
    if (counts[value] > 0) between += counts[value] * std::pow(sums[value] / counts[value] - sum / count, 2);
  return between / total;
}

std::string sensitivity(const Sweep& sweep, const std::vector<Row>& rows) {
  constexpr std::size_t most_sampled = 20'000, rounds = 100;
  std::string out;
  for (std::size_t metric = 0; metric < sweep.metrics.size(); ++metric) {
    std::vector<const Row*> with;
    for (const Row& row : rows)
      if (!std::isnan(row.metrics[metric])) with.push_back(&row);
    if (with.size() > most_sampled) {  // evenly spread
      std::vector<const Row*> some;
      for (std::size_t i = 0; i < most_sampled; ++i) some.push_back(with[i * with.size() / most_sampled]);
      with = some;
    }
    if (with.size() < 3) continue;
    std::string line;
    for (std::size_t key = 0; key < sweep.keys.size(); ++key) {
      const double share = share_of(with, key, metric, sweep.keys[key].values.size());
      if (std::isnan(share)) continue;
      if (share < 1e-9) {
        line += fmt::format("    {:<36}   0.0 %\n", sweep.keys[key].name);
        continue;
      }
      // Its standard error, from samples of as many points with replacement.
      Random random(key * 1000 + metric + 1);
      double sum = 0, squares = 0;
      for (std::size_t round = 0; round < rounds; ++round) {
        std::vector<const Row*> sample(with.size());
        for (const Row*& each : sample) each = with[random.below(with.size())];
        const double again = share_of(sample, key, metric, sweep.keys[key].values.size());
        sum += std::isnan(again) ? share : again;
        squares += std::isnan(again) ? share * share : again * again;
      }
      const double error = std::sqrt(std::max(0.0, squares / rounds - std::pow(sum / rounds, 2)));
      line += fmt::format("    {:<36} {:>5.1f} % (+- {:.1f})\n", sweep.keys[key].name, 100 * share, 100 * error);
    }
    out += line.empty() ? fmt::format("  {}: the same in all points\n", sweep.metrics[metric].name)
                        : fmt::format("  {}\n{}", sweep.metrics[metric].name, line);
  }
  return out;
}

std::string troubles(SweepStore& store) {
  std::map<std::string, std::pair<std::uint64_t, std::string>> rules, errors;
  store.each([&](const SweepResult& result) {
    if (!result.error.empty()) {
      auto& [count, first] = errors[result.error];
      if (count++ == 0) first = result.keys;
    }
    std::map<std::string, bool> seen;
    for (const SweepResult::Finding& finding : result.findings) {
      const std::string name = finding.rule + (finding.object.empty() ? "" : " of '" + finding.object + "'");
      if (std::exchange(seen[name], true)) continue;
      auto& [count, first] = rules[name];
      if (count++ == 0) first = result.keys;
    }
  });
  std::string out;
  for (const auto& [name, entry] : rules)
    out += fmt::format("  {} in {} points, first with {}\n", name, entry.first, entry.second);
  std::size_t shown = 0;
  for (const auto& [text, entry] : errors) {
    if (++shown > most_lines) break;
    out += fmt::format("  {} points could not be run, first {}: {}\n", entry.first, entry.second, text);
  }
  return out;
}

}  // namespace

std::string sweep_answers(const Sweep& sweep, SweepStore& store) {
  const std::vector<Row> rows = rows_of(sweep, store);
  const std::vector<Row> choices = choices_of(sweep, rows);
  const auto feasible = std::count_if(rows.begin(), rows.end(), [](const Row& row) { return row.feasible; });
  std::string out = fmt::format("{}: {} of {} points are there", sweep.file, rows.size(), sweep.combinations());
  if (!sweep.excluded.empty()) out += " (some are excluded)";
  out += "\n";
  if (!sweep.constraints.empty()) {
    out += fmt::format("{} keep", feasible);
    for (std::size_t i = 0; i < sweep.constraints.size(); ++i)
      out += fmt::format("{} {}", i ? " and" : "", sweep.constraints[i].text);
    if (choices.size() < rows.size())
      out += fmt::format("; {} of {} combinations do with every seed",
                         std::count_if(choices.begin(), choices.end(), [](const Row& row) { return row.feasible; }),
                         choices.size());
    out += "\n";
  }
  if (!sweep.minimised.empty()) {
    const std::vector<const Row*> front = front_of(choices, sweep.minimised);
    if (front.empty()) out += "\nno point has what is to be minimised and keeps the constraints\n";
    else if (sweep.minimised.size() == 1) out += fmt::format("\nleast {}\n", sweep.metrics[sweep.minimised[0]].name);
    else out += "\npoints that no other beats in everything that is minimised\n";
    for (std::size_t i = 0; i < std::min(front.size(), most_lines); ++i) {
      std::string figures;
      for (const std::size_t metric : sweep.minimised)
        figures += fmt::format("{}{} {}", figures.empty() ? "" : ", ", sweep.metrics[metric].name,
                               figure(front[i]->metrics[metric]));
      const bool seeds = choices.size() < rows.size();
      out += fmt::format("  {}   {}{}\n", figures,
                         seeds ? sweep.describe_choice(front[i]->point) : sweep.describe(front[i]->point),
                         seeds ? fmt::format(" (mean of {} seeds)", front[i]->runs) : "");
    }
    if (front.size() > most_lines)
      out += fmt::format("  and {} more: see 'dspmem sweep export'\n", front.size() - most_lines);
  }
  if (const std::string shares = sensitivity(sweep, rows); !shares.empty())
    out += "\nwhich key moves which metric: share of its variance (+- standard error)\n" + shares;
  if (const std::string wrong = troubles(store); !wrong.empty()) out += "\nwhat went wrong\n" + wrong;
  return out;
}

std::string sweep_csv(const Sweep& sweep, SweepStore& store) {
  const auto quoted = [](const std::string& text) {
    if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
  };
  std::string out = "number";
  for (const SweepKey& key : sweep.keys) out += "," + quoted(key.name);
  out += ",exit_code,verdict";
  for (const SweepMetric& metric : sweep.metrics) out += "," + quoted(metric.name);
  out += "\n";
  store.each([&](const SweepResult& result) {
    const auto point = sweep.point(result.number);
    if (!point) return;
    out += std::to_string(result.number);
    for (std::size_t key = 0; key < sweep.keys.size(); ++key) out += "," + quoted(sweep.keys[key].texts[(*point)[key]]);
    out += fmt::format(",{},{}", result.exit_code, result.verdict);
    for (const SweepMetric& metric : sweep.metrics) {
      const auto found = result.metrics.find(metric.name);
      out += found == result.metrics.end() ? "," : fmt::format(",{}", found->second);
    }
    out += "\n";
  });
  return out;
}

std::string sweep_json(const Sweep& sweep, SweepStore& store) {
  using Json = nlohmann::ordered_json;
  Json points = Json::array();
  store.each([&](const SweepResult& result) {
    const auto point = sweep.point(result.number);
    if (!point) return;
    Json keys, findings = Json::array();
    for (std::size_t key = 0; key < sweep.keys.size(); ++key)
      keys[sweep.keys[key].name] = sweep.keys[key].texts[(*point)[key]];
    for (const SweepResult::Finding& each : result.findings)
      findings.push_back({{"rule", each.rule},
                          {"object", each.object},
                          {"kind", each.severity},
                          {"fingerprint", each.fingerprint},
                          {"count", each.count}});
    Json entry{{"number", result.number},       {"keys", keys},
               {"exit_code", result.exit_code}, {"verdict", result.verdict},
               {"metrics", result.metrics},     {"findings", findings}};
    if (!result.error.empty()) entry["error"] = result.error;
    points.push_back(entry);
  });
  return Json{{"sweep", sweep.file}, {"points", points}}.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace dspmem
