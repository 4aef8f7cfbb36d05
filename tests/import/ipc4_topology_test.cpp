// SPDX-License-Identifier: Apache-2.0
// What products with IPC4 allocate for their topologies: small ones, whose buffers were worked out by hand from what
// the kernel's driver and the firmware do (ipc4-topology.c: DMA buffers of two milliseconds; buffers between modules of
// twice the larger of both ends).
#include <gtest/gtest.h>

#include <regex>

#include "tests/import/topology_maker.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

struct Gateway {
  std::uint32_t type, ibs, obs, deep_ms, dma;
};

class Gateways : public testing::TestWithParam<Gateway> {};

TEST_P(Gateways, HaveTheBufferThatTheirDriverAsksFor) {
  const Gateway& wanted = GetParam();
  Maker maker;
  maker.scheduler();
  Topology::Widget& copier = maker.widget("copier", wanted.type);
  Maker::input(copier, wanted.ibs);
  Maker::output(copier, wanted.obs);
  if (wanted.deep_ms) Maker::say(copier, sof_token::deep_buffer_ms, wanted.deep_ms);
  EXPECT_EQ(bytes_of(maker.scenario(), "copier dma"), wanted.dma);
}

// 48 frames of two 16-bit samples are 192 bytes, of 32 bits 384; 96 kHz 768; 16 kHz with four microphones 256; 44.1 kHz
// rounds up to 45 frames.
INSTANTIATE_TEST_SUITE_P(
    All, Gateways,
    testing::Values(Gateway{Topology::aif_in, 192, 384, 0, 384}, Gateway{Topology::aif_in, 384, 384, 0, 768},
                    Gateway{Topology::aif_in, 768, 384, 0, 1536}, Gateway{Topology::aif_in, 360, 384, 0, 720},
                    Gateway{Topology::aif_in, 384, 384, 1, 768}, Gateway{Topology::aif_in, 384, 384, 2, 768},
                    Gateway{Topology::aif_in, 192, 384, 100, 19200}, Gateway{Topology::aif_in, 384, 384, 100, 38400},
                    Gateway{Topology::aif_in, 384, 384, 10, 3840}, Gateway{Topology::aif_out, 384, 192, 0, 384},
                    Gateway{Topology::aif_out, 768, 256, 0, 512}, Gateway{Topology::aif_out, 384, 192, 100, 384},
                    Gateway{Topology::dai_in, 384, 192, 0, 768}, Gateway{Topology::dai_in, 256, 768, 0, 512},
                    Gateway{Topology::dai_out, 384, 192, 0, 384}, Gateway{Topology::dai_out, 192, 768, 0, 1536},
                    Gateway{Topology::dai_out, 384, 384, 100, 768}));

struct Connection {
  std::uint32_t obs, ibs, buffer;
};

class Connections : public testing::TestWithParam<Connection> {};

