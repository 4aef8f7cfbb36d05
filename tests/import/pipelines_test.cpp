// SPDX-License-Identifier: Apache-2.0
// Pipelines of topologies: when they exist, in which memory, how often they work, and in which order. Sizes were worked
// out by hand.
#include <gtest/gtest.h>

#include <regex>

#include "tests/import/topology_maker.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

TopologyScenarioOptions options_for(std::uint32_t cores = 1) {
  TopologyScenarioOptions options;
  options.name = "made";
  options.platform = "tgl";
  options.platform_cores = cores;
  options.low_power_bytes = 65280;
  return options;
}

/// IPC3: a host, a buffer, a gain on its way to a DAI, in one pipeline.
void add_playback(Maker& maker, std::uint32_t pipeline, std::vector<std::pair<std::uint32_t, std::uint32_t>> scheduler,
                  std::uint32_t buffer_bytes = 384) {
  const std::string number = std::to_string(pipeline);
  Topology::Widget& made = maker.widget("PIPELINE." + number, Topology::scheduler, pipeline);
  for (const auto& [token, value] : scheduler) Maker::say(made, token, value);
  maker.widget("host" + number, Topology::aif_in, pipeline).stream = "stream " + number;
  Maker::say(maker.widget("buffer" + number, Topology::buffer, pipeline), sof_token::buffer_size, buffer_bytes);
  maker.widget("dai" + number, Topology::dai_out, pipeline);
  maker.route("host" + number, "buffer" + number);
  maker.route("buffer" + number, "dai" + number);
  Topology::Pcm& pcm = maker.topology.pcms.emplace_back();
  pcm.name = "PCM" + number;
  pcm.playback = true;
  pcm.playback_capabilities.name = "stream " + number;
}

std::size_t position(const std::string& text, const std::string& wanted) { return text.find(wanted); }

/// Replays a scenario; everything in it must fit, and nothing be found.
void expect_clean(const TopologyScenario& scenario, const Maker& maker, const TopologyScenarioOptions& options) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", text_of(scenario, maker.topology, options));
  const ProgramResult run = run_program({dspmem_executable(), "run", "s.yaml"}, directory.path());
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err << text_of(scenario, maker.topology, options);
}

std::string all_of(const std::vector<std::string>& remarks) {
  std::string text;
  for (const std::string& each : remarks) text += each + "\n";
  return text;
}

TEST(DynamicPipelines, ExistWhileTheirStreamRuns) {
  Maker maker;
  add_playback(maker, 1, {});
  add_playback(maker, 2, {{sof_token::dynamic_pipeline, 1}});
  const TopologyScenario scenario = maker.made(options_for());
  const std::string& steps = scenario.steps.at(0);
  const std::size_t start = position(steps, "# Streams are opened and start.");
  EXPECT_LT(position(steps, "as: \"buffer1 data\""), start);
  EXPECT_GT(position(steps, "as: \"buffer2 data\""), start);
  EXPECT_GT(position(steps, "as: \"pipeline 2 pipeline\""), start);
  EXPECT_GT(position(steps, "as: \"host1 dma\""), start);  // as ever: when the stream is opened
  expect_clean(scenario, maker, options_for());
}

TEST(DynamicPipelines, OfOtherStreamsAreNotThereAndStaticOnesAre) {
  Maker maker;
  add_playback(maker, 1, {});
  add_playback(maker, 2, {{sof_token::dynamic_pipeline, 1}});
  add_playback(maker, 3, {});
  Maker open;
  open.topology = with_streams(maker.topology, {"PCM1"});
  const TopologyScenario scenario = open.made(options_for());
  EXPECT_EQ(bytes_of(scenario, "buffer1 data"), 384u);
  EXPECT_EQ(bytes_of(scenario, "host1 dma"), 768u);  // two periods of 48 frames, two channels, four bytes
  EXPECT_EQ(bytes_of(scenario, "buffer2 data"), 0u);
  EXPECT_EQ(bytes_of(scenario, "buffer3 data"), 384u);
  EXPECT_EQ(bytes_of(scenario, "host3 dma"), 0u);  // its stream is not open
  EXPECT_EQ(scenario.steps.at(0).find("from: \"buffer3 data\""), std::string::npos);
  expect_clean(scenario, open, options_for());
}

