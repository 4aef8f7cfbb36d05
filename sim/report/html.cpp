// SPDX-License-Identifier: Apache-2.0
// One page for all results, that needs nothing else: style, script, charting library and data are in it. Findings and
// tables are there without the script, which draws the charts.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/report/bug_text.h"
#include "sim/report/page/embedded.h"
#include "sim/report/page/html_text.h"
#include "sim/report/variation_text.h"
#include "sim/report/writer.h"
#include "sim/result/groups.h"
#include "sim/result/judge.h"

namespace dspmem {
namespace {

using Json = nlohmann::json;
using page::escaped;

constexpr std::size_t most_bugs = 200;  ///< shown in full; a page stays fast
constexpr std::size_t most_history = 40;

std::string row(std::initializer_list<std::string> cells, const char* tag = "td") {
  std::string out = "<tr>";
  for (const std::string& cell : cells) out += fmt::format("<{0}>{1}</{0}>", tag, escaped(cell));
  return out + "</tr>\n";
}

std::string table(const std::string& caption, std::initializer_list<std::string> head, const std::string& rows,
                  const char* kind = "") {
  return fmt::format(
      "<div class=\"scroll\"><table "
      "class=\"{}\"><caption>{}</caption><thead>{}</thead><tbody>\n{}</tbody></table></div>\n",
      kind, escaped(caption), row(head, "th"), rows);
}

std::string rounded_percent(std::uint64_t part, std::uint64_t whole) {
  return whole ? fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole)) : "-";
}

// ---- Findings -----------------------------------------------------------------------------------

std::string stack_of(const char* title, const Result::Operation& operation) {
  std::string out = fmt::format("<h3>{}</h3>\n<p>{}", title, escaped(to_string(operation.kind)));
  if (const std::string agent = to_string(operation.agent); !agent.empty()) out += " by " + escaped(agent);
  if (operation.cycle) out += fmt::format(" in cycle {}", operation.cycle);
  if (!operation.step.empty()) out += fmt::format(", step {}", escaped(operation.step.to_string()));
  out += "</p>\n";
  if (operation.stack.empty()) return out;
  std::string rows;
  for (const Result::Frame& frame : operation.stack)
    rows += row({frame.function, frame.file.empty() ? fmt::format("{:#010x}", frame.pc)
                                                    : fmt::format("{}:{}", frame.file, frame.line)});
  return out + table("call stack, innermost first", {"function", "place"}, rows, "text");
}

std::string finding(const Result::Finding& each) {
  std::string out = fmt::format("<p>{}</p>\n", escaped(each.message));
  out += stack_of("The access", each.access);
  if (each.other) out += stack_of("The other operation", *each.other);
  if (each.cause) out += stack_of("The cause", *each.cause);
  if (!each.history.empty()) {
    std::string rows;
    for (std::size_t i = each.history.size() - std::min(each.history.size(), most_history); i < each.history.size();
         ++i) {
      const Result::Operation& event = each.history[i];
      rows += row({std::to_string(event.cycle), to_string(event.agent), to_string(event.kind),
                   event.stack.empty() ? event.step.to_string() : event.stack.front().function});
    }
    out += table("what happened to the line, oldest first", {"cycle", "who", "what", "where"}, rows, "text");
  }
  if (!each.fix.empty()) out += fmt::format("<p><strong>Fix:</strong> {}</p>\n", escaped(each.fix));
  return out;
}

