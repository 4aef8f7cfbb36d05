// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>
#include <cstdlib>

#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "models/random.h"
#include "sim/sweep/answers.h"
#include "sim/sweep/engine.h"
#include "sim/sweep/search.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

const std::string quickstart = (source_directory() / "scenarios/quickstart.yaml").string();

std::string sweep_text(const std::string& rest) { return "scenario: " + quickstart + "\n" + rest; }

ProgramResult sweep(const TemporaryDirectory& directory, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {dspmem_executable(), "sweep"});
  return run_program(arguments, directory.path());
}

// ---- The matrix ---------------------------------------------------------------------------------

TEST(SweepMatrix, CrossesZipsAndExcludes) {
  const TemporaryDirectory directory;
  const Sweep matrix = load_sweep(
      directory
          .write("s.yaml", sweep_text("vary: {seed: {from: 1, to: 3}, quantum: [1, 100, 1000], scenario.seed: {from: "
                                      "1, to: 8, times: 2}, platform.bus_latency: [1, 2, 3]}\n"
                                      "zip: [[quantum, platform.bus_latency]]\nexclude: [{seed: 2, quantum: 100}]\n"))
          .string());
  EXPECT_EQ(matrix.combinations(), 3u * 3 * 4);
  std::set<std::string> points;
  for (std::uint64_t number = 0; number < matrix.combinations(); ++number)
    if (const auto point = matrix.point(number)) points.insert(matrix.describe(*point));
  EXPECT_EQ(points.size(), 36u - 4);
  EXPECT_TRUE(points.contains("seed=3 quantum=1000 scenario.seed=8 platform.bus_latency=3"));
  EXPECT_FALSE(points.contains("seed=2 quantum=100 scenario.seed=1 platform.bus_latency=2"));
}

TEST(SweepMatrix, BadInputIsOneClearError) {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"vary: {sed: [1, 2]}", "'sed' cannot be varied"},
      {"vary: {seed: []}", "has no values"},
      {"vary: {}", "has at least one"},
      {"metrics: [cycles]", "'vary'"},
      {"vary: {seed: [one]}", "a whole number"},
      {"vary: {seed: {from: 5, to: 1}}", "upwards"},
      {"vary: {seed: {from: 0, to: 8, times: 2}}", "more than 0"},
      {"vary: {seed: [1, 2], quantum: [1, 2, 3]}\nzip: [[seed, quantum]]", "as many values as each other"},
      {"vary: {seed: [1, 2]}\nexclude: [{seed: 3}]", "none of the values"},
      {"vary: {seed: [1, 2]}\nexclude: [{sed: 1}]", "did you mean 'seed'"},
      {"vary: {seed: [1, 2]}\nconstraints: [\"findings 0\"]", "each constraint is"},
      {"vary: {seed: [1, 2]}\nconstraints: [\"finding = 0\"]", "did you mean 'findings'"},
      {"vary: {seed: [1, 2]}\nminimise: cycls", "did you mean 'cycles'"},
      {"vary: {seed: [1, 2]}\nmetrics: [cylces]", "did you mean 'cycles'"},
      {"vary: {platform.l1x.size: [1, 2]}", "did you mean 'l1i'"},
      {"vary: {seed: [1], seed: [2]}", "varied twice"},
      {"vary: {quantum: [0]}", "1 to 4294967295"},
      {"vary: {[seed]: [1]}", "plain name"},
      {"vary: {seed: [1]}\nconstraints: [\"cycles <= nan\"]", "each constraint is"},
      {"vary: {platform.l1d.sice: [48 KiB]}", "did you mean 'size'"},
      {"vary: {allocator: [zoness]}", "did you mean 'zones'"},
      {"vary: {seed: {from: 1, to: 150000}}", "--max-points"},
      {"vary: {seed: [1]}\nexclude: [{seed: 1}]", "is excluded"},
  };
  for (const auto& each : cases) {
    const TemporaryDirectory directory;
    const ProgramResult result = sweep(directory, {directory.write("s.yaml", sweep_text(each.text)).string()});
    EXPECT_EQ(result.exit_code, 2) << each.text << result.out;
    EXPECT_NE(result.err.find(each.error), std::string::npos) << each.text << "\n" << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_FALSE(std::filesystem::exists(directory.path() / "s.sqlite")) << each.text;
  }
}

