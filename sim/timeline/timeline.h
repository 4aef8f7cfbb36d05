// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <ostream>
#include <string>

#include "models/observe/operation.h"
#include "sim/events/bus.h"
#include "sim/result/result.h"

namespace dspmem {

/// Writes what happened as a timeline in the trace event format that Perfetto (ui.perfetto.dev) and chrome://tracing
/// open: each core's steps, bytes of each zone, banks by state, findings with an arrow from the write to the read that
/// missed it. Times are simulated microseconds.
///
/// It writes as the run goes on and keeps no events. Steps and heap counters end after `most_events`; how many were
/// left out is said in "otherData".
class Timeline final : public Subscriber {
 public:
  static constexpr std::uint64_t most_events = 1'000'000;

  /// `clock_mhz`: of cycles. REQUIRES: the stream outlives this.
  Timeline(std::ostream& out, std::uint32_t clock_mhz);

  void on(const StepBegan& event) override;
  void on(const Allocated& event) override;
  void on(const Freeing& event) override;
  void on(const Resizing& event) override;
  void on(const CoreChanged& event) override;
  void on(const BankChanged& event) override;

  /// Nothing happens any more.
  void finish(const Result& result);

 private:
  struct OpenStep {
    std::string kind, where;
    std::uint64_t since = 0;
    bool open = false;
  };
  double microseconds(std::uint64_t cycle) const { return static_cast<double>(cycle) / clock_mhz_; }
  void write(const std::string& event);
  bool has_room();
  void end_step(AgentId agent, std::uint64_t cycle);
  void count_heap(const HeapBlock& block, std::int64_t change, std::uint64_t cycle);
  void name_track(AgentId agent, const std::string& name);
  void write_finding(const Result::Finding& finding, std::size_t number);

  std::ostream& out_;
  std::uint32_t clock_mhz_;
  bool first_ = true;
  std::uint64_t events_ = 0, dropped_ = 0;
  std::array<OpenStep, max_agents> steps_;
  std::map<std::string, std::int64_t> zone_bytes_;
  std::map<std::string, BankState> banks_;
};

}  // namespace dspmem
