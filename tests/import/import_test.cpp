// SPDX-License-Identifier: Apache-2.0
// Topologies, traces and logs, through the program: what comes in is replayed, and what cannot is refused in words.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/heap/histogram.h"
#include "sim/import/heap_log.h"
#include "sim/import/topology.h"
#include "tests/bench/measure.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;

ProgramResult dspmem(std::vector<std::string> arguments, const std::filesystem::path& directory) {
  arguments.insert(arguments.begin(), dspmem_executable());
  return run_program(arguments, directory);
}

std::string test_name(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
}

std::vector<std::string> files_below(const std::filesystem::path& folder, const std::string& extension) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == extension) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

// ---- Topologies ----

const std::filesystem::path own_topologies = source_directory() / "tests/import/topologies";

std::vector<std::string> all_topologies() {
  std::vector<std::string> files = files_below(own_topologies, ".conf");
  const std::vector<std::string> shipped = files_below("/usr/share/alsa/topology", ".conf");  // alsa-topology-conf
  files.insert(files.end(), shipped.begin(), shipped.end());
  return files;
}

/// As alsatplg compiles it.
std::filesystem::path compiled(const std::string& conf, const TemporaryDirectory& directory) {
  const std::filesystem::path binary = directory.path() / "topology.tplg";
  const ProgramResult result = run_program({"alsatplg", "-c", conf, "-o", binary});
  if (result.exit_code != 0) throw std::runtime_error("alsatplg: " + result.err);
  return binary;
}

class TopologyFile : public testing::TestWithParam<std::string> {};

TEST_P(TopologyFile, IsImportedAndRunsCleanOnTwoPlatforms) {
  const TemporaryDirectory directory;
  compiled(GetParam(), directory);
  for (const char* platform : {"tgl", "mtl"}) {
    const ProgramResult imported =
        dspmem({"import", "topology", "topology.tplg", "-o", "s.yaml", "--platform", platform}, directory.path());
    ASSERT_EQ(imported.exit_code, 0) << imported.err;
    const ProgramResult replayed = dspmem({"run", "s.yaml", "--json", "-"}, directory.path());
    EXPECT_EQ(replayed.exit_code, 0) << replayed.out << replayed.err;
    const Json report = Json::parse(replayed.out);
    EXPECT_GT(report.at("allocations"), 0);
    EXPECT_EQ(report.at("allocations"), report.at("frees"));
  }
}

INSTANTIATE_TEST_SUITE_P(All, TopologyFile, testing::ValuesIn(all_topologies()),
                         [](const auto& info) { return test_name(std::filesystem::path(info.param).stem()); });

TEST(Topologies, ThereAreEnoughOfThem) {
  EXPECT_GE(files_below(own_topologies, ".conf").size(), 8u);
  EXPECT_GE(all_topologies().size(), 12u) << "alsa-topology-conf is not installed";
}

TEST(Topologies, OwnOnesCoverEveryKindOfWidget) {
  std::set<std::uint32_t> seen;
  for (const std::string& file : files_below(own_topologies, ".conf")) {
    const TemporaryDirectory directory;
    for (const Topology::Widget& widget : load_topology(compiled(file, directory)).widgets) seen.insert(widget.type);
  }
  for (std::uint32_t type = 0; type < Topology::widget_types; ++type)
    EXPECT_TRUE(seen.contains(type)) << Topology::widget_type_name(type);
}