std::string bug(const Group& group, std::size_t number, const WriterOptions& options, const std::string& prefix) {
  const Result::Finding& root = group.root();
  const std::string object = root.object ? fmt::format(" of '{}'", root.object->name) : "";
  WriterOptions plain = options;
  plain.colour = false;
  plain.width = 110;
  std::string out = fmt::format(
      "<details class=\"bug\" id=\"{}finding-{}\"{}><summary><span class=\"{}\">{}</span> <strong>{}</strong>{}: {} <a "
      "href=\"#{}finding-{}\" aria-label=\"link to this finding\">#</a></summary>\n",
      prefix, fingerprint_of(root), number == 1 ? " open" : "", to_string(group.severity()),
      to_string(group.severity()), escaped(to_string(root.rule)), escaped(object), escaped(root.message), prefix,
      fingerprint_of(root));
  out += fmt::format("<pre>{}</pre>\n", escaped(bug_text(group, number, plain)));
  std::size_t shown = 0;
  for (const Result::Finding* each : group.findings) {
    if (++shown > 5) {
      out +=
          fmt::format("<p class=\"faint\">{} more findings of this bug: see --json</p>\n", group.findings.size() - 5);
      break;
    }
    out += fmt::format("<details><summary>{}: both call stacks and the line's history</summary>\n{}</details>\n",
                       escaped(to_string(each->rule)), finding(*each));
  }
  return out + "</details>\n";
}

std::string findings(const Result& result, const WriterOptions& options, const std::string& prefix) {
  const std::vector<Group> groups = groups_of(result.findings);
  std::string out = fmt::format("<h2 id=\"{}findings\">Findings</h2>\n", prefix);
  if (result.crash) {
    std::string rows;
    for (const Result::Frame& frame : result.crash->stack)
      rows += row({frame.function, frame.file.empty() ? fmt::format("{:#010x}", frame.pc)
                                                      : fmt::format("{}:{}", frame.file, frame.line)});
    const std::string where =
        result.verdict == Result::Verdict::died
            ? ""
            : fmt::format("Core {} stopped in cycle {}: ", result.crash->core, result.crash->cycle);
    out += fmt::format("<p class=\"CRASH\">{}{}</p>\n", where, escaped(result.crash->message)) +
           table("call stack, innermost first", {"function", "place"}, rows, "text");
  }
  for (const Result::Expectation& each : result.expectations)
    if (!each.passed)
      out += fmt::format("<p class=\"FAIL\">{}: expected that {}, but {}</p>\n", escaped(each.where.to_string()),
                         escaped(each.text), escaped(each.actual));
  if (groups.empty()) return out + "<p>No bug was found.</p>\n";
  for (std::size_t i = 0; i < std::min(groups.size(), most_bugs); ++i) out += bug(groups[i], i + 1, options, prefix);
  if (groups.size() > most_bugs)
    out += fmt::format("<p class=\"faint\">{} further bugs are left out here: see --json</p>\n",
                       groups.size() - most_bugs);
  return out;
}

// ---- Charts, each with its table ----------------------------------------------------------------

std::string chart(const char* kind, std::size_t run, const std::string& caption, const std::string& legend,
                  const std::string& as_table) {
  return fmt::format(
      "<figure data-chart=\"{}\" data-run=\"{}\"><figcaption>{}</figcaption>{}<div "
      "class=\"drawing\"></div>\n<details><summary>as a table</summary>{}</details></figure>\n",
      kind, run, escaped(caption), legend, as_table);
}

