// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/matrix.h"

#include <fmt/format.h>
#include <algorithm>
#include <boost/algorithm/string/trim.hpp>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "sim/config/fields.h"

namespace dspmem {
namespace {

using Of = SweepKey::Of;
using Relation = SweepConstraint::Relation;

constexpr std::size_t most_values = 200'000;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) parts.emplace_back();
    else parts.back() += c;
  }
  return parts;
}

const FieldType& range_fields() {
  using namespace field;
  static const FieldType fields = mapping({needs("from", size(), "first value"), needs("to", size(), "highest value"),
                                           has("step", size(), "what is added each time; default 1"),
                                           has("times", size(), "in place of step: what is multiplied by")});
  return fields;
}

/// {from: 64, to: 1 KiB, step: 64} or {from: 1 KiB, to: 64 KiB, times: 2}
std::vector<YAML::Node> range(const YAML::Node& node, const FieldReader& sweep, const std::string& key) {
  FieldReader reader(node, sweep.file(), "the range of '" + key + "'", range_fields());
  Bytes from, to, step{1}, times;
  reader.required("from", from);
  reader.required("to", to);
  const bool adds = reader.optional("step", step), multiplies = reader.optional("times", times);
  reader.finish();
  if (adds && multiplies) reader.fail("times", "a range has 'step' or 'times', not both");
  if (to.value < from.value) reader.fail("to", "a range goes upwards: 'to' is less than 'from'");
  if (multiplies ? times.value < 2 || from.value == 0 : step.value == 0)
    reader.fail(multiplies ? "times" : "step",
                multiplies ? "'times' must be at least 2, and 'from' more than 0" : "'step' must be at least 1");
  std::vector<YAML::Node> values;
  for (std::uint64_t value = from.value; value <= to.value;
       value = multiplies ? value * times.value : value + step.value) {
    if (values.size() >= most_values)
      reader.fail("to", "this range has more than " + std::to_string(most_values) + " values");
    values.emplace_back(std::to_string(value));
  }
  return values;
}

SweepKey read_key(const std::string& name, const YAML::Node& node, const SourceMark& mark, const FieldReader& sweep) {
  static const std::vector<std::pair<std::string, Of>> whole{{"scenario", Of::scenario},   {"platform", Of::platform},
                                                             {"allocator", Of::allocator}, {"seed", Of::seed},
                                                             {"quantum", Of::quantum},     {"firmware", Of::firmware}};
  SweepKey key;
  key.name = name;
  key.mark = mark;
  std::vector<std::string> path = split(name, '.');
  if (path.size() > 1 && (path[0] == "scenario" || path[0] == "platform")) {
    key.of = path[0] == "scenario" ? Of::scenario_field : Of::platform_field;
    key.path.assign(path.begin() + 1, path.end());
  } else {
    const auto found =
        std::find_if(whole.begin(), whole.end(), [&name](const auto& each) { return each.first == name; });
    std::vector<std::string> known{"scenario.FIELD", "platform.FIELD"};
    for (const auto& each : whole) known.push_back(each.first);
    if (found == whole.end())
      FieldReader::fail(mark, "'" + name +
                                  "' cannot be varied: a key is seed, quantum, allocator, platform, scenario, "
                                  "firmware, or a field such as platform.l1d.size or scenario.objects.x.bytes" +
                                  suggestion(name, known));
    key.of = found->second;
  }
  if (node.IsMap()) key.values = range(node, sweep, name);
  else if (node.IsSequence())
    for (const auto& each : node) key.values.push_back(each);
  if (key.values.empty())
    FieldReader::fail(
        mark, "'" + name + "' needs a list such as [1, 2, 4], or a range such as {from: 1, to: 20}; it has no values");
  for (const YAML::Node& value : key.values) {
    if (key.of != Of::scenario_field && key.of != Of::platform_field && !value.IsScalar())
      FieldReader::fail(mark, "the values of '" + name + "' are single ones");
    key.texts.push_back(value.IsScalar() ? value.Scalar() : one_line(value));
    if (const auto number = parse_number(key.texts.back());
        key.of == Of::quantum && number && (*number == 0 || *number > 0xffffffff))
      FieldReader::fail(mark, "'quantum' is 1 to 4294967295 cycles");
    if ((key.of == Of::seed || key.of == Of::quantum) && !parse_number(key.texts.back()))
      FieldReader::fail(mark, "'" + name + "' is a whole number, not '" + key.texts.back() + "'");
  }
  return key;
}