TEST(Topologies, PeriodicWorkRunsOnTheCoresThatTheyName) {
  const TemporaryDirectory directory;
  compiled(own_topologies / "two_cores.conf", directory);
  ASSERT_EQ(dspmem({"import", "topology", "topology.tplg", "-o", "s.yaml"}, directory.path()).exit_code, 0);
  const Json report = Json::parse(dspmem({"run", "s.yaml", "--json", "-"}, directory.path()).out);
  EXPECT_GT(report.at("cores").at(0).at("instructions"), 10'000);
  EXPECT_GT(report.at("cores").at(1).at("instructions"), 10'000);
  EXPECT_NE(read_file(directory.path() / "s.yaml").find("flags: [shared]"), std::string::npos);
}

/// Writes the format by hand, in either byte order and ABI.
class TopologyBytes {
 public:
  TopologyBytes(bool big, std::uint32_t abi) : big_(big), abi_(abi) {}
  void word(std::uint32_t value) {
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (big_ ? 24 - 8 * i : 8 * i)));
  }
  void text(const std::string& value, std::size_t size = 44) {
    std::string padded = value;
    padded.resize(size);
    bytes.insert(bytes.end(), padded.begin(), padded.end());
  }
  void zeros(std::size_t count) { bytes.insert(bytes.end(), count, 0); }
  void header(std::uint32_t type, std::uint32_t payload, std::uint32_t count, std::uint32_t index = 1) {
    for (const std::uint32_t value : {0x41536f43u, abi_, 0u, type, 36u, 0u, payload, index, count}) word(value);
  }
  void widget(const std::string& name, std::uint32_t type, std::uint32_t token, std::uint32_t value) {
    word(132);
    word(type);
    text(name);
    text("stream of " + name);
    zeros(6 * 4 + 4);
    word(0);
    word(12 + 8);
    word(12 + 8);
    word(4);  // words
    word(1);
    word(token);
    word(value);
  }
  void pcm(const std::string& name) {
    const std::uint32_t capabilities = abi_ == 4 ? 100 : 104,
                        size = 4 + 88 + 20 + 8 * 72 + 4 + 2 * capabilities + (abi_ == 4 ? 0 : 12);
    header(7, size, 1);
    word(size);
    text(name);
    text("dai");
    for (const std::uint32_t value : {7u, 0u, 1u, 0u, 0u}) word(value);
    zeros(8 * 72 + 4);
    word(capabilities);
    text("stream of host");
    zeros(8 + 8);
    word(44100);
    word(1);
    word(2);
    zeros(capabilities - 4 - 44 - 8 - 5 * 4 - 0);
    zeros(capabilities);
    if (abi_ != 4) zeros(12);
  }
  std::vector<std::uint8_t> bytes;

 private:
  bool big_;
  std::uint32_t abi_;
};

class TopologyEncoding : public testing::TestWithParam<std::tuple<bool, std::uint32_t>> {};

TEST_P(TopologyEncoding, SaysTheSame) {
  const auto [big, abi] = GetParam();
  TopologyBytes file(big, abi);
  file.header(5, 2 * 152, 2, 9);
  file.widget("host", Topology::aif_in, 400, 4);
  file.widget("link", Topology::dai_in, 0xbeef, 0x12345678);
  file.header(4, 132, 1, 9);
  file.text("link");
  file.text("");
  file.text("host");
  file.pcm("music");
  file.header(1000, 3, 1);
  file.zeros(3);
  const Topology topology = parse_topology(file.bytes, "t");
  EXPECT_EQ(topology.big_endian, big);
  EXPECT_EQ(topology.abi, abi);
  ASSERT_EQ(topology.widgets.size(), 2u);
  EXPECT_EQ(topology.widgets[0].name, "host");
  EXPECT_EQ(topology.widgets[0].pipeline, 9u);
  EXPECT_EQ(topology.widgets[0].value(400), 4u);
  EXPECT_EQ(topology.widgets[1].value(0xbeef), 0x12345678u);
  ASSERT_EQ(topology.routes.size(), 1u);
  EXPECT_EQ(topology.routes[0].source, "host");
  EXPECT_EQ(topology.routes[0].sink, "link");
  ASSERT_EQ(topology.pcms.size(), 1u);
  EXPECT_EQ(topology.pcms[0].id, 7u);
  EXPECT_TRUE(topology.pcms[0].playback);
  EXPECT_EQ(topology.pcms[0].playback_capabilities.name, "stream of host");
  EXPECT_EQ(topology.pcms[0].playback_capabilities.rate_max, 44100u);
  EXPECT_EQ(topology.pcms[0].playback_capabilities.channels_max, 2u);
  ASSERT_EQ(topology.others.size(), 1u);
  EXPECT_EQ(topology.others[0].type, 1000u);
}