std::string over_time(const Result& result, std::size_t run, const std::string& prefix) {
  if (!result.history) return "";
  const Result::History& history = *result.history;
  std::string out, rows;
  for (const auto& zone : history.zones)
    rows += row({zone.name,
                 std::to_string(zone.values.empty() ? 0 : *std::max_element(zone.values.begin(), zone.values.end())),
                 std::to_string(zone.values.empty() ? 0 : zone.values.back())});
  out += fmt::format("<h2 id=\"{}memory\">Memory</h2>\n", prefix);
  if (!history.zones.empty())
    out += chart("zones", run, "Bytes asked for in each zone, over time", "",
                 table("bytes asked for", {"zone", "peak", "at the end"}, rows));
  std::string heaps;
  for (const Result::Heap& heap : result.heaps)
    heaps += row({heap.name, std::to_string(heap.size), std::to_string(heap.used), std::to_string(heap.peak),
                  std::to_string(heap.free), std::to_string(heap.largest_free), std::to_string(heap.failed)});
  out += chart("memory", run, "Live blocks at the end, by region of memory",
               "<div class=\"legend\"><span style=\"--swatch: var(--off)\">region</span><span style=\"--swatch: "
               "var(--c1)\">live block</span></div>",
               table("heaps, bytes",
                     {"heap", "size", "used", "peak", "free", "largest free", "allocations that failed"}, heaps));

  if (!history.banks.empty()) {
    std::string banks;
    for (const Result::PoweredBank& bank : result.power.banks) {
      std::string pins;
      for (const Result::Pin& pin : bank.pins) pins += (pins.empty() ? "" : ", ") + pin.object.name;
      banks +=
          row({bank.name, rounded_percent(bank.on, result.power.cycles),
               rounded_percent(bank.retention, result.power.cycles), rounded_percent(bank.off, result.power.cycles),
               rounded_percent(bank.needed, result.power.cycles), pins.empty() ? "-" : pins});
    }
    out += fmt::format("<h2 id=\"{}banks\">Banks</h2>\n", prefix);
    out += chart("banks", run, "State of each bank, as the firmware had it",
                 "<div class=\"legend\"><span style=\"--swatch: var(--on)\">on</span><span style=\"--swatch: "
                 "var(--retention)\">retention</span><span style=\"--swatch: var(--off)\">off</span><span "
                 "style=\"--swatch: var(--switching)\">changes too fast to draw</span></div>",
                 table("share of the time, and what kept the bank on",
                       {"bank", "on", "retention", "off", "needed", "pinned by"}, banks));
  }
  std::string steps;
  for (const auto& core : history.cores) steps += row({core.name, std::to_string(core.spans.size())});
  out += fmt::format("<h2 id=\"{}cores\">Cores</h2>\n", prefix);
  out += chart("cores", run, "Steps of the scenario, by core", "", table("steps", {"core", "steps shown"}, steps));
  if (history.left_out)
    out += fmt::format("<p class=\"faint\">{} blocks are left out of the charts; figures in tables are complete.</p>\n",
                       history.left_out);
  if (history.joined)
    out += "<p class=\"faint\">Steps and changes of banks that follow each other closely are drawn as one.</p>\n";
  if (history.resolution > 1)
    out += fmt::format(
        "<p class=\"faint\">Of what happened within {} cycles, the zones' chart shows the largest value.</p>\n",
        history.resolution);
  return out;
}

std::string energy(const Result& result, const std::string& prefix) {
  if (result.power.policies.empty()) return "";
  std::uint64_t most = 1;
  for (const Result::PowerPolicy& policy : result.power.policies) most = std::max(most, policy.energy());
  std::string out = fmt::format(
      "<h2 id=\"{}energy\">Energy</h2>\n<div class=\"scroll\"><table><caption>Energy of the banks by switching policy. "
      "Figures: preset '{}' ({}), good to a factor of two at best{}</caption><thead>{}</thead><tbody>\n",
      prefix, escaped(result.power.preset), escaped(result.power.description),
      result.power.assumed.empty() ? "" : escaped(fmt::format("; assumed: {}", fmt::join(result.power.assumed, ", "))),
      row({"policy", "energy, nJ", "saved", "bank-off residency", "", "what it does"}, "th"));
  for (const Result::PowerPolicy& policy : result.power.policies) {
    const double width = 12.0 * static_cast<double>(policy.energy()) / static_cast<double>(most);
    out += fmt::format(
        "<tr><td>{}</td><td>{:.1f}</td><td>{:.1f} %</td><td>{:.1f} %</td><td style=\"text-align:left\"><span "
        "class=\"bar\" style=\"width: {:.2f}em\"></span></td><td class=\"wide\">{}</td></tr>\n",
        escaped(policy.name), static_cast<double>(policy.energy()) / 1e9,
        static_cast<double>(policy.saved_basis_points) / 100, static_cast<double>(policy.off_basis_points) / 100, width,
        escaped(policy.summary));
  }
  return out + "</tbody></table></div>\n";
}

