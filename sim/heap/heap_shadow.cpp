// SPDX-License-Identifier: Apache-2.0
#include "sim/heap/heap_shadow.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace dspmem {

HeapShadow::Metadata HeapShadow::metadata_of(const Allocator& allocator, const FirmwareImage& image) {
  Metadata metadata;
  metadata.header_bytes = allocator.header_bytes;
  for (const std::string& name : allocator.variables) {
    const auto address = image.symbol(name);
    FirmwareImage::Variable variable = address ? image.variable_at(*address) : FirmwareImage::Variable{};
    if (variable.name.empty() || !variable.bytes)
      throw InputError(allocator.variables_mark, "metadata: the firmware has no variable '" + name + "'" +
                                                     suggestion(name, image.variable_names()));
    metadata.variables.push_back(std::move(variable));
  }
  return metadata;
}

HeapShadow::HeapShadow(const Platform& platform, const AddressMap& map, Metadata metadata, const LiveMemory& live,
                       const EventBus& bus, Environment environment)
    : map_(map), live_(live), bus_(bus), environment_(std::move(environment)), line_bytes_(platform.line_bytes()),
      header_bytes_(metadata.header_bytes), variables_(std::move(metadata.variables)) {
  if (platform.heaps.empty()) return;
  std::uint64_t end = 0;
  first_ = ~0u;
  for (const HeapLayout& heap : platform.heaps) {
    first_ = std::min(first_, physical(heap.base));
    end = std::max<std::uint64_t>(end, std::uint64_t{physical(heap.base)} + heap.bytes);
  }
  heaps_first_ = first_;
  heaps_bytes_ = static_cast<std::uint32_t>(end - first_);
  for (const FirmwareImage::Variable& variable : variables_) {
    const std::uint32_t base = physical(variable.address);
    first_ = std::min(first_, base);
    end = std::max<std::uint64_t>(end, std::uint64_t{base} + variable.bytes);
  }
  first_ -= first_ % line_bytes_;
  bytes_ = static_cast<std::uint32_t>(end - first_);
  allowed_.resize(bytes_, true);
  metadata_.resize(bytes_, false);
  const std::uint32_t lines = bytes_ / line_bytes_ + 1;
  written_.resize(lines * line_bytes_, false);
  touched_.resize(lines);
  permitted_.resize(lines);
  logged_.resize(lines);
  heap_lines_.resize(lines);
  for (const HeapLayout& heap : platform.heaps) {
    const std::uint32_t at = physical(heap.base) - first_;
    allowed_.set(at, heap.bytes, false);
    for (std::uint32_t line = at / line_bytes_; heap.bytes && line <= (at + heap.bytes - 1) / line_bytes_; ++line)
      heap_lines_[line] = true;
  }
}

// ---- What the program does ----------------------------------------------------------------------

void HeapShadow::judge_read(const Operation& access, std::uint32_t address, std::uint32_t bytes) {
  const auto at = offset_of(address, bytes);
  if (!at) return;
  if (inside(access.agent)) return judge_own(access, address, bytes);
  if (!allowed_.all(*at, bytes)) return bus_.emit(StrayAccess{access, cached(address), bytes});
  if (access.view == View::direct || address - heaps_first_ >= heaps_bytes_ || ever_written(address, bytes)) return;
  const HeapBlock* block = live_.find(cached(address));
  if (block && !environment_.is_copier(access.site.pc)) bus_.emit(UninitialisedRead{access, *block, cached(address)});
}

void HeapShadow::write(const Operation& access, std::uint32_t address, std::uint32_t bytes, bool judge) {
  const auto at = offset_of(address, bytes);
  if (!at) return;
  if (!allowed_.all(*at, bytes)) {
    if (inside(access.agent)) note_own_write(access.agent, *at, bytes);
    else if (judge) bus_.emit(StrayAccess{access, cached(address), bytes});
  }
  if (inside(access.agent) && is_foreign(access.agent, *at, bytes)) judge_own(access, address, bytes);
  written_.set(*at, bytes, true);
}