TEST(DynamicPipelines, OfIpc4AreAllOfThem) {
  Maker maker;
  maker.scheduler();
  {
    Topology::Widget& host = maker.widget("host", Topology::aif_in);
    host.stream = "one";
    Maker::input(host, 384);
    Maker::output(host, 384);
  }
  maker.scheduler(2);
  Topology::Widget& other = maker.widget("other", Topology::aif_in, 2);
  other.stream = "two";
  Maker::input(other, 384);
  for (const char* name : {"one", "two"}) {
    Topology::Pcm& pcm = maker.topology.pcms.emplace_back();
    pcm.name = name;
    pcm.playback = true;
    pcm.playback_capabilities.name = name;
  }
  const std::string steps = maker.made(options_for()).steps.at(0);
  EXPECT_GT(position(steps, "as: \"host host\""), position(steps, "# Streams are opened and start."));
  Maker open;
  open.topology = with_streams(maker.topology, {"one"});
  EXPECT_EQ(bytes_of(open.made(options_for()), "other host"), 0u);
}

TEST(LowPowerMode, PutsBuffersIntoLowPowerMemory) {
  Maker maker;
  add_playback(maker, 1, {{sof_token::low_power_mode, 1}});
  add_playback(maker, 2, {});
  const TopologyScenario scenario = maker.made(options_for());
  const std::string& steps = scenario.steps.at(0);
  EXPECT_NE(steps.find("as: \"buffer1 data\", zone: buffer, bytes: 384, capabilities: [lp]"), std::string::npos)
      << steps;
  EXPECT_NE(steps.find("as: \"host1 dma\", zone: buffer, bytes: 768, capabilities: [lp]"), std::string::npos) << steps;
  EXPECT_EQ(steps.find("as: \"buffer2 data\", zone: buffer, bytes: 384, capabilities: [lp]"), std::string::npos);
  EXPECT_EQ(steps.find("as: \"buffer1 buffer\", zone: runtime, bytes: 192, capabilities: [lp]"),
            std::string::npos);  // its structure
  expect_clean(scenario, maker, options_for());
}

TEST(LowPowerMode, SaysWhatDoesNotFit) {
  Maker maker;
  add_playback(maker, 1, {{sof_token::low_power_mode, 1}}, 60000);
  add_playback(maker, 2, {{sof_token::low_power_mode, 1}}, 60000);
  const TopologyScenario scenario = maker.made(options_for());
  EXPECT_NE(scenario.steps.at(0).find("as: \"buffer2 data\", zone: buffer, bytes: 60000, capabilities: [lp]"),
            std::string::npos);
  EXPECT_NE(scenario.steps.at(0).find("as: \"buffer1 data\", zone: buffer, bytes: 60000, align: 64"), std::string::npos)
      << scenario.steps.at(0);
  EXPECT_EQ(scenario.remarks.back(),
            "low-power mode (token SOF_TKN_SCHED_LP_MODE (207)): the 65280 bytes of low-power memory are not enough "
            "for 'buffer1 data': it is in the other memory");
  TopologyScenarioOptions none = options_for();
  none.low_power_bytes = 0;
  EXPECT_EQ(maker.made(none).remarks.back(),
            "low-power mode (token SOF_TKN_SCHED_LP_MODE (207)): the platform has no low-power memory");
}

struct Rates {
  std::uint32_t least, most, dma;
};
class StreamRates : public testing::TestWithParam<Rates> {};

