// SPDX-License-Identifier: Apache-2.0
// Job arrays of Slurm. One task replays one list of points into a results file of its own; a list and its results share
// a number:
//   12.points   numbers of points, one a line          12.part     results, while the task is at it
//   12.sqlite   results, when all of them are there    12.log      what the task said
// Nothing but these files says how far the sweep is, so that whoever looks next can go on: the same command, a
// dependent job, another day.
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <boost/algorithm/string/trim.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "sim/config/error.h"
#include "sim/sweep/digest.h"
#include "sim/sweep/engine.h"
#include "sim/sweep/system_command.h"

namespace dspmem {
namespace {

namespace fs = std::filesystem;

/// One of Slurm's commands; throws what it complains of.
std::string ask(const std::vector<std::string>& words) {
  const CommandOutcome outcome = run_system_command(words);
  if (outcome.exit_code == 127)
    throw std::runtime_error("'" + words[0] +
                             "' is not on this machine's PATH: --engine slurm needs Slurm's commands "
                             "(tools/slurm-sandbox makes a cluster of one machine, for trying)");
  if (outcome.exit_code)
    throw std::runtime_error(words[0] + ": " +
                             (boost::algorithm::trim_copy(outcome.err).empty()
                                  ? fmt::format("exit code {}", outcome.exit_code)
                                  : boost::algorithm::trim_copy(outcome.err)));
  return outcome.out;
}

/// By which the tasks of a sweep are found again. The dependent job has another name: it is not one of them.
std::string job_name(const std::string& folder) {
  Digest digest;
  digest.add(fs::absolute(folder).lexically_normal().string());
  return "dspmem-" + digest.text().substr(0, 12);
}

struct Tasks {
  std::uint64_t waiting = 0, running = 0;
  bool any() const { return waiting + running > 0; }
};
Tasks tasks_of(const std::string& folder) {
  std::istringstream lines(ask({"squeue", "--noheader", "--array", "--name", job_name(folder), "--format", "%T"}));
  Tasks tasks;
  for (std::string state; lines >> state;)
    ++(state == "PENDING" || state == "REQUEUED" || state == "SUSPENDED" ? tasks.waiting : tasks.running);
  return tasks;
}

/// A setting of the cluster that is a number; 0 when it is not there.
std::uint64_t cluster_setting(const std::string& name) {
  std::istringstream lines(ask({"scontrol", "show", "config"}));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name) || line.find('=') == std::string::npos) continue;
    const std::string value = boost::algorithm::trim_copy(line.substr(line.find('=') + 1));
    std::uint64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    return number;
  }
  return 0;
}

/// Processors of the cluster or partition.
std::uint64_t processors(const std::string& partition) {
  std::vector<std::string> words{"sinfo", "--noheader", "--format", "%C"};
  if (!partition.empty()) words.insert(words.end(), {"--partition", partition});
  std::istringstream lines(ask(words));
  std::uint64_t most = 1;
  for (std::string line; std::getline(lines, line);) {  // allocated/idle/other/total
    const std::string total = line.substr(line.rfind('/') + 1);
    std::uint64_t number = 0;
    std::from_chars(total.data(), total.data() + total.size(), number);
    most = std::max(most, number);
  }
  return most;
}

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char each : word) text += each == '\'' ? std::string("'\\''") : std::string(1, each);
  return text + "'";
}

/// The end of a task's log, for an error.
std::string last_line(const fs::path& log) {
  std::ifstream stream(log);
  std::string last;
  for (std::string line; std::getline(stream, line);)
    if (!boost::algorithm::trim_copy(line).empty()) last = boost::algorithm::trim_copy(line);
  return last;
}

class SlurmEngine final : public SweepEngine {
 public:
  SlurmEngine(SlurmOptions options, SlurmWork work)
      : options_(std::move(options)), work_(std::move(work)), folder_(work_.folder) {}

  bool serve(const std::function<std::optional<std::uint64_t>()>& next,
             const std::function<void(const SweepResult&)>& done, const std::function<bool()>& interrupted) override {
    std::set<std::uint64_t> wanted;
    while (const auto number = next()) wanted.insert(*number);
    if (interrupted()) return false;
    fs::create_directories(folder_);
    for (;;) {
      while (tasks_of(work_.folder).any()) {
        take_in(wanted, done, false);
        if (options_.detach) return false;
        for (int i = 0; i < 5; ++i) {
          if (interrupted()) return say_that_tasks_go_on();
          std::this_thread::sleep_for(std::chrono::milliseconds(200));
        }
      }
      take_in(wanted, done, true);
      if (wanted.empty()) break;
      if (interrupted()) return false;
      count_attempt(wanted.size());
      submit(wanted);
      if (options_.detach) {
        submit_gathering();
        return false;
      }
    }
    fs::remove_all(folder_);
    return true;
  }

