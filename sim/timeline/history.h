// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "sim/config/platform.h"
#include "sim/events/bus.h"
#include "sim/result/result.h"

namespace dspmem {

/// Collects what heaps, banks and cores did over time, in memory that does not grow with the run: a series keeps at
/// most `most_points`, and from then on the largest value of every two, four, eight... neighbours; a track of steps or
/// bank states keeps `most_spans`, and from then on two neighbours become one; of blocks it keeps `most_blocks`.
class HistoryRecorder final : public Subscriber {
 public:
  static constexpr std::size_t most_points = 2000, most_spans = 4000, most_blocks = 20'000;

  explicit HistoryRecorder(const Platform& platform);

  void on(const StepBegan& event) override;
  void on(const Allocated& event) override;
  void on(const Freeing& event) override;
  void on(const Resizing& event) override;
  void on(const BankChanged& event) override;

  /// What was collected until now, the end of the run.
  Result::History take(std::uint64_t end);

 private:
  struct Zone {
    Result::History::Series series;
    std::int64_t bytes = 0;
    std::uint64_t resolution = 1;
  };
  void count(const HeapBlock& block, std::int64_t change, std::uint64_t cycle);
  static void thin(Zone& zone);
  void end_step(AgentId core, std::uint64_t cycle);
  void end_bank(const std::string& bank, std::uint64_t cycle);
  void add(Result::History::Track& track, Result::History::Span span, const char* joined_name);

  struct Open {
    std::uint64_t since = 0;
    std::string what, where;
    bool open = false;
  };
  const Platform& platform_;
  std::map<std::string, Zone> zones_;
  std::map<std::string, Result::History::Track> banks_;
  std::map<std::string, Open> bank_states_;
  std::map<AgentId, Result::History::Track> cores_;
  std::array<Open, max_agents> steps_;
  std::map<std::uint32_t, Result::History::Block> blocks_;  ///< by address
  std::uint64_t left_out_ = 0;
  bool joined_ = false;
};

}  // namespace dspmem