TEST_P(StreamRates, AreUsualOnesUnlessTheStreamHasOthers) {
  Maker maker;
  add_playback(maker, 1, {});
  maker.topology.pcms[0].playback_capabilities.rate_min = GetParam().least;
  maker.topology.pcms[0].playback_capabilities.rate_max = GetParam().most;
  EXPECT_EQ(bytes_of(maker.made(options_for()), "host1 dma"), GetParam().dma);
}

// Two periods of a millisecond, two channels, four bytes.
INSTANTIATE_TEST_SUITE_P(All, StreamRates,
                         testing::Values(Rates{48000, 48000, 768}, Rates{8000, 192000, 768}, Rates{96000, 96000, 1536},
                                         Rates{96000, 192000, 1536}, Rates{192000, 192000, 3072},
                                         Rates{16000, 16000, 256}, Rates{8000, 44100, 704}, Rates{0, 0, 768}));

struct Format {
  std::uint32_t rate, dma;
};
class FormatsByRate : public testing::TestWithParam<Format> {};

TEST_P(FormatsByRate, TheStreamsRateChooses) {
  Maker maker;
  maker.scheduler();
  Topology::Widget& host = maker.widget("host", Topology::aif_in);
  host.stream = "stream";
  for (const auto& [rate, bytes] : {std::pair{16000u, 128u}, {48000u, 384u}, {96000u, 768u}, {48000u, 192u}}) {
    Maker::say(host, sof_token::input_rate, rate);
    Maker::input(host, bytes);
  }
  Topology::Pcm& pcm = maker.topology.pcms.emplace_back();
  pcm.name = "PCM";
  pcm.playback = true;
  pcm.playback_capabilities.name = "stream";
  pcm.playback_capabilities.rate_min = pcm.playback_capabilities.rate_max = GetParam().rate;
  EXPECT_EQ(bytes_of(maker.made(options_for()), "host dma"), GetParam().dma);
}

// Twice what the host takes in a millisecond, in the first format of the rate; without one in the first.
INSTANTIATE_TEST_SUITE_P(All, FormatsByRate,
                         testing::Values(Format{16000, 256}, Format{48000, 768}, Format{96000, 1536},
                                         Format{32000, 256}));

TEST(Priorities, GoBeforeTheOrderOfTheFile) {
  for (const bool second_first : {false, true}) {
    Maker maker;
    add_playback(maker, 1, {{sof_token::scheduling_priority, second_first ? 4u : 0u}});
    add_playback(maker, 2, {{sof_token::scheduling_priority, second_first ? 0u : 4u}});
    const std::string steps = maker.made(options_for()).steps.at(0);
    EXPECT_EQ(position(steps, "        # host2") < position(steps, "        # host1"), second_first) << steps;
  }
}

TEST(Priorities, DoNotTurnTheDataRound) {
  // The sink's pipeline is more urgent than its source's: it still comes behind.
  Maker maker;
  add_playback(maker, 1, {{sof_token::scheduling_priority, 7}});
  Maker::say(maker.widget("PIPELINE.2", Topology::scheduler, 2), sof_token::scheduling_priority, 0);
  maker.widget("mixer", 3, 2);
  maker.route("buffer1", "mixer");
  const std::string steps = maker.made(options_for()).steps.at(0);
  EXPECT_LT(position(steps, "        # host1"), position(steps, "        # mixer")) << steps;
}

struct Periods {
  std::vector<std::uint32_t> periods;
  std::string round;  ///< what the outermost loop says
  std::vector<std::size_t> rounds;  ///< how often each pipeline works in it
};
class PeriodsOfPipelines : public testing::TestWithParam<std::tuple<Periods, std::uint32_t>> {};

