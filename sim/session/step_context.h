// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>

#include "sim/result/result.h"
#include "sim/scenario/step.h"
#include "sim/session/allocator_port.h"
#include "sim/session/object_table.h"
#include "sim/session/rendezvous.h"
#include "sim/trace/trace_file.h"

namespace dspmem {

class Session;

/// All that a step sees of a run: who executes it, memory, the firmware, and the other steps' objects. Addresses are a
/// core's. What is under "Core" and "Firmware" needs one: steps that masters can execute use none of it.
class StepContext {
 public:
  StepContext(Session& session, Actor actor) : session_(session), actor_(actor) {}

  // ---- Who and where ----
  std::uint32_t core() const;  ///< number of the core, or of the agent
  /// Who accesses memory: `master` in place of the core, if there is one.
  Agent agent_of(std::optional<std::uint32_t> master) const;
  /// The master that executes the step; nothing for a core.
  std::optional<std::uint32_t> as_master() const;
  std::uint64_t now() const;  ///< cycles
  std::uint64_t seed() const;
  const Platform& platform() const;
  const ScenarioNames& names() const;
  std::uint64_t cycles_of(std::uint64_t nanoseconds) const;

  // ---- Time ----
  void advance(std::uint64_t cycles);
  void advance_to(std::uint64_t cycle);
  /// Lets the others catch up with this one.
  void synchronise();
  /// A core that is off waits until it is on.
  void wait_for_power();

  // ---- Core ----
  // Around a critical section of the scenario: who goes last lets the others go first. See
  // ReplayOptions::lock_order.
  void before_lock();
  void after_unlock();
  bool powered() const;
  /// As a load or store instruction of one cycle would.
  std::uint32_t load(std::uint32_t address, unsigned bytes);
  void store(std::uint32_t address, std::uint32_t value, unsigned bytes);
  /// This core's cache lets go of the lines of a cached range, or fetches them, as it may at any time.
  void evict(std::uint32_t address, std::uint32_t bytes);
  void prefetch(std::uint32_t address, std::uint32_t bytes);
  /// The lines of a cached range leave this core's instruction cache, by an instruction each.
  void invalidate_code(std::uint32_t address, std::uint32_t bytes);
  /// Calls what is at an address; whether functions of this image begin with ENTRY.
  std::uint32_t execute(std::uint32_t address);
  bool windowed() const;

  // ---- Memory ----
  std::uint32_t cached(std::uint32_t address) const;
  std::uint32_t uncached(std::uint32_t address) const;
  /// As it is below the caches, without time.
  void inspect(std::uint32_t address, std::span<std::uint8_t> bytes);
  /// Masters without a cache: see Masters.
  void master_write(std::uint32_t master, std::uint32_t address, std::span<const std::uint8_t> bytes,
                    const SourceMark& mark);
  void master_read(std::uint32_t master, std::uint32_t address, std::span<std::uint8_t> bytes, const SourceMark& mark);

  // ---- Firmware ----
  /// Calls a firmware function. An unknown name is an InputError at `mark`.
  std::uint32_t call(const std::string& function, std::span<const std::uint32_t> arguments, const SourceMark& mark);
  std::uint32_t call(const std::string& function, std::initializer_list<std::uint32_t> arguments,
                     const SourceMark& mark) {
    return call(function, std::span<const std::uint32_t>(arguments.begin(), arguments.size()), mark);
  }
  void set_ring(std::uint32_t ring);
  Memory allocate(const MemoryRequest& request, const std::string& name, const SourceMark& mark);
  Memory reallocate(const MemoryRequest& request, std::uint32_t address, std::uint32_t bytes, const std::string& name,
                    const SourceMark& mark);
  void release(std::uint32_t address, const SourceMark& mark);
  /// Why the allocator has none of `bytes` for such a request, in words.
  std::string shortage(const MemoryRequest& request, std::uint32_t bytes) const;

  // ---- Objects ----
  ObjectTable& objects();
  Object& object(const std::string& name, const SourceMark& mark) { return objects().get(name, mark); }
  /// heap-misuse of an object. `unwritten`: nobody has written what is read.
  void misuse(const std::string& message, const Object& object, const SourceMark& mark, bool unwritten = false);
  /// heap-misuse: what lived in the heap was overwritten.
  void contents_lost(const std::string& message, const SourceMark& mark);
  /// Reports reads of bytes that nobody has written since they were allocated.
  void check_initialised(std::uint32_t address, std::uint32_t bytes, const Object& object, const SourceMark& mark);
  /// What nobody has written stays that where it is copied: notes it, and reports reads of it. The offsets are of the
  /// objects; `seen` is what was copied, or read.
  void note_copied(const Object& from, std::uint32_t from_offset, Object& to, std::uint32_t to_offset,
                   std::span<const std::uint8_t> seen, const SourceMark& mark);
  void check_copied(const Object& object, std::uint32_t offset, std::span<const std::uint8_t> seen,
                    const SourceMark& mark);

  // ---- Others ----
  void signal(const std::string& name);
  void wait(const std::string& name, const SourceMark& mark);
  void barrier(const std::string& name, const SourceMark& mark);
  void begin_turn(Rendezvous::Turns& turns, std::uint64_t index, const SourceMark& mark);
  void end_turn(Rendezvous::Turns& turns);
  /// One State for all steps that ask for this key.
  template <class State>
  State& shared(const std::string& key) {
    std::shared_ptr<void>& held = shared_slot(key);
    if (!held) held = std::make_shared<State>();
    return *static_cast<State*>(held.get());
  }

  // ---- Steps within steps ----
  void run_steps(const StepList& steps);
  /// This core is at `step` from now on, which outlives the run.
  void begin_step(const Step& step);
  /// Loops: see LoopWatch. Those of a step are recorded; a recording's own are not.
  void begin_loop(const SourceMark& mark, std::uint64_t period = 0);
  void end_round(const SourceMark& mark);
  void end_loop(const SourceMark& mark);
  void begin_recorded_loop(std::uint64_t loop, std::uint64_t period);
  void end_recorded_round(std::uint64_t loop, const SourceMark& mark);
  void end_recorded_loop(std::uint64_t loop, const SourceMark& mark);

  // ---- What comes of it ----
  void expect(bool passed, const std::string& text, const std::string& actual, const SourceMark& mark);
  void stale_read(Result::StaleRead read);
  void note_wake(std::uint64_t cycles);
  /// Ends the run after a failed expectation that leaves nothing to go on with.
  [[noreturn]] void stop();
  bool recording() const;
  /// REQUIRES: recording().
  void record(TraceRow row);
  std::string new_trace_id();
  /// For steps that take long: `done` of `total`.
  void progress(std::uint64_t done, std::uint64_t total);

 private:
  std::shared_ptr<void>& shared_slot(const std::string& key);

  Session& session_;
  Actor actor_;
};

}  // namespace dspmem
