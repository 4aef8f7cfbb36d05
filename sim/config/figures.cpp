// SPDX-License-Identifier: Apache-2.0
#include "sim/config/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <utility>

#include "sim/result/printable.h"

namespace dspmem {
namespace {

bool is_number(const std::string& text) { return !text.empty() && text[0] >= '0' && text[0] <= '9'; }

bool holds_mappings(const YAML::Node& list) {
  return std::any_of(list.begin(), list.end(), [](const YAML::Node& each) { return each.IsMap(); });
}

bool holds_numbers(const YAML::Node& node) {
  if (node.IsScalar()) return is_number(node.Scalar());
  return node.IsSequence() && std::any_of(node.begin(), node.end(), holds_numbers);
}

std::vector<std::string> below(std::vector<std::string> names, const std::string& name) {
  names.push_back(name);
  return names;
}

void collect(const YAML::Node& node, const std::vector<std::string>& names, std::vector<Figure>& figures) {
  if (node.IsMap()) {
    for (const auto& each : node) collect(each.second, below(names, each.first.Scalar()), figures);
  } else if (node.IsSequence() && holds_mappings(node)) {
    std::size_t number = 0;
    for (const auto& each : node) {
      const bool named = each.IsMap() && each["name"].IsDefined() && each["name"].IsScalar();
      collect(each, below(names, named ? each["name"].Scalar() : std::to_string(number)), figures);
      ++number;
    }
  } else if (holds_numbers(node)) {
    Figure& figure = figures.emplace_back();
    for (const std::string& each : names) figure.path += (figure.path.empty() ? "" : ".") + each;
    figure.value = printable(one_line(node));
    figure.names = names;
  }
}

bool speaks_for(const std::string& stated, const std::string& path) {
  return path.starts_with(stated) && (path.size() == stated.size() || path[stated.size()] == '.');
}

/// What the longest path that speaks for a figure says of it counts.
void state(std::vector<Figure>& figures, const FieldReader& top, const YAML::Node& key, const Figure& statement) {
  bool any = false;
  for (Figure& each : figures) {
    if (!speaks_for(statement.stated, each.path)) continue;
    any = true;
    if (each.origin != Figure::Origin::unknown && each.stated == statement.stated)
      FieldReader::fail(top.mark_of(key), "'" + statement.stated + "' is both in 'sources' and 'assumed'");
    if (each.stated.size() > statement.stated.size()) continue;
    each.origin = statement.origin;
    each.stated = statement.stated;
    each.reason = statement.reason;
    each.low = statement.low;
    each.high = statement.high;
  }
  if (any) return;
  std::vector<std::string> known;
  for (const Figure& each : figures)
    for (std::size_t dot = each.path.find('.');; dot = each.path.find('.', dot + 1)) {
      known.push_back(each.path.substr(0, dot));
      if (dot == std::string::npos) break;
    }
  FieldReader::fail(top.mark_of(key),
                    "'" + statement.stated + "' is no figure of this file" + suggestion(statement.stated, known));
}

/// A number with what stands behind it: "44 uW" is 44 and uW.
std::optional<std::pair<double, std::string>> quantity(const std::string& text) {
  if (!is_number(text)) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  while (*end == ' ') ++end;
  return std::pair(value, std::string(end));
}

void check_range(const std::vector<Figure>& figures, const FieldReader& fields, const std::string& path) {
  const auto figure =
      std::find_if(figures.begin(), figures.end(), [&path](const Figure& each) { return each.path == path; });
  if (figure == figures.end()) fields.fail("low", "a range is for one figure, and '" + path + "' stands for several");
  const auto here = quantity(figure->value);
  if (!here) fields.fail("low", "a range is for a number, and '" + path + "' is " + figure->value);
  const auto low = quantity(figure->low), high = quantity(figure->high);
  for (const auto& [name, end] : {std::pair{"low", &low}, {"high", &high}})
    if (!*end)
      fields.fail(name, fmt::format("'{}' of '{}' must be a number such as {}, not '{}'", name, path, figure->value,
                                    name == std::string_view("low") ? figure->low : figure->high));
  // What the figure is now may lie outside: whoever changes it need not change the range.
  if (low->second == high->second && low->first > high->first)
    fields.fail("low", fmt::format("'low' of '{}' is above 'high'", path));
}

}  // namespace

void Figure::edit(Edits& edits, const std::string& value) const { edits.set(names, YAML::Node(value)); }

const FieldList& figure_fields() {
  using namespace field;
  static const FieldList fields{
      has("sources", names(text()),
          "where figures come from: PATH: SOURCE, such as {l1d.size: \"data sheet, page 3\"}; a path stands for all "
          "below it"),
      has("assumed",
          names(mapping(
              {needs("why", text(), "why it is a good guess"), has("low", text(), "lowest value that it may have"),
               has("high", text(), "highest value that it may have")},
              "why")),
          "figures that no source gives: PATH: WHY, or PATH: {why, low, high}; run --vary assumed tries both ends"),
  };
  return fields;
}

std::vector<Figure> read_figures(FieldReader& top, const YAML::Node& root) {
  const YAML::Node sources = top.node("sources"), assumed = top.node("assumed");
  std::vector<Figure> figures;
  for (const auto& each : root)
    if (const std::string name = each.first.Scalar();
        name != "sources" && name != "assumed" && name != "name" && name != "description")
      collect(each.second, {name}, figures);
  if (sources.IsDefined()) {
    FieldReader reader(sources, top.file(), "'sources'", find_field(figure_fields(), "sources")->type);
    for (const auto& each : sources) {
      std::string source;
      reader.required(each.first.Scalar(), source);
      Figure statement;
      statement.origin = Figure::Origin::source;
      statement.stated = each.first.Scalar();
      statement.reason = printable(source);
      state(figures, top, each.first, statement);
    }
  }
  if (assumed.IsDefined()) {
    const FieldType& type = find_field(figure_fields(), "assumed")->type;
    FieldReader reader(assumed, top.file(), "'assumed'", type);
    for (const auto& each : assumed) {
      const std::string path = each.first.Scalar();
      FieldReader fields(each.second, top.file(), "'" + path + "'", type.parts[0]);
      Figure statement;
      statement.origin = Figure::Origin::assumed;
      statement.stated = path;
      fields.required("why", statement.reason);
      statement.reason = printable(statement.reason);
      const bool low = fields.optional("low", statement.low), high = fields.optional("high", statement.high);
      fields.finish();
      if (low != high) fields.missing(low ? "high" : "low", "the other end of the range");
      state(figures, top, each.first, statement);
      if (low) check_range(figures, fields, path);
    }
  }
  return figures;
}

std::string figures_text(const std::vector<Figure>& figures) {
  struct Row {
    std::string path, value;
    const Figure* figure;
  };
  std::vector<Row> rows;
  std::map<std::string, std::size_t> of_path;
  std::map<std::string, std::size_t> counts;
  for (const Figure& each : figures) {
    const std::string path = each.origin == Figure::Origin::unknown ? each.path : each.stated;
    if (const auto [known, fresh] = of_path.emplace(path, rows.size()); !fresh) {
      Row& row = rows[known->second];
      row.value = fmt::format("{} figures", ++counts[path]);
      continue;
    }
    counts[path] = 1;
    rows.push_back(
        {path, path == each.path ? each.value : each.path.substr(path.size() + 1) + " " + each.value, &each});
  }
  std::size_t path_width = 0, value_width = 0;
  constexpr std::size_t longest_value = 24;
  for (Row& row : rows) {
    if (row.value.size() > longest_value) row.value = row.value.substr(0, longest_value - 3) + "...";
    path_width = std::max(path_width, row.path.size());
    value_width = std::max(value_width, row.value.size());
  }
  std::string text;
  for (const Row& row : rows) {
    const Figure& figure = *row.figure;
    const std::string range = figure.has_range() ? fmt::format("{} to {}: ", figure.low, figure.high) : "";
    text += fmt::format("  {:<{}}  {:<{}}  {}\n", row.path, path_width, row.value, value_width,
                        figure.origin == Figure::Origin::source    ? "source   " + figure.reason
                        : figure.origin == Figure::Origin::assumed ? "assumed  " + range + figure.reason
                                                                   : "of unknown origin");
  }
  return text;
}

}  // namespace dspmem