INSTANTIATE_TEST_SUITE_P(All, TopologyEncoding, testing::Combine(testing::Bool(), testing::Values(4u, 5u)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param) ? "Big" : "Little") + "EndianAbi" +
                                  std::to_string(std::get<1>(info.param));
                         });

std::string refusal_of(const std::vector<std::uint8_t>& bytes) {
  try {
    parse_topology(bytes, "t");
  } catch (const InputError& error) { return error.what(); }
  return "taken";
}

TEST(Topologies, HostileFilesAreRefusedWithTheOffset) {
  TopologyBytes good(false, 5);
  good.header(5, 152, 1);
  good.widget("a", 4, 1, 1);
  EXPECT_EQ(refusal_of(good.bytes), "taken");
  const auto with = [&good](std::size_t offset, std::uint8_t value) {
    std::vector<std::uint8_t> bytes = good.bytes;
    bytes[offset] = value;
    return refusal_of(bytes);
  };
  EXPECT_EQ(refusal_of({}), "t: error: the file has 0 bytes: a topology begins with a header of 36");
  EXPECT_EQ(with(0, 'X'),
            "t: error: at offset 0x0: this is no binary ALSA topology: it does not begin with ASoC; compile text with "
            "alsatplg");
  EXPECT_EQ(with(4, 6), "t: error: at offset 0x4: the topology's ABI is 6; 4 and 5 can be read");
  EXPECT_EQ(with(16, 37), "t: error: at offset 0x10: a block header must have a size of 36, not 37");
  EXPECT_EQ(with(25, 0xff), "t: error: at offset 0x18: the block says that it has 65432 bytes, but only 152 follow");
  EXPECT_EQ(with(32, 2), "t: error: at offset 0xbc: a widget needs 4 bytes, but only 0 are left here");
  EXPECT_EQ(with(32, 0), "t: error: at offset 0x24: 152 bytes are left behind the last of 0 widgets");
  EXPECT_EQ(with(36, 133), "t: error: at offset 0x24: a widget must have a size of 132, not 133");
  EXPECT_EQ(with(40, 99), "t: error: at offset 0x24: widget 'a' has type 99; the format has 0 to 23");
  EXPECT_EQ(with(36 + 128, 0xff),
            "t: error: at offset 0xa8: a widget's private data needs 255 bytes, but only 20 are left here");
  EXPECT_EQ(with(36 + 124, 1), "t: error: at offset 0xbc: a control needs 204 bytes, but only 0 are left here");
  for (std::size_t length = 1; length < good.bytes.size(); ++length)
    EXPECT_NE(refusal_of({good.bytes.begin(), good.bytes.begin() + static_cast<std::ptrdiff_t>(length)}), "taken")
        << length;
}

TEST(Topologies, RefusedFilesEndTheImportAndLeaveNothing) {
  const TemporaryDirectory directory;
  directory.write("bad.tplg", "ASoCxxxxyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy");
  const ProgramResult result = dspmem({"import", "topology", "bad.tplg", "-o", "s.yaml"}, directory.path());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err, "bad.tplg: error: at offset 0x4: the topology's ABI is 2021161080; 4 and 5 can be read\n");
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "s.yaml"));
}

// ---- Recordings ----

std::vector<std::string> recorded_scenarios() {
  std::vector<std::string> names;
  for (const std::string& file : files_below(source_directory() / "scenarios", ".yaml"))
    if (std::filesystem::path(file).parent_path().filename() != "lib" &&
        std::filesystem::path(file).stem() != "million")
      names.push_back(file);
  return names;
}

class Recording : public testing::TestWithParam<std::string> {};