SweepConstraint read_constraint(const std::string& text, const SourceMark& mark, const FieldReader& reader) {
  static const std::pair<const char*, Relation> relations[] = {{"<=", Relation::at_most}, {">=", Relation::at_least},
                                                               {"<", Relation::less},     {">", Relation::more},
                                                               {"==", Relation::equal},   {"=", Relation::equal}};
  for (const auto& [sign, relation] : relations) {
    const std::size_t at = text.find(sign);
    if (at == std::string::npos) continue;
    SweepConstraint constraint{text, boost::algorithm::trim_copy(text.substr(0, at)), relation, 0, mark};
    const std::string number = boost::algorithm::trim_copy(text.substr(at + std::string_view(sign).size()));
    if (const auto [end, failed] = std::from_chars(number.data(), number.data() + number.size(), constraint.limit);
        failed != std::errc() || end != number.data() + number.size()) {
      Bytes bytes;
      try {
        reader.convert(YAML::Node(number), "constraints", bytes);  // 96 KiB
      } catch (const InputError&) { break; }
      constraint.limit = static_cast<double>(bytes.value);
    }
    if (constraint.metric.empty() || constraint.metric.find_first_of(",=<>") != std::string::npos ||
        !std::isfinite(constraint.limit))
      break;
    return constraint;
  }
  FieldReader::fail(
      mark,
      "each constraint is 'METRIC <= NUMBER', with <, <=, =, >= or >, such as \"findings = 0\"; not '" + text + "'");
}

std::size_t key_named(const Sweep& sweep, const std::string& name, const SourceMark& mark) {
  std::vector<std::string> known;
  for (std::size_t index = 0; index < sweep.keys.size(); ++index) {
    if (sweep.keys[index].name == name) return index;
    known.push_back(sweep.keys[index].name);
  }
  FieldReader::fail(mark, "'" + name + "' is not varied" + suggestion(name, known));
}

void read_zips(FieldReader& reader, Sweep& sweep) {
  std::vector<bool> grouped(sweep.keys.size());
  if (const YAML::Node node = reader.node("zip"); node.IsDefined()) {
    if (!node.IsSequence())
      reader.fail("zip", "'zip' is a list of lists of keys that move together: [[seed, scenario.objects.x.bytes]]");
    for (const auto& each : node) {
      std::vector<std::string> names;
      reader.convert(each, "zip", names);
      std::vector<std::size_t> group;
      for (const std::string& name : names) {
        const std::size_t key = key_named(sweep, name, reader.mark_of(each));
        if (grouped[key]) FieldReader::fail(reader.mark_of(each), "'" + name + "' is zipped twice");
        grouped[key] = true;
        group.push_back(key);
        const std::size_t first = sweep.keys[group[0]].values.size(), here = sweep.keys[key].values.size();
        if (here != first)
          FieldReader::fail(
              reader.mark_of(each),
              fmt::format("keys that are zipped have as many values as each other: '{}' has {}, '{}' has {}", names[0],
                          first, name, here));
      }
      if (!group.empty()) sweep.zipped.push_back(group);
    }
  }
  for (std::size_t key = 0; key < sweep.keys.size(); ++key)
    if (!grouped[key]) sweep.zipped.push_back({key});
  std::sort(sweep.zipped.begin(), sweep.zipped.end());
}

}  // namespace

bool SweepConstraint::holds(double value) const {
  switch (relation) {
    case Relation::less: return value < limit;
    case Relation::at_most: return value <= limit;
    case Relation::equal: return value == limit;
    case Relation::at_least: return value >= limit;
    case Relation::more: return value > limit;
  }
  return false;
}

std::uint64_t Sweep::combinations() const {
  std::uint64_t count = 1;
  for (const auto& group : zipped) {
    const std::uint64_t values = keys[group[0]].values.size();
    if (count > ~0ull / values) return ~0ull;
    count *= values;
  }
  return count;
}