// ---- Running it ---------------------------------------------------------------------------------

TEST(Sweep, OneProcessAndSeveralComeToTheSame) {
  const TemporaryDirectory directory;
  const std::string file =
      directory
          .write("s.yaml", sweep_text("vary: {seed: {from: 1, to: 6}, platform.l1d.size: [24 KiB, 48 KiB]}\nmetrics: "
                                      "[cycles, findings, cores.0.l1d.misses, heaps.runtime.peak]\nminimise: cycles\n"))
          .string();
  std::vector<std::string> exports;
  for (const char* processes : {"1", "3"}) {
    const std::string results = std::string("r") + processes + ".sqlite";
    const ProgramResult result = sweep(directory, {file, "-j", processes, "-o", results});
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    EXPECT_NE(result.out.find("12 of 12 points are there"), std::string::npos) << result.out;
    exports.push_back(sweep(directory, {"export", file, "-o", results}).out);
  }
  EXPECT_EQ(exports[0], exports[1]);
  EXPECT_EQ(std::count(exports[0].begin(), exports[0].end(), '\n'), 13);
  // What is there is not run again; and it is no worse than itself.
  EXPECT_NE(sweep(directory, {file, "-o", "r1.sqlite"}).out.find("12 points were there already"), std::string::npos);
  EXPECT_EQ(sweep(directory, {"check", "r1.sqlite", "r3.sqlite"}).out,
            "0 points worse, 12 as good or better, 0 not in the baseline\n");
}

TEST(Sweep, AnIncludedFileThatChangesIsRunAgain) {
  const TemporaryDirectory directory;
  directory.write("part.yaml", "steps: [{delay: 100 cycles}]\n");
  directory.write("s.yaml", "name: s\nplatform: tgl\ncores: {0: [{use: part.yaml}]}\n");
  const std::string file = directory.write("sweep.yaml", "scenario: s.yaml\nvary: {seed: [1, 2]}\n").string();
  EXPECT_EQ(sweep(directory, {file}).exit_code, 0);
  EXPECT_NE(sweep(directory, {file}).out.find("2 points were there already"), std::string::npos);
  const std::string before = sweep(directory, {"export", file, "-o", "sweep.sqlite"}).out;
  directory.write("part.yaml", "steps: [{delay: 5000 cycles}]\n");
  EXPECT_EQ(sweep(directory, {file}).out.find("were there already"), std::string::npos);
  EXPECT_NE(sweep(directory, {"export", file, "-o", "sweep.sqlite"}).out, before);
}

TEST(Sweep, AFileThatAnEditNamesIsAnInputToo) {
  const TemporaryDirectory directory;
  for (const char* name : {"a.yaml", "b.yaml"}) directory.write(name, "steps: [{delay: 100 cycles}]\n");
  directory.write("s.yaml", "name: s\nplatform: tgl\ncores: {0: [{use: a.yaml}]}\n");
  const std::string file =
      directory.write("sweep.yaml", "scenario: s.yaml\nvary: {scenario.cores.0.0.use: [a.yaml, b.yaml]}\n").string();
  EXPECT_EQ(sweep(directory, {file}).exit_code, 0);
  directory.write("b.yaml", "steps: [{delay: 900 cycles}]\n");
  EXPECT_NE(sweep(directory, {file}).out.find("1 points were there already"), std::string::npos);
}

