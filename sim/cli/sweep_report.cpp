// SPDX-License-Identifier: Apache-2.0
// Reports of single points of a sweep, and the page of all of them.
#include "sim/cli/sweep_report.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

#include "sim/cli/usage.h"
#include "sim/config/input_files.h"
#include "sim/diagnose/rules.h"
#include "sim/report/writer.h"
#include "sim/result/printable.h"
#include "sim/sweep/page.h"
#include "sim/sweep/point.h"
#include "sim/timeline/history.h"

namespace dspmem {
namespace {

/// Replays one point as 'dspmem run' does.
Result replay_point(const Sweep& sweep, PointRunner& runner, std::uint64_t number, bool with_history) {
  ReplayOptions options;
  const Job job = runner.job(*sweep.point(number), options);
  std::optional<HistoryRecorder> history;
  if (with_history) options.subscribers.push_back(&history.emplace(job.platform));
  Result result = run(job, options);
  if (history) {
    result.history = history->take(result.cycles);
    make_printable(*result.history);
  }
  return result;
}

/// The points whose reports a page links to: the best by what is minimised first, and the first that failed.
std::vector<std::uint64_t> points_of_interest(const Sweep& sweep, SweepStore& store) {
  constexpr std::size_t most = 5;
  std::vector<std::pair<double, std::uint64_t>> best;
  std::vector<std::uint64_t> points;
  store.each([&](const SweepResult& result) {
    if (result.number >= sweep.combinations() || !sweep.point(result.number)) return;
    if (result.exit_code == 1 || result.exit_code == 3 || result.exit_code == 4) {
      if (points.size() < most) points.push_back(result.number);
      return;
    }
    if (result.exit_code || sweep.minimised.empty()) return;
    const auto value = result.metrics.find(sweep.metrics[sweep.minimised[0]].name);
    if (value == result.metrics.end()) return;
    best.emplace_back(value->second, result.number);
    std::sort(best.begin(), best.end());
    if (best.size() > most) best.pop_back();
  });
  for (const auto& [value, number] : best) points.push_back(number);
  return points;
}

}  // namespace

std::string image_folder(const std::string& results) { return std::filesystem::absolute(results).string() + ".images"; }

void warn_of_older_results(const Sweep& sweep, SweepStore& store, const std::string& results) {
  std::optional<SweepResult> first;
  store.each([&first](const SweepResult& result) {
    if (!first && result.verdict != "bad-input") first = result;
  });
  if (!first || first->number >= sweep.combinations() || !sweep.point(first->number)) return;
  bool same = false;
  try {
    same = PointRunner(sweep, image_folder(results)).hash(*sweep.point(first->number)) == first->hash;
  } catch (const InputError&) {  // a file is not there any more, or cannot be used
  }
  if (!same)
    std::fputs(fmt::format("note: the files of this sweep have changed since these results; 'dspmem sweep {}' replays "
                           "what is affected\n",
                           printable(sweep.file))
                   .c_str(),
               stderr);
}

int show_point(const Sweep& sweep, const std::string& text, const std::string& results,
               const std::optional<std::string>& html) {
  const auto number = parse_number(text);
  if (!number || *number >= sweep.combinations())
    throw UsageError(fmt::format("'{}' is no point of '{}', which are numbered from 0 to {}", text, sweep.file,
                                 sweep.combinations() - 1));
  if (!sweep.point(*number)) throw UsageError(fmt::format("point {} of '{}' is excluded", *number, sweep.file));
  PointRunner runner(sweep, image_folder(results));
  note_input(results);
  if (std::filesystem::exists(results)) {
    SweepStore store(results, false);
    if (store.resume(read_input(sweep.file))) warn_of_older_results(sweep, store, results);
  }
  std::unique_ptr<OutputFile> page;
  if (html) page = std::make_unique<OutputFile>("--html", *html);
  const Result result = replay_point(sweep, runner, *number, page != nullptr);
  if (page) page->refuse_inputs();
  WriterOptions options;
  options.rules = rules();
  fmt::print("point {}: {}\n{}", *number, printable(sweep.describe(*sweep.point(*number))),
             text_writer.write({&result, 1}, options));
  if (page) {
    page->stream() << html_writer.write({&result, 1}, options);
    page->commit();
  }
  return exit_code(result.verdict);
}

void write_page(const Sweep& sweep, SweepStore& store, const std::string& path, const std::string& results,
                const OutputFile& page) {
  const std::filesystem::path folder = path + ".points",
                              name = std::filesystem::path(path).filename().string() + ".points";
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (!std::filesystem::is_directory(folder))
    throw UsageError("--html: the folder '" + folder.string() + "' for reports of points cannot be made" +
                     (failure ? ": " + failure.message() : ""));
  PointRunner runner(sweep, image_folder(results));
  WriterOptions options;
  options.rules = rules();
  for (const std::uint64_t number : points_of_interest(sweep, store)) {
    const Result result = replay_point(sweep, runner, number, true);
    const OutputFile report("--html", (folder / fmt::format("{}.html", number)).string());
    report.refuse_inputs();
    report.stream() << html_writer.write({&result, 1}, options);
    report.commit();
  }
  page.stream() << sweep_page(sweep, store, [&](std::uint64_t number) {
    const std::string file = fmt::format("{}.html", number);
    return std::filesystem::exists(folder / file) ? (name / file).string() : "";
  });
  page.commit();
  std::fputs(fmt::format("page: {}\n", printable(path)).c_str(), stdout);
}

}  // namespace dspmem
