// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline/history.h"

#include <fmt/format.h>
#include <algorithm>

#include "sim/timeline/bank_state.h"

namespace dspmem {

HistoryRecorder::HistoryRecorder(const Platform& platform) : platform_(platform) {
  for (const SramConfig& sram : platform.system.srams) {
    if (!sram.switchable) continue;
    for (std::uint32_t bank = 0; bank < sram.banks; ++bank) {
      const std::string name = fmt::format("{}{}", sram.name, bank);
      banks_[name].name = name;
      bank_states_[name] = {0, "on", "", true};
    }
  }
}

void HistoryRecorder::add(Result::History::Track& track, Result::History::Span span, const char* joined_name) {
  std::vector<Result::History::Span>& spans = track.spans;
  if (spans.size() >= most_spans) {
    joined_ = true;
    for (std::size_t i = 0; i < spans.size() / 2; ++i) {
      Result::History::Span& first = spans[2 * i];
      const Result::History::Span& second = spans[2 * i + 1];
      spans[i] = {first.begin, second.end, first.what == second.what ? first.what : joined_name, first.where};
    }
    spans.resize(spans.size() / 2);
  }
  spans.push_back(std::move(span));
}

// ---- Heaps --------------------------------------------------------------------------------------

/// Keeps of every two neighbours the larger value, at the time of the first.
void HistoryRecorder::thin(Zone& zone) {
  auto& [name, cycles, values] = zone.series;
  zone.resolution *= 2;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < cycles.size(); ++i) {
    const bool same = kept && cycles[i] / zone.resolution == cycles[kept - 1] / zone.resolution;
    if (same) {
      values[kept - 1] = std::max(values[kept - 1], values[i]);
    } else {
      cycles[kept] = cycles[i];
      values[kept++] = values[i];
    }
  }
  cycles.resize(kept);
  values.resize(kept);
}

void HistoryRecorder::count(const HeapBlock& block, std::int64_t change, std::uint64_t cycle) {
  const std::string name = to_string(block.zone);
  Zone& zone = zones_[name];
  zone.series.name = name;
  zone.bytes += change;
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(zone.bytes, 0));
  auto& [series_name, cycles, values] = zone.series;
  if (!cycles.empty() && cycle / zone.resolution <= cycles.back() / zone.resolution) {
    values.back() = zone.resolution == 1 ? value : std::max(values.back(), value);
    return;
  }
  cycles.push_back(cycle);
  values.push_back(value);
  while (cycles.size() >= most_points) thin(zone);
}

void HistoryRecorder::on(const Allocated& event) {
  count(event.block, event.block.bytes, event.cycle);
  if (blocks_.size() >= most_blocks) {
    ++left_out_;
    return;
  }
  blocks_[event.block.base] = {
      event.block.name, to_string(event.block.zone), event.block.where ? event.block.where->to_string() : "",
      event.block.base, event.block.bytes,           event.cycle};
}

void HistoryRecorder::on(const Freeing& event) {
  count(event.block, -static_cast<std::int64_t>(event.block.bytes), event.cycle);
  blocks_.erase(event.block.base);
}

void HistoryRecorder::on(const Resizing& event) {
  count(event.block, -static_cast<std::int64_t>(event.block.bytes), event.cycle);
  blocks_.erase(event.block.base);
}

// ---- Cores and banks ----------------------------------------------------------------------------

void HistoryRecorder::end_step(AgentId core, std::uint64_t cycle) {
  Open& step = steps_[core];
  if (!step.open) return;
  step.open = false;
  add(cores_[core], {step.since, std::max(cycle, step.since), step.what, step.where}, "several");
}

void HistoryRecorder::on(const StepBegan& event) {
  end_step(event.core, event.cycle);
  cores_[event.core].name = to_string(event.who);
  if (event.kind) steps_[event.core] = {event.cycle, *event.kind, event.where ? event.where->to_string() : "", true};
}

void HistoryRecorder::end_bank(const std::string& bank, std::uint64_t cycle) {
  const Open& state = bank_states_.at(bank);
  if (cycle > state.since) add(banks_.at(bank), {state.since, cycle, state.what, ""}, "switching");
}

void HistoryRecorder::on(const BankChanged& event) {
  if (!bank_states_.contains(event.bank)) return;
  end_bank(event.bank, event.cycle);
  bank_states_[event.bank] = {event.cycle, name_of(event.state), "", true};
}

Result::History HistoryRecorder::take(std::uint64_t end) {
  Result::History history;
  for (auto& [core, track] : cores_) {
    end_step(core, end);
    history.cores.push_back(std::move(track));
  }
  for (const SramConfig& sram : platform_.system.srams)  // in the order of their addresses
    for (std::uint32_t bank = 0; sram.switchable && bank < sram.banks; ++bank) {
      const std::string name = fmt::format("{}{}", sram.name, bank);
      end_bank(name, end);
      history.banks.push_back(std::move(banks_.at(name)));
    }
  for (auto& [name, zone] : zones_) {
    history.resolution = std::max(history.resolution, zone.resolution);
    history.zones.push_back(std::move(zone.series));
  }
  history.regions.push_back({"image", platform_.image_base, platform_.image_bytes});
  for (std::size_t core = 0; core < platform_.core_areas.size(); ++core)
    history.regions.push_back({fmt::format("stack of core {}", core), platform_.core_areas[core].stack_base,
                               platform_.core_areas[core].stack_bytes});
  for (const HeapLayout& heap : platform_.heaps) history.regions.push_back({heap.name, heap.base, heap.bytes});
  std::sort(history.regions.begin(), history.regions.end(),
            [](const auto& a, const auto& b) { return a.base < b.base; });
  for (auto& [base, block] : blocks_) history.blocks.push_back(std::move(block));
  history.left_out = left_out_;
  history.joined = joined_;
  return history;
}

}  // namespace dspmem