void HeapShadow::judge_own(const Operation& access, std::uint32_t address, std::uint32_t bytes) {
  const std::uint32_t first = cached(address);
  const HeapBlock* victim = live_.first_between(first, std::uint64_t{first} + bytes);
  if (!victim) return;
  const Range& own = resized_[access.agent];
  const HeapBlock* resized = own.count ? live_.find(cached(first_ + own.first)) : nullptr;
  if (resized && resized->base == victim->base) return;
  // What firmware has allocated may be the allocator's own, such as the state of another heap; what lies right behind
  // the block that is resized is not.
  if (!victim->where) {
    const std::uint64_t behind = resized ? std::uint64_t{resized->base} + resized->bytes : 0;
    const HeapBlock* next =
        resized ? live_.first_between(static_cast<std::uint32_t>(behind), behind + 4 * line_bytes_) : nullptr;
    if (!next || next->base != victim->base) return;
  }
  bus_.emit(AllocatorStrayed{access, *victim, resized, std::max(first, victim->base), bytes});
}

std::uint64_t HeapShadow::parts_of_long_line(std::uint32_t at, const ByteSet& set) const {
  const std::uint32_t part = line_bytes_ / 64;
  std::uint64_t parts = 0;
  for (std::uint32_t word = 0; word < part; ++word) {
    std::uint64_t here = set.from(at + word * 64);
    for (std::uint32_t width = 1; width < part; width *= 2)
      here &= here >> width;  // each part's first bit: all of its bits
    for (std::uint32_t i = 0; i < 64 / part; ++i) parts |= (here >> i * part & 1) << (word * (64 / part) + i);
  }
  return parts;
}

HardwareObserver::Permission HeapShadow::permitted(AgentId agent, std::uint32_t address) {
  if (!covers(address)) return {};
  const std::uint32_t line = address & ~(line_bytes_ - 1), at = line - first_, number = at / line_bytes_;
  if (agent < most_cores) permitted_[number] |= static_cast<std::uint8_t>(1u << agent);
  const std::uint64_t allowed = parts_of_line(at, allowed_);
  if (inside(agent) && !heap_lines_[number]) return {~0ull, allowed | parts_of_line(at, metadata_)};
  if (inside(agent)) return permitted_inside(agent, at);
  if (std::uint64_t{line} + line_bytes_ <= heaps_first_ || line >= std::uint64_t{heaps_first_} + heaps_bytes_)
    return {allowed, allowed};
  std::uint64_t written = parts_of_line(at, written_);
  for_each_log(number, [&](std::size_t core) { written |= logs_[core][number]->written; });
  return {allowed & written, allowed};
}

/// All that is no object's; and what the call resizes, which is revoked when it is freed or resized.
HardwareObserver::Permission HeapShadow::permitted_inside(AgentId agent, std::uint32_t at) const {
  if (line_bytes_ > bytes_ - at) return {0, 0};
  const std::uint32_t part = line_bytes_ <= 64 ? 1 : line_bytes_ / 64;
  std::uint64_t free = line_bytes_ <= 64 ? ~allowed_.from(at) : 0;
  for (std::uint32_t i = 0; part > 1 && i < 64; ++i) free |= std::uint64_t{!allowed_.any(at + i * part, part)} << i;
  std::uint64_t own = 0;
  const Range& resized = resized_[agent];
  const std::uint32_t first = std::max(at, resized.first),
                      end = std::min(at + line_bytes_, resized.first + resized.count);
  for (std::uint32_t i = at + (first - at + part - 1) / part * part; i + part <= end; i += part)
    own |= 1ull << (i - at) / part;
  return {free | own, (free & parts_of_line(at, metadata_)) | own};
}

HardwareObserver::Permission HeapShadow::line_filled(AgentId agent, std::uint32_t address, StoreLog& log) {
  const HardwareObserver::Permission permission = permitted(agent, address);
  if (permission.writes) use_log(agent, address & ~(line_bytes_ - 1), log);
  return permission;
}