std::optional<SweepPoint> Sweep::point(std::uint64_t number) const {
  SweepPoint point(keys.size());
  for (std::size_t index = zipped.size(); index-- > 0;) {  // the last key moves fastest
    const std::uint64_t values = keys[zipped[index][0]].values.size();
    for (const std::size_t key : zipped[index]) point[key] = static_cast<std::size_t>(number % values);
    number /= values;
  }
  for (const Exclusion& exclusion : excluded)
    if (std::all_of(exclusion.equal.begin(), exclusion.equal.end(),
                    [&](const auto& each) { return keys[each.first].texts[point[each.first]] == each.second; }))
      return std::nullopt;
  return point;
}

std::string Sweep::describe(const SweepPoint& point) const {
  std::string text;
  for (std::size_t key = 0; key < keys.size(); ++key)
    text += fmt::format("{}{}={}", key ? " " : "", keys[key].name, keys[key].texts[point[key]]);
  return text;
}

std::string Sweep::describe_choice(const SweepPoint& point) const {
  std::string text;
  for (std::size_t key = 0; key < keys.size(); ++key)
    if (keys[key].of != SweepKey::Of::seed)
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", keys[key].name, keys[key].texts[point[key]]);
  return text;
}

std::optional<std::size_t> Sweep::seed_key() const {
  for (std::size_t key = 0; key < keys.size(); ++key) {
    const auto with_others = [key](const std::vector<std::size_t>& group) {
      return group.size() > 1 && std::find(group.begin(), group.end(), key) != group.end();
    };
    if (keys[key].of == SweepKey::Of::seed && std::none_of(zipped.begin(), zipped.end(), with_others)) return key;
  }
  return std::nullopt;
}

const FieldType& sweep_fields() {
  using namespace field;
  const FieldType values =
      either({range_fields(), list(either({text(), number(), flag(), list(text()), names(text())}), 1)});
  static const FieldType fields = mapping({
      needs("scenario", text(), "scenario that is replayed: a path from this file's folder"),
      has("platform", text(), "platform, in place of the scenario's"),
      has("allocator", text(), "allocator binding: a name, or the path of a file"),
      has("ignore_expectations", flag(), "whether points may miss what the scenario expects; default false"),
      needs("vary", names(values),
            "keys and their values: {seed: {from: 1, to: 20}, platform.l1d.size: [16 KiB, 32 KiB]}"),
      has("zip", list(list(text())), "keys that move together: [[KEY, KEY]]"),
      has("exclude", list(names(text())), "points that are left out: [{KEY: VALUE}]"),
      has("metrics", list(text()), "what is kept of each point; default [cycles, findings]"),
      has("constraints", list(form("^[^<>=]+(<=|>=|<|>|==|=) *-?[0-9.]+ *$", "findings = 0")),
          "what a point has to fulfil to be an answer"),
      has("minimise", either({text(), list(text())}), "metrics that are to be small"),
  });
  return fields;
}