TEST(Sweep, ReadingResultsChangesNothing) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("s.yaml", sweep_text("vary: {seed: [1, 2]}\n")).string();
  EXPECT_EQ(sweep(directory, {file, "-o", "base.sqlite"}).exit_code, 0);
  EXPECT_EQ(sweep(directory, {file}).exit_code, 0);
  directory.write("s.yaml", sweep_text("vary: {seed: [1, 2, 3]}\n"));
  EXPECT_EQ(sweep(directory, {"show", file}).exit_code, 2);
  EXPECT_NE(sweep(directory, {"check", "base.sqlite", "s.sqlite"}).out.find("2 as good or better"), std::string::npos);
  // A point that is gone, or none that is in both, is no success.
  const std::string less = directory.write("less.yaml", sweep_text("vary: {seed: [2]}\n")).string(),
                    other = directory.write("other.yaml", sweep_text("vary: {seed: [7]}\n")).string();
  EXPECT_EQ(sweep(directory, {less}).exit_code, 0);
  EXPECT_EQ(sweep(directory, {other}).exit_code, 0);
  EXPECT_EQ(sweep(directory, {"check", "base.sqlite", "less.sqlite"}).exit_code, 1);
  EXPECT_EQ(sweep(directory, {"check", "base.sqlite", "other.sqlite"}).exit_code, 2);
  directory.write("empty.txt", "");
  EXPECT_EQ(sweep(directory, {"status", "empty.txt"}).exit_code, 2);
  EXPECT_EQ(read_file(directory.path() / "empty.txt"), "");
}

TEST(Sweep, TheCacheServesOtherSweeps) {
  const TemporaryDirectory directory;
  const std::string first = directory.write("a.yaml", sweep_text("vary: {seed: [1, 2, 3]}\n")).string(),
                    second = directory.write("b.yaml", sweep_text("vary: {seed: [2, 3, 4]}\n")).string();
  EXPECT_EQ(sweep(directory, {first, "--cache", "cache.sqlite"}).exit_code, 0);
  EXPECT_NE(sweep(directory, {second, "--cache", "cache.sqlite"}).out.find("2 points were there already"),
            std::string::npos);
}

TEST(Sweep, LosesNothingWhenItIsKilled) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("s.yaml", sweep_text("vary: {seed: {from: 1, to: 60}}\n")).string();
  EXPECT_EQ(sweep(directory, {file, "-o", "whole.sqlite"}).exit_code, 0);
  Random random(1);
  const char* const wanted = std::getenv("DSPMEM_KILLS");
  for (int round = wanted ? std::atoi(wanted) : 10; round > 0; --round) {
    const pid_t process = fork();
    if (process == 0) {
      if (chdir(directory.path().c_str()) || !std::freopen("/dev/null", "w", stdout)) _exit(1);
      execl(dspmem_executable().c_str(), "dspmem", "sweep", file.c_str(), "-j", "2", "-o", "killed.sqlite", nullptr);
      _exit(1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random.below(150)));
    kill(process, SIGKILL);
    waitpid(process, nullptr, 0);
  }
  const ProgramResult rest = sweep(directory, {file, "-o", "killed.sqlite"});
  EXPECT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_EQ(sweep(directory, {"export", file, "-o", "killed.sqlite"}).out,
            sweep(directory, {"export", file, "-o", "whole.sqlite"}).out);
}

TEST(Sweep, PartsOfItAreGathered) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("s.yaml", sweep_text("vary: {seed: {from: 1, to: 11}}\n")).string();
  EXPECT_EQ(sweep(directory, {file, "-o", "whole.sqlite"}).exit_code, 0);
  std::vector<std::string> gather{"gather", file, "-o", "all.sqlite"};
  for (const char* part : {"0", "1", "2"}) {
    const std::string results = std::string("part") + part + ".sqlite";
    EXPECT_EQ(sweep(directory, {file, "--part", std::string(part) + "/3", "-o", results}).exit_code, 0);
    gather.push_back(results);
  }
  EXPECT_EQ(sweep(directory, gather).exit_code, 0);
  EXPECT_EQ(sweep(directory, {"export", file, "-o", "all.sqlite"}).out,
            sweep(directory, {"export", file, "-o", "whole.sqlite"}).out);
  EXPECT_EQ(sweep(directory, {file, "--part", "3/3"}).exit_code, 2);
  const std::string other = directory.write("other.yaml", sweep_text("vary: {seed: [1]}\n")).string();
  EXPECT_EQ(sweep(directory, {"gather", other, "part0.sqlite"}).exit_code, 2);
}

