// SPDX-License-Identifier: Apache-2.0
// 'run --profile', --csv, --until, --dump and --stop-at-first: other views of the same run.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* scenario =
    "name: views\nplatform: tgl\nobjects: {x: {bytes: 64, align: 64}}\ncores:\n"
    "  0:\n    - workload: {operations: 500}\n    - write: {to: x, pattern: 7}\n    - signal: ready\n    - delay: 1000 "
    "cycles\n"
    "  1:\n    - wait: ready\n    - invalidate: x\n    - read: {from: x}\n    - delay: 50000 cycles\n";

class Views : public testing::Test {
 protected:
  Views() { directory_.write("s.yaml", scenario); }
  ProgramResult run(std::vector<std::string> more) const {
    more.insert(more.begin(), {dspmem_executable(), "run", "s.yaml"});
    return run_program(more, directory_.path());
  }
  fs::path path(const std::string& name) const { return directory_.path() / name; }
  TemporaryDirectory directory_;
};

std::uint64_t total(const Json& cores, const char* field) {
  std::uint64_t sum = 0;
  for (const Json& core : cores)
    if (core["instructions"] != 0) sum += core[field].get<std::uint64_t>();
  return sum;
}

// Every cycle and instruction that the report counts is some function's, or passes outside of the firmware.
TEST_F(Views, AProfileAddsUpToTheReport) {
  ASSERT_EQ(run({"--json", "plain.json"}).exit_code, 3);
  const ProgramResult result = run({"--profile", "p.callgrind", "--json", "r.json", "--stats"});
  ASSERT_EQ(result.exit_code, 3) << result.err;
  Json report = Json::parse(read_file(path("r.json")));
  std::istringstream lines(read_file(path("p.callgrind")));
  std::vector<std::uint64_t> summary, sum(7);
  bool inclusive = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("summary:")) {
      std::istringstream numbers(line.substr(8));
      for (std::uint64_t number = 0; numbers >> number;) summary.push_back(number);
    }
    if (line.starts_with("calls=")) inclusive = true;
    else if (!line.empty() && std::isdigit(static_cast<unsigned char>(line[0]))) {
      if (std::exchange(inclusive, false)) continue;  // of a callee: it is in the callee's own lines
      std::istringstream numbers(line);
      std::uint64_t number = 0;
      numbers >> number;
      for (std::uint64_t& each : sum) {
        numbers >> number;
        each += number;
      }
    }
  }
  ASSERT_EQ(summary.size(), 7u);
  EXPECT_EQ(sum, summary);
  EXPECT_EQ(summary[0], total(report["cores"], "cycles"));
  EXPECT_EQ(summary[1], total(report["cores"], "instructions"));
  EXPECT_FALSE(report["profile"]["functions"].empty());
  EXPECT_FALSE(report["profile"]["objects"].empty());
  EXPECT_NE(result.out.find("function, without its callees"), std::string::npos) << result.out;
  // Who looks changes nothing.
  report.erase("profile");
  EXPECT_EQ(report, Json::parse(read_file(path("plain.json"))));
}

TEST_F(Views, ValgrindsToolReadsAProfile) {
  ASSERT_EQ(run({"--profile", "p.callgrind"}).exit_code, 3);
  const ProgramResult annotated =
      run_program({"callgrind_annotate", "--inclusive=yes", "p.callgrind"}, directory_.path());
  EXPECT_EQ(annotated.exit_code, 0) << annotated.err;
  EXPECT_NE(annotated.out.find("core 0"), std::string::npos) << annotated.out;
  EXPECT_NE(annotated.out.find("rmalloc"), std::string::npos) << annotated.out;
}

TEST_F(Views, FoldedStacksAddUpToo) {
  ASSERT_EQ(run({"--profile", "p.callgrind"}).exit_code, 3);
  ASSERT_EQ(run({"--profile", "p.folded"}).exit_code, 3);
  std::istringstream lines(read_file(path("p.folded")));
  std::uint64_t sum = 0;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.starts_with("core ")) << line;
    sum += std::stoull(line.substr(line.rfind(' ') + 1));
  }
  const std::string callgrind = read_file(path("p.callgrind"));
  const std::size_t at = callgrind.find("summary: ");
  EXPECT_EQ(sum, std::stoull(callgrind.substr(at + 9)));
}

