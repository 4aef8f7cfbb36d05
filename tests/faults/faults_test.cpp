// SPDX-License-Identifier: Apache-2.0
// The system refuses something, once, anywhere: the program says so, or does without; it loses nothing, and leaves
// nothing behind. The loaded library (shim.c) makes one call fail. Every call to open, write, rename, fsync and mmap
// has its turn; of the many calls to malloc a sample does here. DSPMEM_FAULTS=N takes N of each command's (0: all of
// them): tools/faults.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "models/random.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

namespace fs = std::filesystem;

struct Case {
  const char* name;
  std::vector<std::string> arguments;
  std::vector<std::string> outputs;
};

const Case cases[] = {
    {"run",
     {"run", "s.yaml", "--json", "r.json", "--sarif", "r.sarif", "--html", "r.html"},
     {"r.json", "r.sarif", "r.html"}},
    {"record", {"record", "s.yaml", "-o", "t.csv"}, {"t.csv"}},
    {"import", {"import", "trace", "heap.csv", "-o", "i.yaml"}, {"i.yaml"}},
    {"compare", {"compare", "s.yaml", "-a", "zones", "-a", "tlsf"}, {}},
    {"mutate", {"mutate", "s.yaml"}, {}},
};

constexpr const char* scenario =
    "name: faults\nplatform: tgl\nobjects: {x: {bytes: 64, align: 64}}\ncores:\n"
    "  0:\n    - alloc: {as: a, bytes: 100}\n    - write: {to: x, pattern: 7}\n    - writeback: x\n    - signal: "
    "ready\n    - free: a\n"
    "  1:\n    - wait: ready\n    - invalidate: x\n    - read: {from: x, expect: 7}\n";
constexpr const char* before = "what was there before";

/// How many of a command's calls to malloc fail, one after the other; 0: all of them.
std::uint64_t sampled_allocations() {
  const char* const wanted = std::getenv("DSPMEM_FAULTS");
  return wanted ? std::stoull(wanted) : 12;
}

class Faults : public testing::TestWithParam<Case> {
 protected:
  Faults() {
    directory_.write("s.yaml", scenario);
    run_program({dspmem_executable(), "record", "s.yaml", "-o", "heap.csv"}, directory_.path());
    inputs_ = {{"s.yaml", read_file(path("s.yaml"))}, {"heap.csv", read_file(path("heap.csv"))}};
  }
  fs::path path(const std::string& name) const { return directory_.path() / name; }

  ProgramResult run(const std::string& call, std::uint64_t at) const {
    for (const std::string& output : GetParam().outputs) directory_.write(output, before);
    std::vector<std::string> words{"env",
                                   std::string("LD_PRELOAD=") + DSPMEM_FAULT_SHIM,
                                   "FAULT_CALL=" + call,
                                   "FAULT_AT=" + std::to_string(at),
                                   "FAULT_COUNT=" + counts_.path().string() + "/count",
                                   dspmem_executable()};
    words.insert(words.end(), GetParam().arguments.begin(), GetParam().arguments.end());
    return run_program(words, directory_.path(), 120);
  }

  /// What a run must not do, whatever failed in it.
  void expect_no_harm(const ProgramResult& result, const std::map<std::string, std::string>& good,
                      const std::string& what) const {
    const bool fine = result.exit_code == 0;
    EXPECT_TRUE(fine || result.exit_code == 2 || result.exit_code == 5)
        << what << " ended with " << result.exit_code << ": " << result.err;
    if (!fine) {
      EXPECT_NE(result.err.find("error: "), std::string::npos) << what << ": " << result.err;
      EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << what << ": " << result.err;
      EXPECT_GT(result.err.size(), 25u) << what << ": " << result.err;
    }
    for (const auto& [name, text] : inputs_) EXPECT_EQ(read_file(path(name)), text) << what << " changed " << name;
    std::size_t written = 0;
    for (const std::string& output : GetParam().outputs) {
      const std::string text = read_file(path(output));
      EXPECT_TRUE(text == before || text == good.at(output)) << what << " left half of " << output;
      EXPECT_TRUE(text != before || !fine) << what << " did not write " << output << " and did not say so";
      written += text != before;
    }
    std::set<std::string> files;
    for (const auto& entry : fs::directory_iterator(directory_.path())) files.insert(entry.path().filename());
    for (const auto& [name, text] : inputs_) files.erase(name);
    for (const std::string& output : GetParam().outputs) files.erase(output);
    for (const std::string& more : more_) files.erase(more);
    EXPECT_TRUE(files.empty()) << what << " left " << *files.begin();
    written_ = written;
  }

  TemporaryDirectory directory_, counts_;
  std::map<std::string, std::string> inputs_;
  std::set<std::string> more_;
  mutable std::size_t written_ = 0;
};

TEST_P(Faults, LoseNothing) {
  for (const char* call : {"open", "write", "rename", "fsync", "mmap", "malloc"}) {
    const ProgramResult whole = run(call, 0);
    ASSERT_EQ(whole.exit_code, 0) << whole.err;
    std::map<std::string, std::string> good;
    for (const std::string& output : GetParam().outputs) good[output] = read_file(path(output));
    if (std::string(call) == "open")
      for (const auto& entry :
           fs::directory_iterator(directory_.path()))  // what the command writes beside its output; nothing hidden
        if (const std::string name = entry.path().filename(); name[0] != '.') more_.insert(name);
    const std::uint64_t count = std::stoull(read_file(counts_.path() / "count"));
    std::vector<std::uint64_t> turns;
    if (const std::uint64_t sample = std::string(call) == "malloc" ? sampled_allocations() : 0;
        sample && sample < count) {
      Random random(count);
      for (std::uint64_t i = 0; i < sample; ++i) turns.push_back(1 + random.below(static_cast<std::uint32_t>(count)));
    } else {
      for (std::uint64_t i = 1; i <= count; ++i) turns.push_back(i);
    }
    std::map<int, std::uint64_t> codes;
    for (const std::uint64_t turn : turns) {
      const ProgramResult result = run(call, turn);
      expect_no_harm(
          result, good,
          std::string(GetParam().name) + ", " + call + " " + std::to_string(turn) + " of " + std::to_string(count));
      ++codes[result.exit_code];
      // One output that cannot be written costs no other.
      if (std::string(call) == "rename" || std::string(call) == "fsync") {
        EXPECT_EQ(written_ + 1, GetParam().outputs.size()) << call << " " << turn;
      }
    }
    std::printf("%s, %s: %zu of %llu calls failed once:", GetParam().name, call, turns.size(),
                static_cast<unsigned long long>(count));
    for (const auto& [code, times] : codes)
      std::printf(" exit %d %llu times", code, static_cast<unsigned long long>(times));
    std::printf("\n");
    if (HasFailure()) return;  // one kind at a time
  }
}

INSTANTIATE_TEST_SUITE_P(Commands, Faults, testing::ValuesIn(cases),
                         [](const testing::TestParamInfo<Case>& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace dspmem::test