void HeapShadow::revoke_lines(std::uint32_t at, std::uint32_t count) {
  for (std::uint32_t line = at / line_bytes_; line <= (at + count - 1) / line_bytes_ && count; ++line)
    if (const std::uint8_t cores = std::exchange(permitted_[line], 0))
      environment_.revoke(cores, first_ + line * line_bytes_);
}

// ---- What was written ---------------------------------------------------------------------------

void HeapShadow::use_log(AgentId core, std::uint32_t line, StoreLog& log) {
  if (line - first_ >= bytes_ || core >= most_cores) return;
  if (logs_[core].empty()) logs_[core].resize(permitted_.size());
  const std::uint32_t number = (line - first_) / line_bytes_;
  logs_[core][number] = &log;
  logged_[number] |= static_cast<std::uint8_t>(1u << core);
}

void HeapShadow::end_log(std::uint32_t line, StoreLog& log) {
  if (line - first_ >= bytes_) return;
  const std::uint32_t number = (line - first_) / line_bytes_;
  for_each_log(number, [&](std::size_t core) {
    if (logs_[core][number] != &log) return;
    note_parts(number, log.written);
    logged_[number] &= static_cast<std::uint8_t>(~(1u << core));
  });
}

void HeapShadow::on_stored(std::uint32_t line, std::uint64_t parts) {
  if (line - first_ < bytes_) note_parts((line - first_) / line_bytes_, parts);
}

void HeapShadow::note_parts(std::uint32_t number, std::uint64_t parts) {
  const std::uint32_t at = number * line_bytes_, part = line_bytes_ / 64;
  if (line_bytes_ <= 64) return written_.add(at, parts);
  while (parts) {
    const auto first = static_cast<std::uint32_t>(std::countr_zero(parts));
    const auto run = static_cast<std::uint32_t>(std::countr_one(parts >> first));
    written_.set(at + first * part, std::uint64_t{run} * part, true);
    parts &= run == 64 ? 0 : ~(((1ull << run) - 1) << first);
  }
}

void HeapShadow::take_logs(std::uint32_t at, std::uint32_t count) {
  for (std::uint32_t line = at / line_bytes_; line <= (at + count - 1) / line_bytes_ && count; ++line)
    for_each_log(line, [&](std::size_t core) { note_parts(line, logs_[core][line]->written); });
}

bool HeapShadow::ever_written(std::uint32_t address, std::uint32_t bytes) {
  const auto at = offset_of(address, bytes);
  if (!at) return true;
  if (written_.any(*at, bytes)) return true;
  take_logs(*at, bytes);
  return written_.any(*at, bytes);
}

std::optional<std::uint32_t> HeapShadow::never_written(std::uint32_t address, std::uint32_t bytes) {
  const auto at = offset_of(address, bytes);
  if (!at) return std::nullopt;
  take_logs(*at, bytes);
  for (std::uint32_t i = 0; i < bytes; ++i)
    if (!written_.test(*at + i)) return address + i;
  return std::nullopt;
}

// ---- Whose memory it is -------------------------------------------------------------------------

void HeapShadow::on(const AllocatorEntered& event) {
  using State = AllocatorEntered::State;
  inside_[event.core] = event.state == State::inside;
  resized_[event.core] = {};
  if (event.resized)
    if (const auto at = offset_of(physical(event.resized->base), event.resized->bytes))
      resized_[event.core] = {*at, event.resized->bytes};
  environment_.set_role(event.core, inside_[event.core]);
  if (event.state == State::inside && !variables_.empty()) guard_variables();
  if (event.state == State::done) settle_own_writes(event.core, event.cycle);
  if (event.state == State::abandoned) own_writes_[event.core].clear();
}