// Translated or interpreted, the profile is the same.
TEST_F(Views, AProfileDoesNotDependOnTheTranslator) {
  run({"--profile", "a.folded"});
  run({"--profile", "b.folded", "--interpret"});
  EXPECT_EQ(read_file(path("a.folded")), read_file(path("b.folded")));
}

TEST_F(Views, TablesAreWrittenAsCsv) {
  ASSERT_EQ(run({"--csv", "out/tables"}).exit_code, 3);
  std::istringstream cores(read_file(path("out/tables/cores.csv")));
  std::string line;
  std::getline(cores, line);
  EXPECT_TRUE(line.starts_with("file,platform,seed,core,powered,instructions,cycles,")) << line;
  std::getline(cores, line);
  EXPECT_TRUE(line.starts_with("s.yaml,tgl,1,0,1,")) << line;
  const std::string findings = read_file(path("out/tables/findings.csv"));
  EXPECT_NE(findings.find("s.yaml,tgl,1,missing-writeback,"), std::string::npos) << findings;
  for (const char* name : {"runs", "heaps", "operations", "banks", "functions"})
    EXPECT_TRUE(fs::exists(path(std::string("out/tables/") + name + ".csv"))) << name;
}

// Values change in order of time, whichever core ran ahead.
TEST_F(Views, AWaveformIsInOrderOfTime) {
  ASSERT_EQ(run({"--vcd", "w.vcd"}).exit_code, 3);
  const std::string waveform = read_file(path("w.vcd"));
  std::istringstream lines(waveform);
  std::uint64_t before = 0, changes = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] != '#') continue;
    const std::uint64_t now = std::stoull(line.substr(1));
    EXPECT_GE(now, before) << line;
    before = now;
    ++changes;
  }
  EXPECT_GT(changes, 100u);
  for (const char* signal : {" core0_powered $end", " core1_step $end", " HP0 $end", " runtime_bytes $end"})
    EXPECT_NE(waveform.find(signal), std::string::npos) << signal;
  if (!is_installed("vcd2fst")) GTEST_SKIP() << "gtkwave is not installed: tools/setup gtkwave";
  const ProgramResult converted = run_program({"vcd2fst", "w.vcd", "w.fst"}, directory_.path());
  EXPECT_EQ(converted.exit_code, 0) << converted.err;
  const ProgramResult back = run_program({"fst2vcd", "w.fst"}, directory_.path());
  EXPECT_NE(back.out.find("core1_step"), std::string::npos);
}

TEST_F(Views, ADumpShowsMemoryCachesAndWriters) {
  const ProgramResult result = run({"--dump", "x", "--json", "r.json"});
  EXPECT_NE(result.out.find("x in cycle "), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("written by core 0, cached at s.yaml:7:"), std::string::npos) << result.out;
  const Json dump = Json::parse(read_file(path("r.json")))["dumps"][0];
  EXPECT_EQ(dump["bytes"], 64);
  ASSERT_EQ(dump["lines"].size(), 1u);
  const Json& holders = dump["lines"][0]["holders"];
  // Core 0 has what it wrote, and memory, and core 1 that fetched from it, have not.
  ASSERT_EQ(holders.size(), 3u) << holders;
  EXPECT_EQ(holders[0]["who"], "memory");
  EXPECT_EQ(holders[1]["who"], "core 0 L1D");
  EXPECT_EQ(holders[1]["dirty"], true);
  EXPECT_EQ(holders[2]["dirty"], false);
  EXPECT_NE(holders[0]["bytes"], holders[1]["bytes"]);
  EXPECT_EQ(holders[0]["bytes"], holders[2]["bytes"]);
}

TEST_F(Views, ARunEndsWhereItIsAskedTo) {
  const ProgramResult until = run({"--until", "40000", "--dump", "x", "--json", "r.json"});
  EXPECT_EQ(until.exit_code, 0) << until.out;
  const Json report = Json::parse(read_file(path("r.json")));
  EXPECT_EQ(report["stopped"], "by --until 40000");
  EXPECT_GE(report["cycles"], 40000);
  EXPECT_LT(report["cycles"], 60000);
  const ProgramResult first = run({"--stop-at-first", "--json", "f.json"});
  EXPECT_EQ(first.exit_code, 3);
  const Json stopped = Json::parse(read_file(path("f.json")));
  EXPECT_EQ(stopped["stopped"], "at the first finding");
  ASSERT_EQ(run({"--json", "whole.json"}).exit_code, 3);
  EXPECT_LT(stopped["cycles"], Json::parse(read_file(path("whole.json")))["cycles"]);
}