TEST_P(Recording, ReplaysToTheSameVerdictHeapsAndCycles) {
  const TemporaryDirectory directory;
  const ProgramResult recorded = dspmem({"record", GetParam(), "-o", "run.csv"}, directory.path());
  ASSERT_EQ(recorded.err, "");
  ASSERT_EQ(dspmem({"import", "trace", "run.csv", "-o", "again.yaml"}, directory.path()).exit_code, 0);
  const Json first = Json::parse(dspmem({"run", GetParam(), "--json", "-"}, directory.path()).out);
  const ProgramResult replayed = dspmem({"run", "again.yaml", "--json", "-"}, directory.path());
  EXPECT_EQ(replayed.exit_code, recorded.exit_code) << replayed.err;
  const Json again = Json::parse(replayed.out);
  for (const char* key :
       {"verdict", "heaps", "zones", "operations", "footprint", "cycles", "cores", "allocations", "frees"})
    EXPECT_EQ(first.at(key), again.at(key)) << key;
  EXPECT_EQ(first.contains("energy"), again.contains("energy"));
  if (first.contains("energy")) { EXPECT_EQ(first.at("energy").at("policies"), again.at("energy").at("policies")); }
  const auto rules = [](const Json& report) {
    std::multiset<std::string> all;
    for (const Json& finding : report.at("findings"))
      all.insert(finding.at("rule").get<std::string>() + " " + finding.at("kind").get<std::string>());
    return all;
  };
  EXPECT_EQ(rules(first), rules(again));
}

INSTANTIATE_TEST_SUITE_P(All, Recording, testing::ValuesIn(recorded_scenarios()), [](const auto& info) {
  return test_name(std::filesystem::relative(info.param, source_directory() / "scenarios").replace_extension());
});

// ---- Traces ----

constexpr char two_cores_trace[] =
    "# dspmem-trace 1\n# platform: smp_noalias\n# unit: us\ntime,core,op,zone,flags,caps,size,alignment,id\n"
    "100,0,alloc,runtime,,,100,,1\n"
    "110,1,alloc,buffer,,ram,3000,256,2\n"
    "120,1,free,,,,,,1\n"  // on another core than the allocation's
    "200,0,free,,,,,,2\n";

TEST(Traces, RowsOfSeveralCoresFollowEachOtherInTimeAndOrder) {
  const TemporaryDirectory directory;
  directory.write("t.csv", two_cores_trace);
  ASSERT_EQ(dspmem({"import", "trace", "t.csv", "-o", "s.yaml"}, directory.path()).exit_code, 0);
  const ProgramResult result = dspmem({"run", "s.yaml", "--json", "-"}, directory.path());
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  const Json report = Json::parse(result.out);
  EXPECT_EQ(report.at("frees"), 2);
  EXPECT_GE(report.at("cycles"), 100u * report.at("clock_mhz").get<unsigned>())
      << "the last row is 100 us behind the first";
}

TEST(Traces, CompressedOnesAreRead) {
  const TemporaryDirectory directory;
  directory.write("t.csv", two_cores_trace);
  for (const auto& [tool, name] : {std::pair("gzip", "t.csv.gz"), std::pair("zstd", "t.csv.zst")}) {
    ASSERT_EQ(run_program({tool, "-k", "-q", "t.csv"}, directory.path()).exit_code, 0);
    const ProgramResult imported = dspmem({"import", "trace", name, "-o", "s.yaml"}, directory.path());
    EXPECT_EQ(imported.out, std::string(name) + ": 4 rows on 2 cores\n") << imported.err;
    EXPECT_EQ(dspmem({"run", "s.yaml", "--quiet"}, directory.path()).out.substr(0, 5), "PASS ");
    std::filesystem::resize_file(directory.path() / name, std::filesystem::file_size(directory.path() / name) / 2);
    const ProgramResult cut = dspmem({"import", "trace", name, "-o", "s.yaml"}, directory.path());
    EXPECT_EQ(cut.exit_code, 2) << cut.out;
  }
}

struct BadTrace {
  const char* name;
  const char* rows;  ///< behind the line of columns
  const char* message;
};
std::ostream& operator<<(std::ostream& out, const BadTrace& bad) { return out << bad.name; }

class BadTraces : public testing::TestWithParam<BadTrace> {};