TEST_P(Connections, AreTwiceTheLargerEnd) {
  const Connection& wanted = GetParam();
  for (const std::uint32_t type : {4u, Topology::buffer}) {  // a gain; a module-copier, whose widget is called a buffer
    Maker maker;
    maker.scheduler();
    Maker::output(maker.widget("first", type), wanted.obs);
    Maker::input(maker.widget("second", type), wanted.ibs);
    maker.route("first", "second");
    const TopologyScenario scenario = maker.scenario();
    EXPECT_EQ(bytes_of(scenario, "first to second"), wanted.buffer);
    EXPECT_EQ(scenario.buffers, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Connections,
                         testing::Values(Connection{192, 192, 384}, Connection{384, 192, 768},
                                         Connection{192, 384, 768}, Connection{768, 384, 1536},
                                         Connection{384, 1536, 3072}, Connection{360, 384, 768},
                                         Connection{0, 384, 768}, Connection{384, 0, 768}, Connection{3072, 64, 6144},
                                         Connection{64, 64, 128}));

TEST(Pins, HaveFormatsOfTheirOwn) {
  Maker maker;
  maker.scheduler();
  Topology::Widget& left = maker.widget("left", 4);
  Maker::output(left, 192);
  Topology::Widget& right = maker.widget("right", 4);
  Maker::output(right, 384);
  Topology::Widget& canceller = maker.widget("canceller", 18);
  Maker::input(canceller, 1536, 0);
  Maker::input(canceller, 96, 1);
  Maker::output(canceller, 128, 0);
  Maker::output(canceller, 640, 1);
  for (const char* each : {"left", "right"}) Maker::name_pin(canceller, sof_token::input_binding, each);
  for (const char* each : {"clean", "reference"}) Maker::name_pin(canceller, sof_token::output_binding, each);
  for (const char* each : {"clean", "reference"}) Maker::input(maker.widget(each, 4), 64);
  for (const char* each : {"left", "right"}) maker.route(each, "canceller");
  for (const char* each : {"clean", "reference"}) maker.route("canceller", each);
  const TopologyScenario scenario = maker.scenario();
  EXPECT_EQ(bytes_of(scenario, "left to canceller"), 3072u);
  EXPECT_EQ(bytes_of(scenario, "right to canceller"), 768u);
  EXPECT_EQ(bytes_of(scenario, "canceller to clean"), 256u);
  EXPECT_EQ(bytes_of(scenario, "canceller to reference"), 1280u);
}

TEST(Pins, TakeTheFirstOfSeveralFormats) {
  Maker maker;
  maker.scheduler();
  Topology::Widget& host = maker.widget("host", Topology::aif_in);
  for (const std::uint32_t bytes : {192, 384, 768}) Maker::input(host, bytes);
  EXPECT_EQ(bytes_of(maker.scenario(), "host dma"), 384u);
}

TEST(ChainDma, IsOneBufferAndNothingElse) {
  for (const bool playback : {true, false}) {
    Maker maker;
    maker.scheduler(1, true);
    maker.scheduler(2, true);
    Topology::Widget& host = maker.widget("host", playback ? Topology::aif_in : Topology::aif_out, 1);
    Maker::input(host, 384);
    Maker::output(host, 192);
    Topology::Widget& link = maker.widget("link", playback ? Topology::dai_out : Topology::dai_in, 2);
    Maker::input(link, 384);
    Maker::output(link, 384);
    maker.route(playback ? "host" : "link", playback ? "link" : "host");
    const TopologyScenario scenario = maker.scenario();
    EXPECT_EQ(bytes_of(scenario, "host chain"), playback ? 768u : 384u);
    std::size_t allocations = 0;
    for (const auto& [core, steps] : scenario.steps)
      for (std::size_t at = steps.find("alloc: "); at != std::string::npos; at = steps.find("alloc: ", at + 1))
        ++allocations;
    EXPECT_EQ(allocations, 1u);
  }
}

TEST(Domains, BringTheirHeapAndStack) {
  Maker maker;
  maker.scheduler();
  Topology::Widget& module = maker.widget("network", 18);
  Maker::input(module, 64);
  Maker::say(module, sof_token::heap_bytes, 49152);
  Maker::say(module, sof_token::stack_bytes, 8192);
  EXPECT_EQ(bytes_of(maker.scenario(), "network heap"), 49152u);
  EXPECT_EQ(bytes_of(maker.scenario(), "network stack"), 8192u);
}

TEST(Widgets, OfThePowerManagementAllocateNothing) {
  for (const std::uint32_t type : {Topology::input, Topology::output, Topology::out_drv}) {
    Maker maker;
    maker.scheduler(1);
    maker.widget("virtual", type, 0);
    EXPECT_EQ(bytes_of(maker.scenario(), std::string("virtual ") + (type == Topology::input    ? "input"
                                                                    : type == Topology::output ? "output"
                                                                                               : "driver")),
              0u);
    EXPECT_EQ(bytes_of(maker.scenario(), "pipeline 0 pipeline"), 0u);
    EXPECT_NE(bytes_of(maker.scenario(), "pipeline 1 pipeline"), 0u);
  }
}

TEST(Sizes, ThatCannotBeAreSaidAndReplaced) {
  Maker none;
  none.scheduler();
  Maker::input(none.widget("silent", Topology::aif_in), 0);
  const TopologyScenario silent = none.scenario();
  EXPECT_NE(std::find_if(silent.remarks.begin(), silent.remarks.end(),
                         [](const std::string& each) {
                           return each.find("'silent'") != std::string::npos && each.find("1970") != std::string::npos;
                         }),
            silent.remarks.end());
  EXPECT_GT(bytes_of(silent, "silent dma"), 0u);
  Maker large;
  large.scheduler();
  Topology::Widget& host = large.widget("deep", Topology::aif_in);
  Maker::input(host, 384);
  Maker::say(host, sof_token::deep_buffer_ms, 4'000'000'000u);
  const TopologyScenario deep = large.scenario(64 * 1024);
  EXPECT_EQ(bytes_of(deep, "deep dma"), 768u);
  EXPECT_NE(std::find_if(deep.remarks.begin(), deep.remarks.end(),
                         [](const std::string& each) {
                           return each.find("'deep'") != std::string::npos && each.find("1981") != std::string::npos;
                         }),
            deep.remarks.end());
}

TEST(Streams, AreWhatIsOpenAtATime) {
  Maker maker;
  for (const std::uint32_t pipeline : {1, 2, 3}) maker.scheduler(pipeline);
  for (const std::uint32_t number : {1, 2}) {
    const std::string name = "host" + std::to_string(number), stream = "stream " + std::to_string(number);
    Topology::Widget& host = maker.widget(name, Topology::aif_in, number);
    host.stream = stream;
    Maker::input(host, 384);
    Maker::output(host, 384);
    Topology::Pcm& pcm = maker.topology.pcms.emplace_back();
    pcm.name = number == 1 ? "Headphone" : "Deepbuffer";
    pcm.playback = true;
    pcm.playback_capabilities.name = stream;
    maker.route(name, "mixout");
  }
  Topology::Widget& mixer = maker.widget("mixout", 3, 3);
  Maker::input(mixer, 384);
  const auto names_of = [](const Topology& topology) {
    std::string names;
    for (const Topology::Widget& each : topology.widgets) names += each.name + " ";
    return names;
  };
  EXPECT_EQ(names_of(with_streams(maker.topology, {"headphone"})), "pipeline.1 pipeline.3 host1 mixout ");
  EXPECT_EQ(names_of(with_streams(maker.topology, {"Headphone", "Deepbuffer"})), names_of(maker.topology));
  EXPECT_EQ(stream_names(maker.topology), (std::vector<std::string>{"Headphone", "Deepbuffer"}));
}

}  // namespace
}  // namespace dspmem::test