TEST_F(Views, WhatCannotBeShownIsOneError) {
  EXPECT_EQ(run({"--dump", "y"}).err,
            "s.yaml: error: --dump: neither the scenario nor the firmware has an object 'y', and it is no address; did "
            "you mean 'x'?\n");
  EXPECT_EQ(run({"--profile", "/nowhere/p"}).exit_code, 2);
  EXPECT_EQ(run({"--profile", "s.yaml"}).exit_code, 2);
  directory_.write("file", "");
  EXPECT_EQ(run({"--csv", "file"}).exit_code, 2);
  EXPECT_EQ(read_file(path("s.yaml")), scenario);
}

// Outputs were compared by the text of their paths: ./x and x, links, and the tables of --csv were written over each
// other.
TEST_F(Views, NoTwoOutputsGoToOneFile) {
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{"--vcd", "./same", "--profile", "same"},
                                             {"--csv", "out", "--json", "out/runs.csv"},
                                             {"--json", "a/../b", "--sarif", "b"}}) {
    fs::create_directories(path("a"));
    fs::create_directories(path("out"));
    const ProgramResult result = run(options);
    EXPECT_EQ(result.exit_code, 2) << options[1];
    EXPECT_NE(result.err.find("two outputs go to"), std::string::npos) << result.err;
  }
  fs::create_symlink("target", path("one"));
  fs::create_symlink("target", path("two"));
  EXPECT_EQ(run({"--vcd", "one", "--trace", "two"}).exit_code, 2);
  EXPECT_EQ(run({"--csv", "-"}).exit_code, 2);
  EXPECT_EQ(run({"--vcd", "-"}).exit_code, 2);
  EXPECT_FALSE(fs::exists(path("-")));
}

// A count that was none, or an address beyond 32 bits, showed something else without a word.
TEST_F(Views, ADumpOfNoMemoryIsRefused) {
  for (const char* what :
       {"0xbe006d00+64KiB", "0xbe006d00+", "0xbe006d00+0", "0xbe006d00+-4", "0x1be006d00+8", "0xffffffff+100", "0+4"}) {
    const ProgramResult result = run({"--dump", what});
    EXPECT_EQ(result.exit_code, 2) << what;
    EXPECT_TRUE(result.err.starts_with("s.yaml: error: --dump: ")) << result.err;
  }
}

// What a bank that is off returns was shown as if it had been stored.
TEST_F(Views, ADumpSaysThatABankIsOff) {
  const ProgramResult result =
      run_program({dspmem_executable(), "run",
                   (source_directory() / "scenarios/bugs/P2_gated_bank_still_in_use.yaml").string(), "--dump", "table"},
                  directory_.path());
  EXPECT_NE(result.out.find("memory: bank LP0 is off: no contents\n"), std::string::npos) << result.out;
}

// ---- Manual pages ----

TEST(Manual, EveryCommandHasAPage) {
  const ProgramResult overview = run_program({dspmem_executable(), "man"});
  EXPECT_EQ(overview.exit_code, 0);
  std::istringstream lines(overview.out);
  std::size_t pages = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(".BR dspmem\\-")) continue;
    const std::string name = line.substr(12, line.find(' ', 5) - 12);
    const ProgramResult page = run_program({dspmem_executable(), "man", name});
    EXPECT_EQ(page.exit_code, 0) << name << page.err;
    EXPECT_TRUE(page.out.starts_with(".TH DSPMEM\\-")) << name;
    EXPECT_NE(page.out.find(".SH OPTIONS\n"), std::string::npos) << name;
    ++pages;
  }
  EXPECT_GT(pages, 15u);
  EXPECT_EQ(run_program({dspmem_executable(), "man", "rnu"}).err,
            "dspmem: error: there is no command 'rnu'; did you mean 'run'?\n");
}

}  // namespace
}  // namespace dspmem::test
