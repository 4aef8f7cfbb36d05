// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/search.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "models/random.h"

namespace dspmem {
namespace {

constexpr std::size_t first_seeds = 2;  ///< of the first round

}  // namespace

double SeedSearch::Combination::mean() const {
  if (!possible || values.empty()) return std::numeric_limits<double>::infinity();
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

SeedSearch::SeedSearch(const Sweep& sweep) : sweep_(sweep) {
  std::size_t seed = sweep.keys.size();
  for (std::size_t key = 0; key < sweep.keys.size(); ++key)
    if (sweep.keys[key].of == SweepKey::Of::seed) seed = key;
  if (seed == sweep.keys.size() || sweep.keys[seed].values.size() < 2 * first_seeds)
    throw std::runtime_error(
        "--search needs a key 'seed' with at least four values: it saves replays by giving few seeds to what is bad");
  for (const std::vector<std::size_t>& group : sweep.zipped)
    if (group.size() > 1 && std::find(group.begin(), group.end(), seed) != group.end())
      throw std::runtime_error("--search needs a key 'seed' of its own, not one that is zipped with others");
  std::map<SweepPoint, std::size_t> known;
  for (std::uint64_t number = 0; number < sweep.combinations(); ++number) {
    const auto point = sweep.point(number);
    if (!point) continue;
    SweepPoint without = *point;
    without[seed] = 0;
    const auto [found, fresh] = known.try_emplace(without, combinations_.size());
    if (fresh) combinations_.emplace_back();
    Combination& combination = combinations_[found->second];
    places_[number] = {found->second, combination.points.size()};
    combination.points.push_back(number);
    seeds_ = std::max(seeds_, combination.points.size());
  }
  for (std::size_t i = 0; i < combinations_.size(); ++i) left_.push_back(i);
}

std::vector<std::size_t> SeedSearch::ranking() const {
  std::vector<std::size_t> order;
  for (const std::size_t each : left_)
    if (combinations_[each].possible) order.push_back(each);
  std::stable_sort(order.begin(), order.end(),
                   [this](std::size_t a, std::size_t b) { return combinations_[a].mean() < combinations_[b].mean(); });
  return order;
}

std::vector<std::uint64_t> SeedSearch::next_round() {
  if (used_) {
    left_ = ranking();
    left_.resize((left_.size() + 1) / 2);
    if (left_.size() <= 1 || used_ >= seeds_) return {};
  }
  const std::size_t wanted = used_ ? std::min(2 * used_, seeds_) : first_seeds;
  std::vector<std::uint64_t> points;
  for (const std::size_t each : left_) {
    const std::vector<std::uint64_t>& all = combinations_[each].points;
    for (std::size_t seed = used_; seed < std::min(wanted, all.size()); ++seed) points.push_back(all[seed]);
  }
  used_ = wanted;
  replayed_ += points.size();
  std::sort(points.begin(), points.end());
  return points;
}

void SeedSearch::take(std::uint64_t point, std::optional<double> value) {
  const auto [index, seed] = places_.at(point);
  Combination& combination = combinations_[index];
  if (value) combination.values.push_back(*value);
  else combination.possible = false;
}

std::vector<std::uint64_t> SeedSearch::best() const {
  const std::vector<std::size_t> order = ranking();
  return order.empty() ? std::vector<std::uint64_t>{} : combinations_[order[0]].points;
}

double SeedSearch::confidence() const {
  const std::vector<std::size_t> order = ranking();
  if (order.empty()) return 0;
  constexpr unsigned rounds = 1000;
  Random random(combinations_.size());
  unsigned still = 0;
  for (unsigned round = 0; round < rounds; ++round) {
    const auto resampled = [&random](const Combination& combination) {
      double sum = 0;
      for (std::size_t i = 0; i < combination.values.size(); ++i)
        sum += combination.values[random.below(static_cast<std::uint32_t>(combination.values.size()))];
      return sum / static_cast<double>(combination.values.size());
    };
    const double best = resampled(combinations_[order[0]]);
    bool first = true;
    for (std::size_t other = 0; other < combinations_.size() && first; ++other)
      if (other != order[0] && combinations_[other].possible && !combinations_[other].values.empty())
        first = best <= resampled(combinations_[other]);
    still += first;
  }
  return static_cast<double>(still) / rounds;
}

std::string SeedSearch::text() const {
  const std::vector<std::size_t> order = ranking();
  const std::string& metric = sweep_.metrics[sweep_.minimised[0]].name;
  std::uint64_t all = 0;
  for (const Combination& each : combinations_) all += each.points.size();
  std::string out = fmt::format("search: {} of {} points were needed\n", replayed_, all);
  if (order.empty()) return out + "no combination keeps the constraints\n";
  const Combination& best = combinations_[order[0]];
  double squares = 0;
  for (const double value : best.values) squares += (value - best.mean()) * (value - best.mean());
  const auto count = static_cast<double>(best.values.size());
  const double error = count > 1 ? std::sqrt(squares / (count - 1) / count) : 0;
  const auto choice = [this](std::size_t combination) {
    return sweep_.describe_choice(*sweep_.point(combinations_[combination].points[0]));
  };
  out += fmt::format("least mean {}: {:.6g} (+- {:.3g}, {} seeds)   {}\n", metric, best.mean(), error,
                     best.values.size(), choice(order[0]));
  for (std::size_t i = 1; i < order.size() && i < 10 && combinations_[order[i]].mean() == best.mean(); ++i)
    out += "as good: " + choice(order[i]) + "\n";
  return out + fmt::format("no other is better in {:.1f} % of 1000 resamplings of the seeds\n", 100 * confidence());
}

}  // namespace dspmem