TEST_P(PeriodsOfPipelines, AreTheirOwn) {
  const auto& [wanted, cores] = GetParam();
  Maker maker;
  for (std::size_t i = 0; i < wanted.periods.size(); ++i)
    add_playback(maker, static_cast<std::uint32_t>(i + 1),
                 {{sof_token::scheduling_period, wanted.periods[i]},
                  {sof_token::scheduling_core, static_cast<std::uint32_t>(i) % cores}});
  const TopologyScenario scenario = maker.made(options_for(cores));
  for (std::size_t i = 0; i < wanted.periods.size(); ++i) {
    const std::string& steps = scenario.steps.at(static_cast<std::uint32_t>(i) % cores);
    EXPECT_NE(steps.find("period: " + wanted.round), std::string::npos) << steps;
    const std::regex work("# host" + std::to_string(i + 1) + "\n");
    EXPECT_EQ(static_cast<std::size_t>(
                  std::distance(std::sregex_iterator(steps.begin(), steps.end(), work), std::sregex_iterator())),
              wanted.rounds[i])
        << steps;
    // 48 frames a millisecond, eight bytes each, two periods.
    EXPECT_EQ(bytes_of(scenario, "host" + std::to_string(i + 1) + " dma"), wanted.periods[i] * 48 / 1000 * 8 * 2);
  }
  EXPECT_TRUE(scenario.remarks.empty() || scenario.remarks[0].find("periods") == std::string::npos);
  expect_clean(scenario, maker, options_for(cores));
}

INSTANTIATE_TEST_SUITE_P(All, PeriodsOfPipelines,
                         testing::Combine(testing::Values(Periods{{1000, 1000}, "1000 us", {1, 1}},
                                                          Periods{{1000, 4000}, "4000 us", {4, 1}},
                                                          Periods{{2000, 3000}, "6000 us", {3, 2}},
                                                          Periods{{1000, 2000, 10000}, "10000 us", {10, 5, 1}},
                                                          Periods{{500, 2000}, "2000 us", {4, 1}}),
                                          testing::Values(1u, 2u)));

TEST(PeriodsOfPipelines, OfIdleOnesDoNotCount) {
  Maker maker;
  for (const auto& [pipeline, period] : {std::pair{1u, 1000u}, {2u, 2000u}, {3u, 500u}})
    add_playback(maker, pipeline, {{sof_token::scheduling_period, period}});
  Maker open;
  open.topology = with_streams(maker.topology, {"PCM1", "PCM2"});
  const TopologyScenario scenario = open.made(options_for());
  EXPECT_NE(scenario.steps.at(0).find("period: 2000 us"), std::string::npos);
  expect_clean(scenario, open, options_for());
}

TEST(PeriodsOfPipelines, LongOnesNeedNotBeDoneInAShortOne) {
  Maker maker;
  add_playback(maker, 1, {{sof_token::scheduling_period, 1000}});
  add_playback(maker, 2, {{sof_token::scheduling_period, 50000}}, 40000);
  expect_clean(maker.made(options_for()), maker, options_for());
}

TEST(LowPowerMode, TakesWholeBlocksOfItsHeap) {
  Maker maker;
  for (std::uint32_t pipeline = 1; pipeline <= 32; ++pipeline)
    add_playback(maker, pipeline, {{sof_token::low_power_mode, 1}}, 400);
  TopologyScenarioOptions options = options_for();
  options.low_power_block = 384;  // 170 of them, and 32 x (2 + 2 + 2) wanted
  const TopologyScenario scenario = maker.made(options);
  EXPECT_NE(all_of(scenario.remarks).find("are not enough"), std::string::npos);
  expect_clean(scenario, maker, options);
}

TEST(PeriodsOfPipelines, WithoutACommonMultipleAreTheShortest) {
  Maker maker;
  add_playback(maker, 1, {{sof_token::scheduling_period, 1000}});
  add_playback(maker, 2, {{sof_token::scheduling_period, 1009}});
  const TopologyScenario scenario = maker.made(options_for());
  EXPECT_NE(scenario.steps.at(0).find("period: 1000 us"), std::string::npos);
  EXPECT_EQ(bytes_of(scenario, "host2 dma"), 768u);  // of a millisecond
  EXPECT_EQ(scenario.remarks.at(0),
            "the periods of the pipelines (token SOF_TKN_SCHED_PERIOD (200)) have no common multiple of at most 64 "
            "ticks: all run every 1000 us, the shortest");
}