std::string assumed_figures(const Result& result, const std::string& prefix) {
  if (!result.variation) return "";
  const Variation& variation = *result.variation;
  std::string out = fmt::format(
      "<h2 id=\"{}assumed\">What depends on assumed figures</h2>\n<p>{} assumed figures, varied over their ranges in "
      "{} more replays.</p>\n<ul>",
      prefix, variation.figures, variation.replays);
  for (const Variation::Conclusion& each : variation.conclusions) {
    out += fmt::format("<li>{}{}: {}", each.others.empty() ? "Always: " : "", escaped(each.name), escaped(each.text));
    for (const Variation::Conclusion::Other& other : each.others)
      out += fmt::format("; with {}: {}", escaped(other.with), escaped(other.text));
    out += "</li>\n";
  }
  std::string rows;
  for (const Variation::Range& each : variation.ranges)
    rows += row({each.name, value_text(each.unit, each.value), value_text(each.unit, each.low), each.low_with,
                 value_text(each.unit, each.high), each.high_with});
  return out + "</ul>\n" +
         table("figures of this report, and their extremes", {"figure", "here", "least", "with", "most", "with"}, rows);
}

std::string caches(const Result& result, const std::string& prefix) {
  std::string cores, calls;
  for (const Result::Core& core : result.cores)
    cores += row({fmt::format("core {}", core.id), std::to_string(core.instructions), std::to_string(core.cycles),
                  std::to_string(core.l1d.accesses), rounded_percent(core.l1d.misses, core.l1d.accesses),
                  std::to_string(core.l1d.write_backs), rounded_percent(core.l1i.misses, core.l1i.accesses),
                  std::to_string(core.uncached_reads + core.uncached_writes), std::to_string(core.atomics),
                  rounded_percent(core.waiting_cycles, core.cycles)});
  for (const Result::AllocatorCalls& each : result.operations)
    calls +=
        row({each.name, std::to_string(each.count), std::to_string(each.failed), std::to_string(each.median_cycles),
             std::to_string(each.p99_cycles), std::to_string(each.worst_cycles)});
  std::string out = fmt::format("<h2 id=\"{}caches\">Caches and allocator</h2>\n", prefix);
  out += table("by core",
               {"core", "instructions", "cycles", "L1D accesses", "L1D misses", "write-backs", "L1I misses",
                "uncached accesses", "atomics", "waiting for locks"},
               cores);
  if (!calls.empty())
    out += table(fmt::format("calls of allocator '{}', cycles of one", result.allocator),
                 {"call", "number", "failed", "median", "99th percentile", "worst"}, calls);
  return out;
}

std::string article(const Result& result, std::size_t run, bool several, const WriterOptions& options) {
  const std::string prefix = several ? fmt::format("run{}-", run + 1) : "";
  const bool passed = result.verdict == Result::Verdict::passed;
  const char* const word = passed                                    ? "PASS"
                           : result.verdict == Result::Verdict::died ? "DIED"
                           : result.crash                            ? "CRASH"
                           : result.interrupted                      ? "STOPPED"
                                                                     : "FAIL";
  std::string out =
      fmt::format("<article id=\"run-{}\">\n<h1><span class=\"verdict {}\">{}</span> {} on {}</h1>\n", run + 1, word,
                  word, escaped(result.file.empty() ? result.scenario : result.file), escaped(result.platform));
  out +=
      fmt::format("<p class=\"faint\">{}; {} cycles at {} MHz; seed {}; {} allocations, {} frees; exit code {}</p>\n",
                  escaped(result.platform_description), result.cycles, result.clock_mhz, result.seed,
                  result.allocations, result.frees, exit_code(result.verdict) + result.interrupted);
  out += "<nav aria-label=\"parts of this report\"><ul>";
  std::vector<std::pair<const char*, const char*>> parts{{"findings", "Findings"}};
  if (result.history) parts.insert(parts.end(), {{"memory", "Memory"}, {"banks", "Banks"}, {"cores", "Cores"}});
  if (!result.power.policies.empty()) parts.push_back({"energy", "Energy"});
  if (result.variation) parts.push_back({"assumed", "Assumed figures"});
  parts.push_back({"caches", "Caches and allocator"});
  for (const auto& [id, title] : parts) out += fmt::format("<li><a href=\"#{}{}\">{}</a></li>", prefix, id, title);
  out += "</ul></nav>\n";
  return out + findings(result, options, prefix) + over_time(result, run, prefix) + energy(result, prefix) +
         assumed_figures(result, prefix) + caches(result, prefix) + "</article>\n";
}