void HeapShadow::on(const Allocated& event) {
  const auto at = offset_of(physical(event.block.base), event.block.bytes);
  if (!at) return;
  release_metadata(*at, event.block.bytes, event.cycle);
  touch(*at, event.block.bytes);
  if (header_bytes_ && header_bytes_ <= *at && !live_.is_allowed(event.block.base))
    claim_metadata(*at - header_bytes_, header_bytes_, event.cycle);
  set_owner(event.block, true);
}

void HeapShadow::on(const Resizing& event) {
  const auto at = offset_of(physical(event.block.base), event.block.bytes);
  if (!at) return;
  allowed_.set(*at, event.block.bytes, false);
  revoke_lines(*at, event.block.bytes);  // it may become smaller
}

void HeapShadow::set_owner(const HeapBlock& block, bool live) {
  const auto at = offset_of(physical(block.base), block.bytes);
  if (!at) return;
  allowed_.set(*at, block.bytes, live);
  revoke_lines(*at, block.bytes);  // what the allocator may do to free memory, or the owner to its own
  if (live) return;
  // What it was does not matter to its next owner.
  take_logs(*at, block.bytes);
  written_.set(*at, block.bytes, false);
  for (std::uint32_t line = *at / line_bytes_; block.bytes && line <= (*at + block.bytes - 1) / line_bytes_; ++line)
    for (const auto& of_core : logs_)
      if (!of_core.empty() && of_core[line]) of_core[line]->take();
}

void HeapShadow::guard_variables() {
  for (const FirmwareImage::Variable& variable : std::exchange(variables_, {})) {
    const std::uint32_t at = physical(variable.address) - first_;
    allowed_.set(at, variable.bytes, false);
    metadata_.set(at, variable.bytes, true);
    revoke_lines(at, variable.bytes);
  }
}

void HeapShadow::note_own_write(AgentId agent, std::uint32_t at, std::uint32_t bytes) {
  std::vector<Range>& ranges = own_writes_[agent];
  if (!ranges.empty() && at >= ranges.back().first && at <= ranges.back().first + ranges.back().count) {
    ranges.back().count = std::max(ranges.back().count, at + bytes - ranges.back().first);
    return;
  }
  if (!metadata_.all(at, bytes)) ranges.push_back({at, bytes});
}

void HeapShadow::settle_own_writes(AgentId agent, std::uint64_t cycle) {
  for (const Range& range : std::exchange(own_writes_[agent], {})) claim_metadata(range.first, range.count, cycle);
}

void HeapShadow::touch(std::uint32_t at, std::uint32_t count) {
  for (std::uint32_t each = at / line_bytes_; count && each <= (at + count - 1) / line_bytes_; ++each) {
    if (touched_[each]) continue;
    touched_[each] = true;
    touched_bytes_ += line_bytes_;
  }
}

void HeapShadow::claim_metadata(std::uint32_t at, std::uint32_t count, std::uint64_t cycle) {
  touch(at, count);
  for (std::uint32_t end = at + count; at < end;) {
    if (metadata_.test(at) || allowed_.test(at)) {
      ++at;
      continue;
    }
    std::uint32_t run = 1;
    while (at + run < end && !metadata_.test(at + run) && !allowed_.test(at + run)) ++run;
    metadata_.set(at, run, true);
    bus_.emit(MetadataChanged{first_ + at, run, true, cycle});
    at += run;
  }
}

void HeapShadow::release_metadata(std::uint32_t at, std::uint32_t count, std::uint64_t cycle) {
  if (!metadata_.any(at, count)) return;
  for (std::uint32_t end = at + count; at < end;) {
    if (!metadata_.test(at)) {
      ++at;
      continue;
    }
    std::uint32_t run = 1;
    while (at + run < end && metadata_.test(at + run)) ++run;
    metadata_.set(at, run, false);
    bus_.emit(MetadataChanged{first_ + at, run, false, cycle});
    at += run;
  }
}

bool HeapShadow::is_metadata(std::uint32_t cached_address) const {
  const std::uint32_t at = physical(cached_address) - first_;
  return at < bytes_ && metadata_.test(at);
}

}  // namespace dspmem