TEST_P(BadTraces, AreRefusedWithThePlace) {
  const TemporaryDirectory directory;
  directory.write("t.csv", std::string("time,core,op,zone,flags,caps,size,alignment,id,detail\n") + GetParam().rows);
  directory.write("s.yaml", "name: x\nplatform: tgl\ncores: {0: [{trace: t.csv}]}\n");
  const ProgramResult result = dspmem({"run", "s.yaml"}, directory.path());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err, GetParam().message + std::string("\n"));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadTraces,
    testing::Values(
        BadTrace{"UnknownZone", "0,0,alloc,runtim,,,4,,1,\n",
                 "t.csv:2:11: error: 'runtim' is not a known zone; did you mean 'runtime'?"},
        BadTrace{"UnknownFlag", "0,0,alloc,,shred,,4,,1,\n",
                 "t.csv:2:12: error: 'shred' is not a known flag; did you mean 'shared'?"},
        BadTrace{"UnknownCapability", "0,0,alloc,,,ram+dna,4,,1,\n",
                 "t.csv:2:17: error: 'dna' is not a known capability; did you mean 'dma'?"},
        BadTrace{"NoSize", "0,0,alloc,,,,,,1,\n", "t.csv:2:5: error: 'alloc' needs a 'size' above 0"},
        BadTrace{"NoId", "0,0,free,,,,,,,\n",
                 "t.csv:2:5: error: 'free' needs an 'id': what the object is called, or its number"},
        BadTrace{"SizeNoNumber", "0,0,alloc,,,,4x,,1,\n",
                 "t.csv:2:14: error: 'size' must be a whole number up to 2147483647, not '4x'"},
        BadTrace{"OddAlignment", "0,0,alloc,,,,4,3,1,\n",
                 "t.csv:2:16: error: 'alignment' must be a power of two, not 3"},
        BadTrace{"UnknownStep", "0,0,alok,,,,4,,1,\n",
                 "t.csv:2:1: error: there is no step 'alok'; did you mean 'alloc'?"},
        BadTrace{"BadStep", "0,0,write,,,,,,,{too: a}\n",
                 "t.csv:2:1: error: step 'write' needs 'to'; is 'too' meant to be it?"},
        BadTrace{"FreedTwice", "0,0,alloc,,,,4,,1,\n0,0,free,,,,,,1,\n0,0,free,,,,,,1,\n",
                 "t.csv:4:1: error: object 1 does not exist at this moment"},
        BadTrace{"AllocatedTwice", "0,0,alloc,,,,4,,1,\n0,0,alloc,,,,4,,1,\n",
                 "t.csv:3:1: error: object 1 is allocated while it exists: it must be freed before"},
        BadTrace{"ForgottenCore", "0,0,alloc,,,,4,,1,\n0,1,free,,,,,,1,\n",
                 "s.yaml:3:14: error: 't.csv' has rows of core 1 (line 3), which has no step 'trace' with this file"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Traces, ManyRowsTakeNoMoreMemoryThanFew) {
  const TemporaryDirectory directory;
  const auto resident = [&directory](int rows) {
    std::ofstream out(directory.path() / "t.csv");
    out << "op,id,size\n";
    for (int i = 0; i < rows; ++i) out << "alloc," << i << ",64\nfree," << i << ",\n";
    out.close();
    return measure({dspmem_executable(), "run", "-q",
                    directory.write("s.yaml", "name: x\nplatform: tgl\ncores: {0: [{trace: t.csv}]}\n")})
        .resident;
  };
  EXPECT_LT(resident(200'000), resident(20'000) + (2u << 20));
}

ProgramResult replayed(const std::string& trace, const std::string& steps = "[{trace: t.csv}]",
                       std::vector<std::string> options = {"--quiet"}) {
  const TemporaryDirectory directory;
  directory.write("t.csv", trace);
  directory.write("s.yaml", "name: x\nplatform: tgl\ncores: {0: " + steps + "}\n");
  options.insert(options.begin(), {"run", "s.yaml"});
  return dspmem(options, directory.path());
}

TEST(Traces, NumberedBuffersCanBeReallocated) {
  EXPECT_EQ(replayed("op,id,zone,size\nalloc,1,buffer,1000\nrealloc,1,,2000\nfree,1,,\n").out.substr(0, 5), "PASS ");
}

TEST(Traces, WhatFailedIsFreedAsNothing) {
  EXPECT_EQ(
      replayed("op,id,zone,size,flags\nalloc,1,buffer,700000,\nalloc,2,buffer,1500000,may_fail\nfree,2,,,\nfree,1,,,\n")
          .out.substr(0, 5),
      "PASS ");
}

TEST(Traces, OneFileCanBeReplayedAgain) {
  EXPECT_EQ(
      replayed("op,id,size\nalloc,1,10\nfree,1,\n", "[{repeat: {times: 5, steps: [{trace: t.csv}]}}, {trace: t.csv}]")
          .out.substr(0, 5),
      "PASS ");
}

TEST(Traces, ZeroedMemoryKeepsItsAlignment) {
  for (const char* allocator : {"zones", "newlib"})
    EXPECT_EQ(
        replayed("op,id,zone,size,alignment\nalloc,1,buffer,100,\nzalloc,2,buffer,100,4096\nfree,2,,,\nfree,1,,,\n",
                 "[{trace: t.csv}]", {"--quiet", "--allocator", allocator})
            .out.substr(0, 5),
        "PASS ");
}

TEST(Traces, MetadataIsNotLostWithoutAWord) {
  EXPECT_EQ(replayed("# units: ms\nop,id,size\n").err,
            "t.csv:1:3: error: 'units' means nothing here; did you mean 'unit'?\n");
  EXPECT_EQ(replayed("op,id,size\n# unit: ms\nalloc,1,4\n").err,
            "t.csv:2:3: error: 'unit' must stand in front of the line that names the columns\n");
  EXPECT_EQ(replayed("# a comment: for people\nop,id,size\nalloc,1,4\nfree,1,\n").out.substr(0, 5), "PASS ");
}

TEST(Traces, TimesBeyondReasonAreRefused) {
  EXPECT_EQ(replayed("# unit: s\ntime,op,id,size\n0,alloc,1,4\n18446744074,free,1,\n").err,
            "t.csv:4:1: error: time 18446744074 lies too far behind that of the first row, 0\n");
}

TEST(Traces, BarriersNeedCoresThatGoOnByThemselves) {
  EXPECT_EQ(replayed("op,id,detail\nbarrier,,all\n").err,
            "t.csv:2:1: error: rows that follow each other cannot meet at a barrier; '# order: steps' lets each core "
            "go on by itself\n");
}

TEST(Recordings, NamesThatATraceCannotHoldAreRefused) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", "name: x\nplatform: tgl\ncores: {0: [{alloc: {as: '17', bytes: 4}}]}\n");
  const ProgramResult result = dspmem({"record", "s.yaml", "-o", "t.csv"}, directory.path());
  EXPECT_EQ(result.err,
            "s.yaml:3:14: error: the name '17' cannot be written into a trace: it has a comma, a blank at an end, or "
            "nothing but digits\n");
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "t.csv"));
}