TEST(SweepPool, AProcessThatDiesCostsOnePoint) {
  std::uint64_t next = 0;
  std::map<std::uint64_t, int> codes;
  const auto engine = local_engine(2, [](std::uint64_t number) {
    if (number % 10 == 3) std::raise(SIGSEGV);
    SweepResult result;
    result.number = number;
    return result;
  });
  EXPECT_TRUE(engine->serve(
      [&]() -> std::optional<std::uint64_t> { return next < 50 ? std::optional(next++) : std::nullopt; },
      [&](const SweepResult& result) { EXPECT_TRUE(codes.emplace(result.number, result.exit_code).second); },
      [] { return false; }));
  EXPECT_EQ(codes.size(), 50u);
  for (const auto& [number, code] : codes) EXPECT_EQ(code, number % 10 == 3 ? 128 + SIGSEGV : 0) << number;
}

// Pages were written over the results, the cache and the scenario.
TEST(SweepPage, IsNeverWrittenOverWhatIsRead) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("s.yaml", sweep_text("vary: {seed: [1, 2]}\n")).string();
  ASSERT_EQ(sweep(directory, {file, "-o", "r.sqlite", "--cache", "c.sqlite"}).exit_code, 0);
  EXPECT_EQ(sweep(directory, {"show", file, "-o", "r.sqlite", "--html", "r.sqlite"}).exit_code, 2);
  EXPECT_EQ(sweep(directory, {"point", file, "1", "-o", "r.sqlite", "--html", "r.sqlite"}).exit_code, 2);
  EXPECT_EQ(sweep(directory, {file, "-o", "r.sqlite", "--html", "r.sqlite"}).exit_code, 2);
  EXPECT_EQ(sweep(directory, {file, "-o", "r.sqlite", "--cache", "c.sqlite", "--html", "c.sqlite"}).exit_code, 2);
  EXPECT_TRUE(read_file(directory.path() / "r.sqlite").starts_with("SQLite format 3"));
  EXPECT_TRUE(read_file(directory.path() / "c.sqlite").starts_with("SQLite format 3"));
}

// ---- Search -------------------------------------------------------------------------------------

// Thirty-two combinations whose figures differ by less than the seeds' noise: the best is found with a third of the
// points, nearly always.
TEST(SweepSearch, FindsTheBestCombinationWithFewerReplays) {
  const TemporaryDirectory directory;
  const Sweep matrix = load_sweep(directory
                                      .write("s.yaml", sweep_text("vary: {quantum: {from: 1, to: 32}, seed: {from: 1, "
                                                                  "to: 64}}\nmetrics: [cycles]\nminimise: [cycles]\n"))
                                      .string());
  unsigned found = 0;
  constexpr unsigned rounds = 50;
  for (unsigned round = 0; round < rounds; ++round) {
    Random random(round);
    const std::size_t best = random.below(32);
    SeedSearch search(matrix);
    for (auto points = search.next_round(); !points.empty(); points = search.next_round())
      for (const std::uint64_t number : points) {
        const std::size_t quantum = (*matrix.point(number))[0];
        search.take(number, 1000.0 + 20.0 * static_cast<double>(quantum > best ? quantum - best : best - quantum) +
                                random.below(40));
      }
    EXPECT_LT(search.replayed(), matrix.combinations() / 3);
    found += (*matrix.point(search.best().at(0)))[0] == best;
  }
  EXPECT_GE(found, rounds * 8 / 10);
}