/// One pipeline's data goes on in another with another period, on another core: ordered from tick to tick.
TEST(PeriodsOfPipelines, MeetInBuffersThatTwoCoresUse) {
  for (const auto& [source_us, sink_us] : {std::pair{1000u, 4000u}, {4000u, 1000u}, {2000u, 3000u}}) {
    Maker maker;
    add_playback(maker, 1, {{sof_token::scheduling_period, source_us}});
    Topology::Widget& scheduler = maker.widget("PIPELINE.2", Topology::scheduler, 2);
    Maker::say(scheduler, sof_token::scheduling_period, sink_us);
    Maker::say(scheduler, sof_token::scheduling_core, 1);
    maker.widget("mixer", 3, 2);
    maker.widget("speaker", Topology::dai_out, 2);
    maker.route("buffer1", "mixer");
    maker.route("mixer", "speaker");
    const TopologyScenario scenario = maker.made(options_for(2));
    EXPECT_NE(scenario.steps.at(1).find("barrier: tick"), std::string::npos);
    expect_clean(scenario, maker, options_for(2));
  }
}

TEST(Contradictions, AreToldWithWidgetAndToken) {
  Maker maker;
  Topology::Widget& scheduler = maker.widget("pipe", Topology::scheduler);
  for (const std::uint32_t period : {1000, 2000}) Maker::say(scheduler, sof_token::scheduling_period, period);
  Topology::Widget& host = maker.widget("host", Topology::aif_in);
  Maker::say(host, sof_token::input_formats, 3);
  for (const std::uint32_t rate : {48000, 96000}) Maker::say(host, sof_token::input_rate, rate);
  Maker::input(host, 384);
  const TopologyScenario scenario = maker.made(options_for());
  const std::string said = all_of(scenario.remarks);
  EXPECT_NE(said.find("widget 'pipe' says SOF_TKN_SCHED_PERIOD (200) more than once: the first counts, 1000\n"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("widget 'host' says that it has 3 formats (SOF_TKN_COMP_NUM_INPUT_AUDIO_FORMATS (415)), and "
                      "lists 1 (SOF_TKN_CAVS_AUDIO_FORMAT_IBS (1970)): those that it lists count\n"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("widget 'host' lists 2 of SOF_TKN_CAVS_AUDIO_FORMAT_IN_RATE (1900), and 1 of "
                      "SOF_TKN_CAVS_AUDIO_FORMAT_IBS (1970)"),
            std::string::npos)
      << said;
  EXPECT_EQ(bytes_of(scenario, "host dma"), 768u);
  expect_clean(scenario, maker, options_for());
}

TEST(Contradictions, BetweenATopologyAndItsPlatformAreToo) {
  Maker maker;
  add_playback(maker, 1, {}, 60000);
  TopologyScenarioOptions small = options_for();
  small.buffer_bytes = 50000;
  EXPECT_NE(all_of(maker.made(small).remarks)
                .find("buffers need 61536 bytes at a time, and the platform's heaps for them have 50000"),
            std::string::npos)
      << all_of(maker.made(small).remarks);
}

TEST(Tokens, HaveNames) {
  EXPECT_EQ(token_text(1970), "SOF_TKN_CAVS_AUDIO_FORMAT_IBS (1970)");
  EXPECT_EQ(token_text(4711), "4711");
  Maker maker;
  add_playback(maker, 1, {{202, 5}});
  EXPECT_EQ(maker.made(options_for()).remarks.back(),
            "vendor tokens that are kept (as comments) and not used: SOF_TKN_SCHED_MIPS (202)");
}

}  // namespace
}  // namespace dspmem::test