TEST(Outputs, NeverReplaceTheInput) {
  const TemporaryDirectory directory;
  directory.write("t.csv", two_cores_trace);
  directory.write("l.trace.csv", "Memory allocated at 0x100, size 32\n");
  EXPECT_EQ(dspmem({"import", "trace", "t.csv", "-o", "t.csv"}, directory.path()).err,
            "dspmem: error: --output: 't.csv' is what is read; name another file\n");
  EXPECT_EQ(dspmem({"import", "trace", "l.trace.csv", "-o", "l.yaml"}, directory.path()).err,
            "dspmem: error: --output: 'l.trace.csv' is what is read; name another file\n");
  EXPECT_EQ(read_file(directory.path() / "t.csv"), two_cores_trace);
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "l.yaml"));
}

TEST(Platforms, AreFoundFromAScenarioInAnotherFolder) {
  const TemporaryDirectory directory;
  directory.write("mine.yaml", read_file(source_directory() / "configs/platforms/tgl.yaml"));
  directory.write("t.csv", two_cores_trace);
  std::filesystem::create_directory(directory.path() / "sub");
  ASSERT_EQ(
      dspmem({"import", "trace", "t.csv", "-o", "sub/s.yaml", "--platform", "./mine.yaml"}, directory.path()).exit_code,
      0);
  EXPECT_EQ(dspmem({"check", "sub/s.yaml"}, directory.path()).exit_code, 0);
}

// ---- Logs ----

