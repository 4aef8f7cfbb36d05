// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/events/events.h"

namespace dspmem {

/// Overrides on() for the events that matter to it. Changes nothing in the run.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  virtual void on(const StepBegan&) {}
  virtual void on(const Allocated&) {}
  virtual void on(const AllocationFailed&) {}
  virtual void on(const Freeing&) {}
  virtual void on(const Resizing&) {}
  virtual void on(const BadFree&) {}
  virtual void on(const AllocatorEntered&) {}
  virtual void on(const MetadataChanged&) {}
  virtual void on(const StrayAccess&) {}
  virtual void on(const AllocatorStrayed&) {}
  virtual void on(const UninitialisedRead&) {}
  virtual void on(const ObjectMisused&) {}
  virtual void on(const ContentsLost&) {}
  virtual void on(const CoherencyFound&) {}
  virtual void on(const CoreChanged&) {}
  virtual void on(const BankChanged&) {}
  virtual void on(const BankSwitchedOff&) {}
  virtual void on(const AccessRefused&) {}
  virtual void on(const LoopEnded&) {}
  virtual void on(const Crashed&) {}
  virtual void on(const RunEnded&) {}
};

/// Hands every event to all subscribers, in the order in which they subscribed.
class EventBus {
 public:
  /// REQUIRES: before the first event; outlives the bus.
  void subscribe(Subscriber& subscriber) { subscribers_.push_back(&subscriber); }
  template <class Event>
  void emit(const Event& event) const {
    for (Subscriber* each : subscribers_) each->on(event);
  }

 private:
  std::vector<Subscriber*> subscribers_;
};

}  // namespace dspmem
