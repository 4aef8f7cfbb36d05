// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "models/observe/operation.h"
#include "sim/config/platform.h"
#include "sim/events/bus.h"

namespace dspmem {

/// Collects signals over time, for waveform viewers (GTKWave): of each bank its state (0 off, 1 retention, 2 on), of
/// each core whether it is powered and the step that it is at, of each zone the bytes asked for. Cores run ahead of
/// each other within a quantum, and a file of value changes is in order of time: changes are kept until the end, 16
/// bytes each, and sorted. At most `most_changes`; what came later is left out, and the file says how many changes that
/// were.
class ValueChanges final : public Subscriber {
 public:
  static constexpr std::size_t most_changes = 4'000'000;

  explicit ValueChanges(const Platform& platform);

  void on(const StepBegan& event) override;
  void on(const Allocated& event) override;
  void on(const Freeing& event) override;
  void on(const Resizing& event) override;
  void on(const CoreChanged& event) override;
  void on(const BankChanged& event) override;

  /// As a VCD file (IEEE 1364). `end`: the last cycle.
  void write(std::ostream& out, std::uint64_t end);

 private:
  struct Signal {
    enum class Kind : std::uint8_t { bank, power, step, bytes };
    Kind kind;
    std::string name;
    std::int64_t value = 0;  ///< the latest
  };
  struct Change {
    std::uint64_t cycle;
    std::uint32_t signal;
    std::int32_t value;  ///< of a step: the number of its text
  };
  std::uint32_t signal(const std::string& name, Signal::Kind kind, std::int64_t initial);
  void change(std::uint32_t signal, std::int64_t value, std::uint64_t cycle);
  void count(const HeapBlock& block, std::int64_t bytes, std::uint64_t cycle);

  std::uint64_t period_ps_;
  std::vector<Signal> signals_;
  std::map<std::string, std::uint32_t> by_name_;
  std::vector<std::int64_t> initial_;
  std::vector<Change> changes_;
  std::map<std::string, std::int32_t> texts_;
  std::uint64_t left_out_ = 0;
};

}  // namespace dspmem
