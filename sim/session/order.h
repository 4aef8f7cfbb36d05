// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>

#include "models/coherency/coherency_observer.h"
#include "sim/session/actor.h"

namespace dspmem {

/// Tells the coherency checker, if there is one, what orders the agents besides instructions.
class Order {
 public:
  /// Null: nobody needs to be told.
  explicit Order(CoherencyObserver* coherency) : coherency_(coherency) {}

  /// The object that signals, barriers and the like of a name synchronise on: above all addresses.
  std::uint64_t object(const std::string& kind, const std::string& name) {
    const auto [entry, fresh] = objects_.try_emplace({kind, name}, 0);
    if (fresh) entry->second = new_object();
    return entry->second;
  }
  /// One that nobody has yet. Drop it when nobody will acquire it any more.
  std::uint64_t new_object() { return (1ull << 32) + made_++; }
  void drop(std::uint64_t object) {
    if (coherency_) coherency_->checker().drop(object);
  }
  /// `hands_over`: the actor tells somebody something; a core has to have committed its shared data before.
  void release(const Actor& actor, std::uint64_t object, bool hands_over) {
    if (!coherency_) return;
    if (actor.is_core()) coherency_->before_order(actor.core().core());
    if (hands_over && actor.is_core()) coherency_->on_release(actor.core().core());
    coherency_->checker().set_alone(false);
    coherency_->release(actor.id(), object);
  }
  void acquire(const Actor& actor, std::uint64_t object) {
    if (!coherency_) return;
    if (actor.is_core()) coherency_->before_order(actor.core().core());
    coherency_->checker().acquire(actor.id(), object);
  }
  /// What the core does from now on is the allocator's, or no longer: order that comes of it is accidental.
  void set_aside(const DspCore& core, bool aside) {
    if (coherency_) coherency_->set_aside(core.core(), aside);
  }
  /// The host acts for a core: it knows what that one knows.
  void act_for(AgentId agent, const Actor& actor) {
    if (coherency_) coherency_->checker().act_for(agent, actor.id());
  }

 private:
  CoherencyObserver* coherency_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> objects_;
  std::uint64_t made_ = 0;
};

}  // namespace dspmem
