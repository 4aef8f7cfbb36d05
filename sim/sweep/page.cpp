// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/page.h"

#include <fmt/format.h>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/report/page/embedded.h"
#include "sim/report/page/html_text.h"
#include "sim/result/printable.h"
#include "sim/sweep/answers.h"

namespace dspmem {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string escaped(const std::string& text) { return page::escaped(printable_lines(text)); }

}  // namespace

std::string sweep_page(const Sweep& sweep, SweepStore& store,
                       const std::function<std::string(std::uint64_t)>& report_of) {
  // Columns, not rows: a hundred thousand points are a few megabytes.
  OrderedJson keys = OrderedJson::array(), metrics = OrderedJson::array(), verdicts = OrderedJson::array(),
              numbers = OrderedJson::array(), codes = OrderedJson::array(), reports = OrderedJson::object();
  for (const SweepKey& key : sweep.keys) {
    OrderedJson values = OrderedJson::array();
    for (const std::string& text : key.texts) values.push_back(printable(text));
    keys.push_back({{"name", printable(key.name)}, {"values", values}, {"points", OrderedJson::array()}});
  }
  for (const SweepMetric& metric : sweep.metrics)
    metrics.push_back({{"name", printable(metric.name)}, {"points", OrderedJson::array()}});
  std::uint64_t count = 0;
  store.each([&](const SweepResult& result) {
    const auto point = result.number < sweep.combinations() ? sweep.point(result.number) : std::nullopt;
    if (!point) return;
    ++count;
    numbers.push_back(result.number);
    codes.push_back(result.exit_code);
    for (std::size_t i = 0; i < sweep.keys.size(); ++i) keys[i]["points"].push_back((*point)[i]);
    for (std::size_t i = 0; i < sweep.metrics.size(); ++i) {
      const auto value = result.metrics.find(sweep.metrics[i].name);
      metrics[i]["points"].push_back(value == result.metrics.end() ? OrderedJson()
                                     : value->second == std::floor(value->second) && std::abs(value->second) < 9e15
                                         ? OrderedJson(static_cast<std::int64_t>(value->second))
                                         : OrderedJson(value->second));
    }
    if (const std::string report = report_of(result.number); !report.empty())
      reports[std::to_string(result.number)] = report;
  });
  const OrderedJson data{{"file", printable(sweep.file)},
                         {"keys", keys},
                         {"metrics", metrics},
                         {"numbers", numbers},
                         {"codes", codes},
                         {"reports", reports}};
  const std::string text = page::script_text(data.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));

  const auto chart = [](const char* id, const char* title, const char* what) {
    return fmt::format(
        "<section><h2 id=\"{0}-title\">{1}</h2>\n<p>{2}</p>\n<div class=\"controls\" id=\"{0}-controls\"></div>\n<div "
        "class=\"plot\"><canvas id=\"{0}\" tabindex=\"0\" role=\"img\" "
        "aria-labelledby=\"{0}-title\"></canvas></div>\n<p id=\"{0}-said\" aria-live=\"polite\"></p></section>\n",
        id, title, what);
  };
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<title>dspmem sweep: "
      "{}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n",
      escaped(sweep.file), page::style);
  out += fmt::format("<h1>{}: {} points</h1>\n<pre>{}</pre>\n", escaped(sweep.file), count,
                     escaped(sweep_answers(sweep, store)));
  out += chart("scatter", "Points by two figures",
               "Each dot is a point. Choose one, with the pointer or the arrow keys, to see what it is.");
  out += chart("heat", "Two keys", "Each cell is the mean of the points with these two values.");
  out += chart("parallel", "All figures side by side",
               "Each line is a point; an axis runs from its smallest value, below, to its largest.");
  out += "<section><h2>The chosen point</h2><div id=\"chosen\" aria-live=\"polite\"><p>None yet.</p></div></section>\n";
  out += fmt::format(
      "<noscript><p>The charts need JavaScript; 'dspmem sweep export' has the "
      "figures.</p></noscript>\n</main>\n<script type=\"application/json\" "
      "id=\"data\">{}</script>\n<script>\n{}</script>\n</body>\n</html>\n",
      text, page::sweep_script);
  return out;
}

}  // namespace dspmem
