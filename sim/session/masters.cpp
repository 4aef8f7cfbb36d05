// SPDX-License-Identifier: Apache-2.0
#include "sim/session/masters.h"

#include <fmt/format.h>

#include "sim/config/agents.h"

namespace dspmem {

void Masters::act(const Actor& actor, std::uint32_t master, std::size_t bytes, const SourceMark& mark,
                  const std::function<void(const MasterAccess&)>& access) {
  constexpr std::size_t bus_bytes = 8;
  const AgentId agent = agent_of_master(master, platform_.core_count());
  actor.synchronise();
  if (actor.id() == agent) {  // a step of its own
    access({agent, actor.now(), true});
    actor.advance(bytes / bus_bytes + 1);
    return;
  }
  const std::uint64_t object = order_.object("master", fmt::format("{} for core {}", agent, actor.id()));
  if (agent == host_agent) order_.act_for(agent, actor);
  order_.release(actor, object, false);
  origins_.set(agent, &mark);
  if (agent != host_agent) hub_.on_master_start(agent, object);  // it may have a transfer of somebody else's to do, too
  access({agent, actor.now(), true});
  hub_.on_master_finish(agent, object);
  origins_.set(agent, nullptr);
  actor.advance(bytes / bus_bytes + 1);
  order_.acquire(actor, object);
}

void Masters::check(Operation::Kind kind, const MasterAccess& access, std::uint32_t physical,
                    const SourceMark& mark) const {
  banks_.check_scripted({kind, access.agent, View::direct, {0, 0, &mark}, access.cycle}, physical);
}

void Masters::write(const Actor& actor, std::uint32_t master, std::uint32_t address,
                    std::span<const std::uint8_t> bytes, const SourceMark& mark) {
  act(actor, master, bytes.size(), mark, [&](const MasterAccess& access) {
    const std::uint32_t physical = system_.map().find(address)->to_physical(address);
    check(Operation::Kind::write, access, physical, mark);
    hub_.on_master_write(access, physical, bytes);
    system_.load(address, bytes);
  });
}

void Masters::read(const Actor& actor, std::uint32_t master, std::uint32_t address, std::span<std::uint8_t> bytes,
                   const SourceMark& mark) {
  act(actor, master, bytes.size(), mark, [&](const MasterAccess& access) {
    const std::uint32_t physical = system_.map().find(address)->to_physical(address);
    check(Operation::Kind::read, access, physical, mark);
    system_.inspect(address, bytes);
    hub_.on_master_read(access, physical, bytes);
  });
}

}  // namespace dspmem