TEST(SweepSearch, ACombinationThatBreaksAConstraintIsOut) {
  const TemporaryDirectory directory;
  const Sweep matrix = load_sweep(
      directory
          .write(
              "s.yaml",
              sweep_text("vary: {quantum: [1, 2, 3], seed: {from: 1, to: 4}}\nmetrics: [cycles]\nminimise: [cycles]\n"))
          .string());
  SeedSearch search(matrix);
  for (auto points = search.next_round(); !points.empty(); points = search.next_round())
    for (const std::uint64_t number : points) {
      const std::size_t quantum = (*matrix.point(number))[0];
      search.take(number, quantum == 0 ? std::nullopt : std::optional(10.0 + static_cast<double>(quantum)));
    }
  EXPECT_EQ((*matrix.point(search.best().at(0)))[0], 1u);
  EXPECT_EQ(search.confidence(), 1.0);
}

TEST(SweepSearch, AnswersWithFewerPoints) {
  const TemporaryDirectory directory;
  const std::string file =
      directory
          .write(
              "s.yaml",
              sweep_text("vary: {quantum: [1, 10, 100, 1000], seed: {from: 1, to: 8}}\nmetrics: [cycles, findings]\n"))
          .string();
  const ProgramResult result =
      sweep(directory, {file, "--search", "--minimise", "cycles", "--subject-to", "findings = 0"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find(" of 32 points were needed\nleast mean cycles: "), std::string::npos) << result.out;
  EXPECT_EQ(sweep(directory, {file, "--search"}).exit_code, 2);
  EXPECT_NE(sweep(directory, {"show", file, "--minimise", "cycels"}).err.find("did you mean 'cycles'?"),
            std::string::npos);
}

// ---- The page -----------------------------------------------------------------------------------

TEST(SweepPage, HasEveryPointAndReportsOfAFew) {
  const TemporaryDirectory directory;
  const std::string file = directory
                               .write("s.yaml", sweep_text("vary: {seed: {from: 0, to: 9}, quantum: [10, "
                                                           "100]}\nmetrics: [cycles, findings]\nminimise: [cycles]\n"))
                               .string();
  ASSERT_EQ(sweep(directory, {file, "--html", "page.html"}).exit_code, 0);
  const std::string page = read_file(directory.path() / "page.html");
  const std::string begin = "id=\"data\">";
  const std::size_t at = page.find(begin) + begin.size();
  const nlohmann::json data = nlohmann::json::parse(page.substr(at, page.find("</script>", at) - at));
  EXPECT_EQ(data["numbers"].size(), 20u);
  EXPECT_EQ(data["metrics"][0]["points"].size(), 20u);
  EXPECT_EQ(data["keys"].size(), 2u);
  ASSERT_EQ(data["reports"].size(), 5u);
  for (const auto& [number, report] : data["reports"].items())
    EXPECT_NE(read_file(directory.path() / report.get<std::string>()).find("<title>dspmem: "), std::string::npos)
        << number;
  // The report of one point is that of a run.
  const ProgramResult point = sweep(directory, {"point", file, "3", "--html", "three.html"});
  EXPECT_EQ(point.exit_code, 0) << point.err;
  EXPECT_TRUE(point.out.starts_with("point 3: ")) << point.out;
  EXPECT_EQ(sweep(directory, {"point", file, "20"}).exit_code, 2);

  if (!is_installed("chromium")) GTEST_SKIP() << "chromium is not installed: tools/setup chromium";
  const ProgramResult drawn =
      run_program({"chromium", "--headless", "--no-sandbox", "--disable-gpu",
                   "--user-data-dir=" + (directory.path() / "profile").string(), "--virtual-time-budget=5000",
                   "--enable-logging=stderr", "--dump-dom", "file://" + (directory.path() / "page.html").string()},
                  directory.path(), 60);
  EXPECT_EQ(drawn.err.find("CONSOLE"), std::string::npos) << drawn.err;
  EXPECT_NE(drawn.out.find("20 points; cycles from"), std::string::npos);
  EXPECT_NE(drawn.out.find("cycles: mean from"), std::string::npos);
}

// ---- Answers ------------------------------------------------------------------------------------

/// Results for all points, with these metrics.
void fill(SweepStore& store, const Sweep& matrix,
          const std::function<std::map<std::string, double>(const SweepPoint&)>& metrics) {
  store.begin("s.yaml", "text", matrix.combinations());
  for (std::uint64_t number = 0; number < matrix.combinations(); ++number) {
    const SweepPoint point = *matrix.point(number);
    SweepResult result;
    result.number = number;
    result.hash = std::to_string(number);
    result.keys = matrix.describe(point);
    result.metrics = metrics(point);
    store.put(result, "here");
  }
}

TEST(SweepAnswers, FindTheFrontAndTheKeyThatMatters) {
  const TemporaryDirectory directory;
  const Sweep matrix = load_sweep(
      directory
          .write("s.yaml",
                 sweep_text(
                     "vary: {platform.bus.latency: {from: 0, to: 9}, quantum: {from: 1, to: 10}}\nmetrics: [cycles, "
                     "misses]\nconstraints: [\"misses <= 12\"]\nminimise: [cycles, misses]\n"))
          .string());
  SweepStore store((directory.path() / "r.sqlite").string(), true);
  // Fewer cycles cost more misses; the quantum has no part in it, but adds cycles that help nobody.
  fill(store, matrix, [](const SweepPoint& point) -> std::map<std::string, double> {
    return {{"cycles", 1000.0 * static_cast<double>(10 - point[0]) + static_cast<double>(point[1])},
            {"misses", 5.0 + static_cast<double>(point[0])}};
  });
  const std::string text = sweep_answers(matrix, store);
  EXPECT_NE(text.find("80 keep misses <= 12"), std::string::npos) << text;
  for (int latency = 0; latency <= 7; ++latency)
    EXPECT_NE(text.find("platform.bus.latency=" + std::to_string(latency) + " quantum=1\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("quantum=2\n"), std::string::npos) << text;
  const std::size_t cycles = text.find("\n  cycles\n");
  ASSERT_NE(cycles, std::string::npos) << text;
  EXPECT_NE(text.find("platform.bus.latency                 100.0 %", cycles), std::string::npos) << text;
  EXPECT_NE(text.find("quantum                                0.0 %", cycles), std::string::npos) << text;
}

// A seed is nobody's choice: what keeps the constraints with one seed only is no answer.
TEST(SweepAnswers, JudgeCombinationsOverAllTheirSeeds) {
  const TemporaryDirectory directory;
  const Sweep matrix = load_sweep(
      directory
          .write("s.yaml", sweep_text("vary: {quantum: {from: 1, to: 4}, seed: {from: 1, to: 5}}\nmetrics: [cycles, "
                                      "misses]\nconstraints: [\"misses = 0\"]\nminimise: [cycles]\n"))
          .string());
  SweepStore store((directory.path() / "r.sqlite").string(), true);
  // The smallest one fails with one seed of five.
  fill(store, matrix, [](const SweepPoint& point) -> std::map<std::string, double> {
    return {{"cycles", 100.0 * static_cast<double>(point[0]) + static_cast<double>(point[1])},
            {"misses", point[0] == 0 && point[1] == 3 ? 1.0 : 0.0}};
  });
  const std::string text = sweep_answers(matrix, store);
  EXPECT_NE(text.find("19 keep misses = 0; 3 of 4 combinations do with every seed"), std::string::npos) << text;
  EXPECT_NE(text.find("\n  cycles 102   quantum=2 (mean of 5 seeds)\n"), std::string::npos) << text;
}

TEST(SweepStoreTest, AFileThatIsNoDatabaseIsRefused) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("s.yaml", sweep_text("vary: {seed: [1]}\n")).string();
  directory.write("r.sqlite", std::string(5000, 'x'));
  const ProgramResult result = sweep(directory, {file, "-o", "r.sqlite"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("not a database"), std::string::npos) << result.err;
  EXPECT_EQ(read_file(directory.path() / "r.sqlite"), std::string(5000, 'x'));
  EXPECT_EQ(sweep(directory, {file, "-o", file}).exit_code, 2);
}

}  // namespace
}  // namespace dspmem::test
