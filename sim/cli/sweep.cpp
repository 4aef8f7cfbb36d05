// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <utility>

#include "sim/cli/commands.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/output_file.h"
#include "sim/cli/sweep_report.h"
#include "sim/cli/usage.h"
#include "sim/config/input_files.h"
#include "sim/result/printable.h"
#include "sim/sweep/answers.h"
#include "sim/sweep/engine.h"
#include "sim/sweep/ledger.h"
#include "sim/sweep/point.h"
#include "sim/sweep/regression.h"
#include "sim/sweep/search.h"

namespace dspmem {
namespace {

namespace po = boost::program_options;
using Clock = std::chrono::steady_clock;

/// How far a sweep is, with the time that is left: a line that is rewritten on a terminal, else one a minute.
class SweepProgress {
 public:
  explicit SweepProgress(std::uint64_t wanted)
      : wanted_(wanted), terminal_(isatty(STDERR_FILENO)), begun_(Clock::now()), shown_(begun_) {}
  ~SweepProgress() { end(); }
  void end() {
    if (terminal_ && std::exchange(written_, false)) std::fputs("\r\x1b[K", stderr);
  }
  void count(bool computed) {
    ++done_;
    computed_ += computed;
    const auto now = Clock::now();
    if (now - shown_ < (terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(60'000))) return;
    shown_ = now;
    written_ = true;
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    const double left =
        computed_ ? seconds / static_cast<double>(computed_) * static_cast<double>(wanted_ - std::min(wanted_, done_))
                  : 0;
    std::fputs(
        fmt::format("{}{} of {} points, {:.0f} s, {}{}", terminal_ ? "\r\x1b[K" : "", done_, wanted_, seconds,
                    computed_ ? fmt::format("about {:.0f} s left", left) : "no estimate yet", terminal_ ? "" : "\n")
            .c_str(),
        stderr);
    std::fflush(stderr);
  }

 private:
  std::uint64_t wanted_, done_ = 0, computed_ = 0;
  bool terminal_, written_ = false;
  Clock::time_point begun_, shown_;
};

Ledger::Watch watch(SweepProgress& progress) {
  return {[&progress](bool computed) { progress.count(computed); }, [] { return interrupted_by() != 0; }};
}

std::string results_file(const po::variables_map& values, const std::string& sweep) {
  return values.count("output") ? values["output"].as<std::string>()
                                : std::filesystem::path(sweep).stem().string() + ".sqlite";
}

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

/// One of several parts of a sweep, which machines can run at the same time.
struct Part {
  std::uint64_t index = 0, count = 1;
};

Part part_of(const po::variables_map& values) {
  if (!values.count("part")) return {};
  const std::string text = values["part"].as<std::string>();
  const std::size_t slash = text.find('/');
  const auto index = parse_number(text.substr(0, slash)),
             count = parse_number(slash == std::string::npos ? "" : text.substr(slash + 1));
  if (!index || !count || *index >= *count)
    throw UsageError("--part is K/N with K from 0 to N - 1, such as 3/16, not '" + text + "'");
  return {*index, *count};
}

/// Numbers of the points that are not excluded, one after the other; of a part, every so many.
class Numbers {
 public:
  explicit Numbers(const Sweep& sweep, const Part& part = {})
      : sweep_(sweep), part_(part), at_(part.index), end_(sweep.combinations()) {}
  std::optional<std::uint64_t> next() {
    while (at_ < end_) {
      const std::uint64_t number = at_;
      at_ += part_.count;
      if (sweep_.point(number)) return number;
    }
    return std::nullopt;
  }

 private:
  const Sweep& sweep_;
  Part part_;
  std::uint64_t at_, end_;
};

std::uint64_t wanted_points(const Sweep& sweep, const Part& part, std::uint64_t most) {
  if (sweep.combinations() > most)
    throw UsageError(
        fmt::format("this sweep has {} combinations, more than --max-points {} allows", sweep.combinations(), most));
  std::uint64_t count = 0;
  for (Numbers numbers(sweep, part); numbers.next();) ++count;
  return count;
}

enum class Engine { local, slurm };

Engine engine_of(const po::variables_map& values) {
  const std::string name = values["engine"].as<std::string>();
  if (name == "local") return Engine::local;
  if (name == "slurm") return Engine::slurm;
  throw UsageError("--engine is local or slurm, not '" + name + "'" + suggestion(name, {"local", "slurm"}).text);
}

SlurmOptions slurm_options_of(const po::variables_map& values) {
  const auto text = [&values](const char* option) {
    return values.count(option) ? values[option].as<std::string>() : "";
  };
  SlurmOptions options;
  options.partition = text("partition");
  options.account = text("account");
  options.time = text("time");
  options.chunk = number_option(values, "chunk", 1, 1'000'000).value_or(0);
  options.at_once = number_option(values, "jobs", 1, 1'000'000).value_or(0);
  options.detach = values.count("detach") != 0;
  return options;
}

/// For the job that takes in the results of a detached sweep.
std::vector<std::string> same_command(const std::string& program, const std::string& path, const std::string& target,
                                      const po::variables_map& values) {
  std::vector<std::string> words{program, "sweep", path, "--engine", "slurm", "--detach", "--output", target};
  for (const char* option : {"partition", "account", "time", "chunk", "jobs", "cache", "part", "max-points", "html",
                             "max-file", "max-nodes", "max-steps", "max-live"})
    if (values.count(option)) words.insert(words.end(), {std::string("--") + option, values[option].as<std::string>()});
  for (const char* option : {"minimise", "subject-to"})
    if (values.count(option))
      for (const std::string& each : values[option].as<std::vector<std::string>>())
        words.insert(words.end(), {std::string("--") + option, each});
  return words;
}

/// The sweep of a file, with the questions of the command line.
Sweep sweep_of(const std::string& path, const po::variables_map& values) {
  Sweep sweep = load_sweep(path);
  const auto list = [&values](const char* option) {
    return values.count(option) ? values[option].as<std::vector<std::string>>() : std::vector<std::string>{};
  };
  ask(sweep, list("minimise"), list("subject-to"));
  return sweep;
}

/// Round after round, until the best combination is known. False when it was interrupted.
bool search(const Sweep& sweep, SeedSearch& rounds, SweepEngine& engine, Ledger& ledger, SweepStore& store) {
  for (std::vector<std::uint64_t> points = rounds.next_round(); !points.empty(); points = rounds.next_round()) {
    std::size_t at = 0;
    const auto numbers = [&]() -> std::optional<std::uint64_t> {
      return at < points.size() ? std::optional(points[at++]) : std::nullopt;
    };
    if (!engine.serve([&] { return ledger.next(numbers); }, [&](const SweepResult& result) { ledger.take(result); },
                      [] { return interrupted_by() != 0; }) ||
        interrupted_by())
      return false;
    const std::set<std::uint64_t> wanted(points.begin(), points.end());
    const std::string& metric = sweep.metrics[sweep.minimised[0]].name;
    store.each([&](const SweepResult& result) {
      if (!wanted.contains(result.number)) return;
      const auto value = result.metrics.find(metric);
      bool fits = value != result.metrics.end() && result.exit_code != exit_bad_input && result.exit_code < 128;
      for (const SweepConstraint& each : sweep.constraints) {
        const auto found = result.metrics.find(each.metric);
        fits = fits && found != result.metrics.end() && each.holds(found->second);
      }
      rounds.take(result.number, fits ? std::optional(value->second) : std::nullopt);
    });
  }
  return true;
}

int run_sweep(const std::string& path, const po::variables_map& values) {
  const Sweep sweep = sweep_of(path, values);
  std::optional<SeedSearch> rounds;
  if (values.count("search")) {
    if (sweep.minimised.size() != 1)
      throw UsageError("--search needs one metric to minimise: --minimise cycles, or 'minimise' in the sweep file");
    if (values.count("part") || values.count("detach"))
      throw UsageError("--search needs the results of each round: it does not go together with --part or --detach");
    rounds.emplace(sweep);
  }
  constexpr std::uint64_t default_most = 100'000;
  const Part part = part_of(values);
  const std::uint64_t wanted =
      wanted_points(sweep, part, number_option(values, "max-points", 1).value_or(default_most));
  const auto first = Numbers(sweep, part).next();
  if (!first)
    throw InputError({path}, part.count > 1 ? "this part of the sweep has no points"
                                            : "every combination of this sweep is excluded");
  const std::string target = results_file(values, path);
  if (target.empty() || target[0] == ':') throw UsageError("--output '" + target + "' is no name of a file");
  if (is_input(target)) throw UsageError("--output '" + target + "' is an input of this sweep; it would be lost");
  const std::string images = image_folder(target);
  PointRunner runner(sweep, images);

  const auto begun = Clock::now();
  runner.check_metrics(*sweep.point(*first));
  const double one = std::chrono::duration<double>(Clock::now() - begun).count();
  const auto processes = static_cast<unsigned>(
      number_option(values, "jobs", 1, 1024).value_or(std::max(1u, std::thread::hardware_concurrency())));
  if (values.count("dry-run")) {
    Numbers numbers(sweep, part);
    constexpr std::size_t most_shown = 20;
    std::size_t shown = 0;
    for (auto number = numbers.next(); number && shown < most_shown; number = numbers.next(), ++shown)
      fmt::print("{:>8}  {}\n", *number, printable(sweep.describe(*sweep.point(*number))));
    if (wanted > shown) fmt::print("          and {} more\n", wanted - shown);
    fmt::print("{} points; the first took {:.2f} s, so all take about {:.0f} s with {} processes\n", wanted, one,
               std::ceil(one * static_cast<double>(wanted) / processes), processes);
    return 0;
  }

  std::unique_ptr<OutputFile> page;
  if (values.count("html")) page = std::make_unique<OutputFile>("--html", values["html"].as<std::string>());
  const bool on_slurm = engine_of(values) == Engine::slurm;
  SlurmOptions slurm;
  if (on_slurm) {
    slurm = slurm_options_of(values);
    check_slurm(slurm);
  }
  SweepStore store(target, true);
  store.begin(path, read_input(path), sweep.combinations());
  std::optional<SweepStore> cache;
  if (values.count("cache")) cache.emplace(values["cache"].as<std::string>(), true);
  if (page) page->refuse_inputs();
  catch_signals();
  SweepProgress progress(wanted);
  Ledger ledger(sweep, runner, store, cache ? &*cache : nullptr, host_name(), watch(progress));
  Numbers numbers(sweep, part);
  std::unique_ptr<SweepEngine> engine;
  if (on_slurm) {
    SlurmWork work;
    work.program = std::filesystem::read_symlink("/proc/self/exe").string();
    work.sweep = path;
    work.text = read_input(path);
    work.images = images;
    work.folder = std::filesystem::absolute(target).string() + ".slurm";
    work.same_command = same_command(work.program, path, target, values);
    work.seconds_a_point = one;
    work.hash = [&ledger](std::uint64_t number) { return ledger.hash(number); };
    engine = slurm_engine(slurm, std::move(work));
  } else {
    engine = local_engine(processes, [&](std::uint64_t number) { return ledger.run(number); });
  }
  const bool whole = rounds ? search(sweep, *rounds, *engine, ledger, store)
                            : engine->serve([&] { return ledger.next([&numbers] { return numbers.next(); }); },
                                            [&](const SweepResult& result) { ledger.take(result); },
                                            [] { return interrupted_by() != 0; }) &&
                                  !interrupted_by();
  progress.end();
  if (!whole && on_slurm && !interrupted_by()) return 0;  // it goes on without this process
  if (rounds && whole) fmt::print("{}\n", printable_lines(rounds->text()));
  else fmt::print("{}", printable_lines(sweep_answers(sweep, store)));
  if (ledger.reused()) fmt::print("\n{} points were there already\n", ledger.reused());
  fmt::print("\nresults: {}; dspmem sweep show, export and check read it\n", printable(target));
  if (page && whole) write_page(sweep, store, values["html"].as<std::string>(), target, *page);
  if (!whole) {
    fmt::print("stopped; the same command goes on\n");
    return 128 + interrupted_by();
  }
  return ledger.worst();
}

/// What a task of a cluster does: some points, into a results file of its own, which gets its final name when all of
/// them are there. Whether the points passed is no matter of the task's.
int work_on_points(const std::string& path, const po::variables_map& values) {
  for (const char* needed : {"points", "images", "output"})
    if (!values.count(needed)) throw UsageError(std::string("sweep work needs --") + needed);
  const Sweep sweep = load_sweep(path);
  const std::string list = values["points"].as<std::string>(), target = values["output"].as<std::string>();
  std::ifstream stream(list);
  if (!stream) throw InputError({list}, "cannot be opened");
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t number = 0; stream >> number;) {
    if (number >= sweep.combinations() || !sweep.point(number))
      throw InputError({list, static_cast<int>(numbers.size()) + 1, 1},
                       fmt::format("{} is no point of '{}'", number, path));
    numbers.push_back(number);
  }
  PointRunner runner(sweep, values["images"].as<std::string>());
  catch_signals();
  {
    SweepStore store(target, true);
    store.begin(path, read_input(path), sweep.combinations());
    SweepProgress progress(numbers.size());
    Ledger ledger(sweep, runner, store, nullptr, host_name(), watch(progress));
    std::size_t at = 0;
    const auto next = [&]() -> std::optional<std::uint64_t> {
      return at < numbers.size() ? std::optional(numbers[at++]) : std::nullopt;
    };
    const bool whole =
        local_engine(1, [&](std::uint64_t number) { return ledger.run(number); })
            ->serve([&] { return ledger.next(next); }, [&](const SweepResult& result) { ledger.take(result); },
                    [] { return interrupted_by() != 0; });
    if (!whole || interrupted_by()) return 128 + interrupted_by();
  }
  std::filesystem::rename(target, std::filesystem::path(target).replace_extension(".sqlite"));
  return 0;
}

/// Puts the results of parts, from anywhere, into one file.
int gather_sweep(const std::string& path, const std::vector<std::string>& parts, const po::variables_map& values) {
  const Sweep sweep = load_sweep(path);
  const std::string text = read_input(path);
  for (const std::string& part : parts) SweepStore(part, false);  // all can be read, before anything is written
  const std::string target = results_file(values, path);
  if (std::find(parts.begin(), parts.end(), target) != parts.end())
    throw UsageError("--output '" + target + "' is one of the parts");
  SweepStore all(target, true);
  all.begin(path, text, sweep.combinations());
  for (const std::string& name : parts) {
    SweepStore part(name, false);
    if (!part.resume(text))
      throw InputError({name},
                       "has no results of this sweep: '" + path + "' says something else now, or it is of another one");
    part.each([&all](const SweepResult& result) { all.put(result, "gathered"); });
  }
  fmt::print("{}", printable_lines(sweep_answers(sweep, all)));
  return 0;
}

}  // namespace

int sweep_command(const std::vector<std::string>& arguments) {
  po::options_description options("options");
  auto add = options.add_options();
  add("output,o", po::value<std::string>(),
      "the file for results (default: the sweep file's name with .sqlite, in this folder)");
  add("jobs,j", po::value<std::string>(),
      "processes (default: as many as this machine has processors); with slurm, tasks at a time (default: as many as "
      "the cluster runs)");
  add("engine", po::value<std::string>()->default_value("local"),
      "local: processes of this machine; slurm: tasks of a Slurm cluster, all of whose nodes see this folder");
  add("partition", po::value<std::string>(), "slurm: the partition (default: the cluster's)");
  add("account", po::value<std::string>(), "slurm: the account that is charged");
  add("time", po::value<std::string>(),
      "slurm: how long a task may take, as sbatch has it, such as 30:00; a task that is cut short is queued again");
  add("chunk", po::value<std::string>(), "slurm: points a task (default: such that one takes about a minute)");
  add("detach", "slurm: do not wait; a dependent job gathers the results and queues again what is missing");
  add("cache", po::value<std::string>(),
      "results of other sweeps: what is there is not run again, what is new is added");
  add("part", po::value<std::string>(),
      "K/N: only every Nth point, from the Kth on; 'sweep gather' puts parts together");
  add("minimise", po::value<std::vector<std::string>>()->composing(),
      "a metric to minimise, instead of the file's; several: the Pareto front");
  add("subject-to", po::value<std::vector<std::string>>()->composing(),
      "what has to hold, instead of the file's constraints, such as 'findings = 0'");
  add("search",
      "find the best combination of all keys but the seed with fewer replays: seeds are spent on what is good so far");
  add("html", po::value<std::string>(),
      "write a page with charts of all points; beside it, in FILE.points, the reports of the best and of the first "
      "that failed");
  add("dry-run", "print the points, and about how long they take");
  add("max-points", po::value<std::string>(), "refuse a sweep of more combinations (default 100000)");
  add("format", po::value<std::string>()->default_value("csv"), "of export: csv or json");
  add("points", po::value<std::string>(), "of work: a file with the numbers of the points to run");
  add("images", po::value<std::string>(), "of work: the folder of images for varied platforms");
  po::variables_map values;
  if (!parse_arguments(
          arguments,
          "sweep SWEEP.yaml [OPTIONS]          run what is not there yet, and say what comes of it\n"
          "       dspmem sweep status RESULTS.sqlite|SWEEP.yaml  how far it is\n"
          "       dspmem sweep show SWEEP.yaml [-o RESULTS]   best points, Pareto front, which key matters\n"
          "       dspmem sweep point SWEEP.yaml NUMBER [--html FILE]  the whole report of one point\n"
          "       dspmem sweep export SWEEP.yaml [-o RESULTS] [--format json]\n"
          "       dspmem sweep gather SWEEP.yaml PART.sqlite... [-o RESULTS]  results of --part from several machines\n"
          "       dspmem sweep check BASELINE.sqlite RESULTS.sqlite   which points became worse",
          options, "what", values))
    return 0;
  if (!values.count("what")) throw UsageError("sweep needs a sweep file; see 'dspmem sweep --help'");
  const auto what = values["what"].as<std::vector<std::string>>();
  const auto need = [&what](std::size_t files, const char* usage) {
    if (what.size() != files + 1) throw UsageError(std::string("usage: dspmem sweep ") + usage);
  };
  const std::string format = values["format"].as<std::string>();
  if (format != "csv" && format != "json") throw UsageError("--format is csv or json, not '" + format + "'");
  try {
    if (what[0] == "check") {
      need(2, "check BASELINE.sqlite RESULTS.sqlite");
      SweepStore before(what[1], false), after(what[2], false);
      const SweepRegression regression = compare_sweeps(before, after);
      fmt::print("{}", regression.text);
      return regression.worse ? 1 : 0;
    }
    if (what[0] == "status") {
      need(1, "status RESULTS.sqlite");
      const std::string results = what[1].ends_with(".yaml") ? results_file(values, what[1]) : what[1];
      SweepStore store(results, false);
      fmt::print("{}: {} of {} combinations are there\n", printable(store.file()), store.done(), store.combinations());
      const std::string folder = std::filesystem::absolute(results).string() + ".slurm";
      if (std::filesystem::is_directory(folder)) {
        const std::string tasks = slurm_tasks(folder);
        fmt::print("slurm: {}\n",
                   tasks.empty() ? "no task runs or waits; 'dspmem sweep' with --engine slurm goes on" : tasks);
      }
      return 0;
    }
    if (what[0] == "show" || what[0] == "export") {
      need(1, "show|export SWEEP.yaml [-o RESULTS.sqlite]");
      if (what[1].ends_with(".sqlite"))
        throw UsageError(what[0] + " needs the sweep file; its results are named with -o");
      const Sweep sweep = sweep_of(what[1], values);
      SweepStore store(results_file(values, what[1]), false);
      if (!store.resume(read_input(what[1])))
        throw UsageError(
            "'" + results_file(values, what[1]) +
            "' has no results of this sweep: the file says something else now, or they are elsewhere (-o)");
      warn_of_older_results(sweep, store, results_file(values, what[1]));
      if (what[0] == "show" && values.count("html")) {
        const OutputFile page("--html", values["html"].as<std::string>());
        page.refuse_inputs();
        write_page(sweep, store, values["html"].as<std::string>(), results_file(values, what[1]), page);
        return 0;
      }
      if (what[0] == "show") fmt::print("{}", printable_lines(sweep_answers(sweep, store)));
      else std::fputs((format == "csv" ? sweep_csv(sweep, store) : sweep_json(sweep, store)).c_str(), stdout);
      return 0;
    }
    if (what[0] == "gather") {
      if (what.size() < 3) throw UsageError("usage: dspmem sweep gather SWEEP.yaml PART.sqlite... [-o RESULTS.sqlite]");
      return gather_sweep(what[1], {what.begin() + 2, what.end()}, values);
    }
    if (what[0] == "point") {
      need(2, "point SWEEP.yaml NUMBER [--html FILE]");
      return show_point(load_sweep(what[1]), what[2], results_file(values, what[1]),
                        values.count("html") ? std::optional(values["html"].as<std::string>()) : std::nullopt);
    }
    if (what[0] == "work") {
      need(1, "work SWEEP.yaml --points LIST --images FOLDER -o PART");
      return work_on_points(what[1], values);
    }
    if (what[0] == "resume") {
      need(1, "resume SWEEP.yaml");
      return run_sweep(what[1], values);
    }
    need(0, "SWEEP.yaml [OPTIONS]");
    return run_sweep(what[0], values);
  } catch (const InputError&) { throw; } catch (const UsageError&) {
    throw;
  } catch (const std::runtime_error& error) { throw UsageError(error.what()); }
}

}  // namespace dspmem