// ---- The page -----------------------------------------------------------------------------------

Json data_of(const Result& result) {
  Json json{{"cycles", result.cycles}, {"clock_mhz", result.clock_mhz}};
  if (!result.history) return json;
  const auto tracks = [](const std::vector<Result::History::Track>& all) {
    Json list = Json::array();
    for (const auto& track : all) {
      Json spans = Json::array();
      for (const auto& span : track.spans)
        spans.push_back({{"begin", span.begin}, {"end", span.end}, {"what", span.what}, {"where", span.where}});
      list.push_back({{"name", track.name}, {"spans", spans}});
    }
    return list;
  };
  Json zones = Json::array(), regions = Json::array(), blocks = Json::array();
  for (const auto& zone : result.history->zones)
    zones.push_back({{"name", zone.name}, {"cycles", zone.cycles}, {"values", zone.values}});
  for (const auto& region : result.history->regions)
    regions.push_back({{"name", region.name}, {"base", region.base}, {"bytes", region.bytes}});
  for (const auto& block : result.history->blocks)
    blocks.push_back({{"name", block.name}, {"base", block.base}, {"bytes", block.bytes}, {"where", block.where}});
  json["history"] = {{"zones", zones},
                     {"banks", tracks(result.history->banks)},
                     {"cores", tracks(result.history->cores)},
                     {"regions", regions},
                     {"blocks", blocks}};
  return json;
}

std::string write_html(std::span<const Result> results, const WriterOptions& options) {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<title>dspmem: {}</title>\n",
      results.size() == 1 ? escaped(results[0].file) : fmt::format("{} scenarios", results.size()));
  // The library's licence stands at the head of its script.
  out += fmt::format("<style>\n{}\n{}</style>\n</head>\n<body>\n<main>\n", page::chart_style, page::style);
  Json data = Json::array();
  if (results.size() > 1) {
    out += "<nav aria-label=\"scenarios\"><ul>";
    for (std::size_t run = 0; run < results.size(); ++run)
      out += fmt::format("<li><a href=\"#run-{}\">{} on {}</a> <span class=\"{}\">{}</span></li>", run + 1,
                         escaped(results[run].file), escaped(results[run].platform),
                         results[run].verdict == Result::Verdict::passed ? "PASS" : "FAIL",
                         to_string(results[run].verdict));
    out += "</ul></nav>\n";
  }
  for (std::size_t run = 0; run < results.size(); ++run) {
    out += article(results[run], run, results.size() > 1, options);
    data.push_back(data_of(results[run]));
  }
  out += fmt::format(
      "</main>\n<script type=\"application/json\" "
      "id=\"data\">{}</script>\n<script>\n{}\n</script>\n<script>\n{}</script>\n</body>\n</html>\n",
      page::script_text(data.dump(-1, ' ', true, Json::error_handler_t::replace)), page::chart_script, page::script);
  return out;
}

}  // namespace

const Writer html_writer{"html", ".html", "write a page with findings, charts and tables to this file", write_html,
                         true};

}  // namespace dspmem