 private:
  /// Results of tasks that are through, or, when none is running, of all that were begun. A file that was taken in is
  /// removed.
  void take_in(std::set<std::uint64_t>& wanted, const std::function<void(const SweepResult&)>& done, bool begun) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder_))
      if (entry.path().extension() == ".sqlite" || (begun && entry.path().extension() == ".part"))
        files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      {
        std::optional<SweepStore> part;
        try {
          part.emplace(file.string(), false);
        } catch (const std::runtime_error&) {
          // A task that was killed while it made the file has kept nothing: its points are run again.
          if (file.extension() != ".part") throw;
        }
        if (part && part->resume(work_.text))
          part->each([&](const SweepResult& result) {
            if (!wanted.contains(result.number)) return;
            // The task saw other files than there are here and now: done again.
            if (result.hash != work_.hash(result.number)) {
              rejected_ = result.error.empty() ? "a result of other files than there are here" : result.error;
              return;
            }
            done(result);
            wanted.erase(result.number);
          });
      }
      for (const char* more : {"", "-wal", "-shm"}) fs::remove(file.string() + more);
      fs::path list = file;
      fs::remove(list.replace_extension(".points"));
    }
  }

  /// Gives up where tasks were queued several times and not one point was done. Kept in a file: others may have tried
  /// before.
  void count_attempt(std::size_t missing) const {
    constexpr unsigned patience = 3;
    const fs::path file = folder_ / "attempts";
    std::size_t missing_before = 0;
    unsigned attempts = 0;
    std::ifstream(file) >> missing_before >> attempts;
    attempts = missing_before == missing ? attempts + 1 : 1;
    if (attempts > patience) {
      fs::remove(file);  // whoever has mended it starts anew
      throw std::runtime_error(
          fmt::format("{} points were given to Slurm {} times and not one of them was done; a task said: {}", missing,
                      patience, last_words()));
    }
    std::ofstream(file) << missing << ' ' << attempts << '\n';
  }

  std::uint64_t highest_number() const {
    std::uint64_t highest = 0;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const std::string stem = entry.path().stem().string();
      std::uint64_t number = 0;
      if (std::from_chars(stem.data(), stem.data() + stem.size(), number).ec == std::errc{})
        highest = std::max(highest, number);
    }
    return highest;
  }

  void submit(const std::set<std::uint64_t>& wanted) {
    // A task takes about a minute, but every processor gets something to do; an array has so many tasks at most.
    constexpr double seconds_a_task = 60;
    const std::uint64_t most_tasks =
        std::max<std::uint64_t>(1, cluster_setting("MaxArraySize") ? cluster_setting("MaxArraySize") - 1 : 1000);
    std::uint64_t chunk = options_.chunk;
    if (!chunk) {
      chunk = static_cast<std::uint64_t>(std::max(1.0, seconds_a_task / std::max(work_.seconds_a_point, 0.001)));
      chunk = std::clamp<std::uint64_t>(wanted.size() / (2 * processors(options_.partition)), 1, chunk);
    }
    chunk = std::max(chunk, (wanted.size() + most_tasks - 1) / most_tasks);
    // Lists of tasks that came to nothing go; numbers are not used twice.
    const std::uint64_t base = highest_number() + 1;
    for (const auto& entry : fs::directory_iterator(folder_))
      if (entry.path().extension() == ".points") fs::remove(entry.path());
    std::uint64_t tasks = 0;
    for (auto at = wanted.begin(); at != wanted.end(); ++tasks) {
      std::ofstream list(folder_ / (std::to_string(base + tasks) + ".points"));
      for (std::uint64_t i = 0; i < chunk && at != wanted.end(); ++i, ++at) list << *at << '\n';
      if (!list.flush()) throw std::runtime_error("'" + folder_.string() + "' cannot be written");
    }
    const fs::path script = folder_ / "task.sh";
    {
      std::ofstream text(script);
      text << "#!/bin/sh\n# One task of a sweep. Slurm says which.\n"
           << "task=$((" << base << " + SLURM_ARRAY_TASK_ID))\n"
           << "cd " << quoted(fs::current_path().string()) << " || exit 1\n"
           << "exec " << quoted(work_.program) << " sweep work " << quoted(work_.sweep) << " --points "
           << quoted(folder_.string()) << "/$task.points --images " << quoted(work_.images) << " -o "
           << quoted(folder_.string()) << "/$task.part > " << quoted(folder_.string()) << "/$task.log 2>&1\n";
      if (!text.flush()) throw std::runtime_error("'" + script.string() + "' cannot be written");
    }
    std::string array = fmt::format("0-{}", tasks - 1);
    if (options_.at_once) array += fmt::format("%{}", options_.at_once);
    std::vector<std::string> words = submission(job_name(work_.folder));
    words.insert(words.end(), {"--array", array, "--requeue", "--cpus-per-task", "1", script.string()});
    array_ = boost::algorithm::trim_copy(ask(words));
    std::fputs(fmt::format("slurm: job {} has {} tasks with up to {} points\n", array_, tasks, chunk).c_str(), stderr);
  }

  std::vector<std::string> submission(const std::string& name) const {
    std::vector<std::string> words{"sbatch", "--parsable", "--job-name", name, "--output", "/dev/null"};
    if (!options_.partition.empty()) words.insert(words.end(), {"--partition", options_.partition});
    if (!options_.account.empty()) words.insert(words.end(), {"--account", options_.account});
    if (!options_.time.empty()) words.insert(words.end(), {"--time", options_.time});
    return words;
  }

  /// What takes in the results when the tasks are through, whatever became of them, and goes on if any are missing.
  void submit_gathering() {
    const fs::path script = folder_ / "gather.sh";
    {
      std::ofstream text(script);
      text << "#!/bin/sh\n# Takes in what the tasks of a sweep have found, and queues again what is missing.\n"
           << "cd " << quoted(fs::current_path().string()) << " || exit 1\nexec";
      for (const std::string& word : work_.same_command) text << ' ' << quoted(word);
      text << " > " << quoted(work_.folder + ".log") << " 2>&1\n";
      if (!text.flush()) throw std::runtime_error("'" + script.string() + "' cannot be written");
    }
    std::vector<std::string> words = submission("gather-" + job_name(work_.folder));
    words.insert(words.end(), {"--dependency", "afterany:" + array_, "--requeue", script.string()});
    std::fputs(
        fmt::format(
            "slurm: job {} gathers the results when job {} is through; 'dspmem sweep status {}' says how far it is\n",
            boost::algorithm::trim_copy(ask(words)), array_, work_.sweep)
            .c_str(),
        stderr);
  }

  bool say_that_tasks_go_on() const {
    std::fputs(fmt::format(
                   "slurm: the tasks go on, and the same command waits for them again; 'scancel --name {}' ends them\n",
                   job_name(work_.folder))
                   .c_str(),
               stderr);
    return false;
  }

  /// Why tasks failed: what the last one said, and what Slurm's accounting knows, if there is one.
  std::string last_words() const {
    std::string words = last_line(folder_ / (std::to_string(highest_number()) + ".log"));
    if (words.empty()) words = rejected_.empty() ? "nothing" : rejected_;
    const CommandOutcome accounting = run_system_command({"sacct", "--noheader", "--parsable2", "--format",
                                                          "State,ExitCode,NodeList", "--name", job_name(work_.folder)});
    if (accounting.exit_code == 0 && !boost::algorithm::trim_copy(accounting.out).empty())
      words += "; sacct: " + boost::algorithm::trim_copy(accounting.out.substr(0, accounting.out.find('\n')));
    return words;
  }

  SlurmOptions options_;
  SlurmWork work_;
  fs::path folder_;
  std::string array_;  ///< the job that was submitted last
  std::string rejected_;  ///< why the last result that was of no use was none
};

}  // namespace

std::unique_ptr<SweepEngine> slurm_engine(SlurmOptions options, SlurmWork work) {
  return std::make_unique<SlurmEngine>(std::move(options), std::move(work));
}

void check_slurm(const SlurmOptions& options) {
  ask({"sbatch", "--version"});
  std::istringstream lines(ask({"sinfo", "--noheader", "--format", "%R"}));
  std::vector<std::string> known;
  for (std::string name; lines >> name;)
    if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
  if (options.partition.empty() || std::find(known.begin(), known.end(), options.partition) != known.end()) return;
  throw std::runtime_error("this cluster has no partition '" + options.partition + "'" +
                           suggestion(options.partition, known).text);
}

std::string slurm_tasks(const std::string& folder) {
  const Tasks tasks = tasks_of(folder);
  return tasks.any() ? fmt::format("{} tasks run, {} wait", tasks.running, tasks.waiting) : "";
}

}  // namespace dspmem