std::string csv_of(const std::string& log, HeapLogSummary* summary = nullptr) {
  LineSource source(std::string_view(log), "log");
  std::ostringstream out;
  TraceWriter writer(out);
  const HeapLogSummary made = import_heap_log(source, "tgl", Zone::runtime, writer);
  if (summary) *summary = made;
  const std::string text = out.str();
  const std::size_t columns = text.find("time,core");
  return columns == std::string::npos ? text : text.substr(text.find('\n', columns) + 1);
}

TEST(HeapLogs, ZephyrListeners) {
  HeapLogSummary summary;
  EXPECT_EQ(csv_of("*** Booting Zephyr OS ***\n"
                   "[00:00:01.000,250] <inf> app: Heap 0x60012000, alloc 0x60012040, size 128\n"
                   "[00:00:01.001,000] <inf> app: Heap 0x60012000, alloc 0x600120c0, size 24\n"
                   "[00:00:02.000,000] <inf> app: Heap 0x60012000, free 0x60012040, size 128\n"
                   "Heap 0x60012000, free 0x60000000, size 16\n",
                   &summary),
            "1000250,0,alloc,runtime,,,128,,1,\n1001000,0,alloc,runtime,,,24,,2,\n2000000,0,free,,,,,,1,\n");
  EXPECT_EQ(summary.other, 1u);
  EXPECT_EQ(summary.unknown_frees, 1u);
  EXPECT_EQ(summary.still_allocated, 1u);
}

// A listener hears of a block that grows where it is as an allocation at the same address, then a free of the old size.
TEST(HeapLogs, ReallocationInPlaceIsNoFree) {
  EXPECT_EQ(csv_of("Memory allocated at 0x100, size 32\nMemory allocated at 0x100, size 64\nMemory freed at 0x100, "
                   "size 32\nMemory freed at 0x100, size 64\n"),
            "0,0,alloc,runtime,,,32,,1,\n0,0,free,,,,,,1,\n0,0,alloc,runtime,,,64,,2,\n0,0,free,,,,,,2,\n");
}

TEST(HeapLogs, SofPagesFailuresAndCores) {
  HeapLogSummary summary;
  const std::string csv = csv_of(
      "[       1234.567] (       0.123) c1 vpage        zephyr/lib/vpage.c:99   INFO vpage_alloc ptr 0xa0020000 pages "
      "3 free 5/8\n"
      "[       1300.000] (      65.433) c0 memory       src/lib/alloc.c:700   ERROR failed to alloc 0x200 bytes zone "
      "0x2 caps 0x1 flags 0x0\n"
      "[       1400.000] (     100.000) c2 vpage        zephyr/lib/vpage.c:120   INFO vptr 0xa0020000 free/total pages "
      "8/8\n",
      &summary);
  EXPECT_EQ(csv, "1234,1,alloc,runtime,,,12288,,1,\n# line 2: 512 bytes were not to be had\n1400,2,free,,,,,,1,\n");
  EXPECT_EQ(summary.failures, 1u);
  EXPECT_EQ(summary.cores, (std::set<std::uint32_t>{1, 2}));
}

TEST(HeapLogs, TimesBehindColoursAndInSeconds) {
  EXPECT_EQ(csv_of("\x1b[1;31m[00:00:00.000,007] <inf> x: Memory allocated at 0x100, size 32\n[   12.345678] Memory "
                   "freed at 0x100, size 32\n"),
            "7,0,alloc,runtime,,,32,,1,\n12345678,0,free,,,,,,1,\n");
  HeapLogSummary summary;
  csv_of(
      "[00001000] Memory allocated at 0x100, size 32\n[00:00:09.000,000] Memory freed at 0x100, size "
      "32\n[00:00:01.000,000] Memory allocated at 0x100, size 32\n",
      &summary);
  EXPECT_EQ(summary.untimed, 1u);
  EXPECT_EQ(summary.backwards, 1u);
}