Sweep load_sweep(const std::string& path) {
  FieldReader reader(load_yaml(path), path, "the sweep", sweep_fields());
  Sweep sweep;
  sweep.file = path;
  const auto folder = std::filesystem::path(path).parent_path();
  reader.required("scenario", sweep.scenario);
  if (std::filesystem::path(sweep.scenario).is_relative())
    sweep.scenario = (folder / sweep.scenario).lexically_normal().string();
  if (!std::filesystem::exists(sweep.scenario))
    reader.fail("scenario",
                "there is no scenario '" + sweep.scenario + "' (a path in a sweep file is from its folder)");
  reader.optional("platform", sweep.platform);
  reader.optional("allocator", sweep.allocator);
  reader.optional("ignore_expectations", sweep.ignore_expectations);
  const YAML::Node vary = reader.node("vary");
  if (!vary.IsDefined())
    reader.missing("vary", "what is varied, such as {seed: {from: 1, to: 20}, platform.l1d.size: [16 KiB, 32 KiB]}");
  if (!vary.IsMap() || vary.size() == 0)
    reader.fail("vary",
                "'vary' is a mapping of keys and their values, and has at least one: {seed: {from: 1, to: 20}}");
  for (const auto& each : vary) {
    if (!each.first.IsScalar()) FieldReader::fail(reader.mark_of(each.first), "a key of 'vary' is a plain name");
    const std::string name = each.first.Scalar();
    if (std::any_of(sweep.keys.begin(), sweep.keys.end(), [&name](const SweepKey& key) { return key.name == name; }))
      FieldReader::fail(reader.mark_of(each.first), "'" + name + "' is varied twice");
    sweep.keys.push_back(read_key(name, each.second, reader.mark_of(each.first), reader));
  }
  read_zips(reader, sweep);
  if (const YAML::Node node = reader.node("exclude"); node.IsDefined()) {
    if (!node.IsSequence()) reader.fail("exclude", "'exclude' is a list such as [{allocator: tlsf, seed: 3}]");
    for (const auto& each : node) {
      Sweep::Exclusion exclusion;
      if (!each.IsMap() || each.size() == 0)
        FieldReader::fail(reader.mark_of(each), "an exclusion is a mapping such as {allocator: tlsf, seed: 3}");
      for (const auto& pair : each) {
        if (!pair.first.IsScalar())
          FieldReader::fail(reader.mark_of(pair.first), "a key of an exclusion is a plain name");
        const std::size_t key = key_named(sweep, pair.first.as<std::string>(), reader.mark_of(pair.first));
        const std::string text = pair.second.IsScalar() ? pair.second.Scalar() : one_line(pair.second);
        if (std::find(sweep.keys[key].texts.begin(), sweep.keys[key].texts.end(), text) == sweep.keys[key].texts.end())
          FieldReader::fail(reader.mark_of(pair.second), "'" + text + "' is none of the values of '" +
                                                             sweep.keys[key].name + "'" +
                                                             suggestion(text, sweep.keys[key].texts));
        exclusion.equal.emplace_back(key, text);
      }
      sweep.excluded.push_back(exclusion);
    }
  }
  std::vector<std::string> metrics{"cycles", "findings"};
  reader.optional("metrics", metrics);
  for (const std::string& name : metrics) sweep.metrics.push_back({name, reader.mark_of("metrics")});
  const auto metric_named = [&](const std::string& name, const std::string& field) {
    const auto found = std::find(metrics.begin(), metrics.end(), name);
    if (found == metrics.end())
      reader.fail(field, "'" + name + "' is none of the metrics of this sweep" + suggestion(name, metrics));
    return static_cast<std::size_t>(found - metrics.begin());
  };
  if (std::vector<std::string> texts; reader.optional("constraints", texts))
    for (const std::string& text : texts) {
      sweep.constraints.push_back(read_constraint(text, reader.mark_of("constraints"), reader));
      metric_named(sweep.constraints.back().metric, "constraints");
    }
  if (const YAML::Node node = reader.node("minimise"); node.IsDefined()) {
    std::vector<std::string> names;
    if (node.IsScalar()) names = {node.Scalar()};
    else reader.convert(node, "minimise", names);
    for (const std::string& name : names) sweep.minimised.push_back(metric_named(name, "minimise"));
  }
  reader.finish();
  return sweep;
}

void ask(Sweep& sweep, const std::vector<std::string>& minimise, const std::vector<std::string>& constraints) {
  std::vector<std::string> known;
  for (const SweepMetric& metric : sweep.metrics) known.push_back(metric.name);
  const auto metric_named = [&](const std::string& name, const char* option) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end())
      throw InputError({sweep.file}, std::string(option) + ": '" + name + "' is none of the metrics of this sweep" +
                                         suggestion(name, known));
    return static_cast<std::size_t>(found - known.begin());
  };
  if (!minimise.empty()) sweep.minimised.clear();
  for (const std::string& name : minimise) sweep.minimised.push_back(metric_named(name, "--minimise"));
  if (!constraints.empty()) sweep.constraints.clear();
  const FieldReader reader(YAML::Node(YAML::NodeType::Map), sweep.file, "the command line", sweep_fields());
  for (const std::string& text : constraints) {
    sweep.constraints.push_back(read_constraint(text, {sweep.file}, reader));
    metric_named(sweep.constraints.back().metric, "--subject-to");
  }
}

}  // namespace dspmem
