// SPDX-License-Identifier: Apache-2.0
#include "sim/heap/shadow_observer.h"

#include <algorithm>

namespace dspmem {

Operation ShadowObserver::operation(Operation::Kind kind, const Core& core, View view) const {
  const auto agent = static_cast<AgentId>(core.id());
  return {kind, agent, view, {core.current_pc(), core.return_address(), origins_.of(agent)}, core.now()};
}

// An access outside of the program is one of a step, which knows its object, and says more.

std::uint64_t ShadowObserver::on_read(const CoreAccess& access) {
  const auto agent = static_cast<AgentId>(access.core.id());
  const auto bytes = static_cast<std::uint32_t>(access.bytes.size());
  if (shadow_.is_suspicious(agent, access.address, bytes) && access.ordering == Ordering::plain &&
      access.core.current_pc())
    shadow_.judge_read(operation(Operation::Kind::read, access.core, access.view), access.address, bytes);
  return access.view == View::cached ? shadow_.readable(agent, access.address) : 0;
}

std::uint64_t ShadowObserver::on_write(const CoreAccess& access) {
  shadow_.write(operation(Operation::Kind::write, access.core, access.view), access.address,
                static_cast<std::uint32_t>(access.bytes.size()), access.core.current_pc());
  return access.view == View::cached ? shadow_.writable(static_cast<AgentId>(access.core.id()), access.address) : 0;
}

void ShadowObserver::on_stores_unseen(const Core& core, std::uint32_t address, StoreLog& log) {
  const std::uint32_t line = address & ~(line_bytes_ - 1);
  shadow_.use_log(static_cast<AgentId>(core.id()), line, log);
  if (log.owner == StoreLog::nobody) log.owner = line;
}

HardwareObserver::Permission ShadowObserver::on_line_filled(Core& core, std::uint32_t address, StoreLog& log) {
  const Permission permission = shadow_.line_filled(static_cast<AgentId>(core.id()), address, log);
  if (permission.writes && log.owner == StoreLog::nobody) log.owner = address & ~(line_bytes_ - 1);
  return permission;
}

template <class Visit>
void ShadowObserver::for_each_line(std::uint32_t address, std::size_t bytes, Visit visit) const {
  for (std::size_t at = 0, count; at < bytes; at += count) {
    const std::uint32_t here = address + static_cast<std::uint32_t>(at);
    count = std::min<std::size_t>(bytes - at, line_bytes_ - here % line_bytes_);
    visit(here, static_cast<std::uint32_t>(count));
  }
}

void ShadowObserver::on_master_read(const MasterAccess& access, std::uint32_t address,
                                    std::span<const std::uint8_t> seen) {
  if (access.scripted) return;
  const Operation operation{
      Operation::Kind::read, access.agent, View::direct, {0, 0, origins_.of(access.agent)}, access.cycle};
  for_each_line(address, seen.size(),
                [&](std::uint32_t here, std::uint32_t count) { shadow_.judge_read(operation, here, count); });
}

void ShadowObserver::on_master_write(const MasterAccess& access, std::uint32_t address,
                                     std::span<const std::uint8_t> value) {
  const Operation operation{
      Operation::Kind::write, access.agent, View::direct, {0, 0, origins_.of(access.agent)}, access.cycle};
  for_each_line(address, value.size(), [&](std::uint32_t here, std::uint32_t count) {
    shadow_.write(operation, here, count, !access.scripted);
  });
}

}  // namespace dspmem