TEST(HeapLogs, OfGlibc) {
  HeapLogSummary summary;
  EXPECT_EQ(csv_of("= Start\n"
                   "@ ./player:[0x401156] + 0x4052a0 0x40\n"
                   "@ /lib/libc.so.6:(fopen+0x1f)[0x7f12] + 0x405300 0x1d8\n"
                   "@ ./player:[0x401170] < 0x4052a0\n"
                   "@ ./player:[0x401170] > 0x4060a0 0x80\n"
                   "@ ./player:[0x401180] - 0x405300\n"
                   "= End\n",
                   &summary),
            "0,0,alloc,runtime,,,64,,1,\n0,0,alloc,runtime,,,472,,2,\n0,0,free,,,,,,1,\n0,0,alloc,runtime,,,128,,3,\n"
            "0,0,free,,,,,,2,\n");
  EXPECT_EQ(summary.still_allocated, 1u);
  EXPECT_EQ(summary.other, 2u);
}

TEST(HeapLogs, OfEspIdf) {
  HeapLogSummary summary;
  EXPECT_EQ(csv_of("2 allocations trace (100 entry buffer)\n"
                   "32 bytes (@ 0x3ffaf214) allocated CPU 0 ccount 0x2e9b7384 caller 0x400d276d:0x400d27c1\n"
                   "freed by 0x400d276d:0x400d27c1\n"
                   "8 bytes (@ 0x3ffaf804) allocated CPU 1 ccount 0x2e9b79c0 caller 0x400d2776:0x400d27c1\n"
                   "40 bytes 'leaked' in trace (1 allocations)\n",
                   &summary),
            "0,0,alloc,runtime,,,32,,1,\n0,0,free,,,,,,1,\n0,1,alloc,runtime,,,8,,2,\n");
  EXPECT_EQ(summary.still_allocated, 1u);
}

TEST(HeapLogs, OfFreeRtosTraceMacros) {
  HeapLogSummary summary;
  EXPECT_EQ(csv_of("[   0.000100] traceMALLOC(0x20001000, 64)\ntraceMALLOC,0x20002000,32\ntraceMALLOC(0x0, 9000)\n"
                   "traceFREE(0x20001000, 64)\n",
                   &summary),
            "100,0,alloc,runtime,,,64,,1,\n100,0,alloc,runtime,,,32,,2,\n# line 3: 9000 bytes were not to be had\n"
            "100,0,free,,,,,,1,\n");
  EXPECT_EQ(summary.failures, 1u);
}

TEST(HeapLogs, AreImportedAndReplayed) {
  const TemporaryDirectory directory;
  directory.write("boot.log",
                  "boot\nHeap 0x60012000, alloc 0x60012040, size 128\nHeap 0x60012000, free 0x60012040, size 128\n");
  directory.write("s.csv", "mine\n");
  const ProgramResult imported = dspmem({"import", "trace", "boot.log", "-o", "s.yaml"}, directory.path());
  EXPECT_EQ(read_file(directory.path() / "s.csv"), "mine\n");
  EXPECT_EQ(
      imported.out,
      "boot.log: 3 lines; 1 allocations, 1 frees, 0 objects still allocated at the end\n  2 operations have no time "
      "that could be read, and follow the one before\n  1 lines are about something else\n  trace: s.trace.csv\n")
      << imported.err;
  EXPECT_EQ(dspmem({"run", "s.yaml", "--quiet"}, directory.path()).out.substr(0, 5), "PASS ");
}

// ---- Costs ----

TEST(Histogram, QuantilesAreThoseOfASortedListToOnePartInATwoThousand) {
  std::uint64_t state = 7;
  for (const std::uint64_t range : {10ull, 2000ull, 5000ull, 1ull << 40}) {
    Histogram histogram;
    std::vector<std::uint64_t> all;
    for (int i = 0; i < 20'000; ++i) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      all.push_back((state >> 20) % range);
      histogram.add(all.back());
    }
    std::sort(all.begin(), all.end());
    for (const unsigned part : {1u, 250u, 500u, 990u, 1000u}) {
      const std::uint64_t exact = all[(all.size() * part + 999) / 1000 - 1], told = histogram.quantile(part);
      EXPECT_GE(told, exact) << range;
      EXPECT_LE(told, exact + exact / 1024) << range;
      if (range <= 2000) { EXPECT_EQ(told, exact); }
    }
    EXPECT_EQ(histogram.quantile(1000), all.back());
  }
  EXPECT_EQ(Histogram().quantile(500), 0u);
}

}  // namespace
}  // namespace dspmem::test
