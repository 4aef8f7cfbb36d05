// SPDX-License-Identifier: Apache-2.0
#include "sim/session/step_context.h"

#include <fmt/format.h>

#include "sim/config/agents.h"
#include "sim/heap/shortage.h"
#include "sim/session/session.h"

namespace dspmem {

// ---- Who and where ------------------------------------------------------------------------------

std::uint32_t StepContext::core() const { return actor_.id(); }
std::optional<std::uint32_t> StepContext::as_master() const {
  return actor_.is_core() ? std::nullopt : master_of_agent(actor_.id(), platform().core_count());
}
Agent StepContext::agent_of(std::optional<std::uint32_t> master) const {
  const std::uint32_t cores = platform().core_count();
  return dspmem::agent_of(master ? agent_of_master(*master, cores) : actor_.id(), cores);
}
std::uint64_t StepContext::now() const { return actor_.now(); }
std::uint64_t StepContext::seed() const { return session_.result_.seed; }
const Platform& StepContext::platform() const { return session_.input_.platform; }
const ScenarioNames& StepContext::names() const { return session_.names_; }
std::uint64_t StepContext::cycles_of(std::uint64_t nanoseconds) const {
  return nanoseconds * 1000 / session_.config_.clock_period_ps;
}

// ---- Time ---------------------------------------------------------------------------------------

void StepContext::advance(std::uint64_t cycles) { actor_.advance(cycles); }
void StepContext::advance_to(std::uint64_t cycle) { actor_.advance_to(cycle); }
void StepContext::synchronise() { actor_.synchronise(); }
bool StepContext::powered() const { return actor_.core().powered(); }
void StepContext::wait_for_power() {
  actor_.wait_until([this] { return !actor_.is_core() || actor_.core().powered(); });
}

// ---- Memory -------------------------------------------------------------------------------------

std::uint32_t StepContext::cached(std::uint32_t address) const {
  return session_.system_->map().alias(address, RegionKind::cached);
}
std::uint32_t StepContext::uncached(std::uint32_t address) const {
  return session_.system_->map().alias(address, RegionKind::uncached);
}
std::uint32_t StepContext::load(std::uint32_t address, unsigned bytes) {
  return actor_.core().core().load(address, bytes);
}
void StepContext::store(std::uint32_t address, std::uint32_t value, unsigned bytes) {
  actor_.core().core().store(address, value, bytes);
}
void StepContext::inspect(std::uint32_t address, std::span<std::uint8_t> bytes) {
  session_.system_->inspect(address, bytes);
}

void StepContext::evict(std::uint32_t address, std::uint32_t bytes) {
  L1Cache& cache = actor_.core().core().data_cache();
  for (std::uint32_t line = cache.line_address(address); line < address + bytes; line += cache.config().line_bytes) {
    try {
      cache.write_back_invalidate(line);
    } catch (const BusError& error) {
      actor_.core().core().fault(FaultCause::bus_error, error.what(), line, error.refusal);
    }
  }
}

void StepContext::prefetch(std::uint32_t address, std::uint32_t bytes) {
  L1Cache& cache = actor_.core().core().data_cache();
  for (std::uint32_t line = cache.line_address(address); line < address + bytes; line += cache.config().line_bytes) {
    try {
      cache.prefetch(line);
    } catch (const BusError& error) {
      actor_.core().core().fault(FaultCause::bus_error, error.what(), line, error.refusal);
    }
    session_.hub_.on_cache_operation(actor_.core().core(), CacheOperation::prefetch, session_.physical(line), true);
  }
}

void StepContext::invalidate_code(std::uint32_t address, std::uint32_t bytes) {
  Core& core = actor_.core().core();
  const std::uint32_t line_bytes = core.instruction_cache().config().line_bytes;
  for (std::uint32_t line = address & ~(line_bytes - 1); line < address + bytes; line += line_bytes)
    core.code_operation(CacheOperation::invalidate, line);
}

std::uint32_t StepContext::execute(std::uint32_t address) { return actor_.core().call(address, {}); }
bool StepContext::windowed() const { return session_.input_.image.abi() == FirmwareImage::Abi::windowed; }

void StepContext::master_write(std::uint32_t master, std::uint32_t address, std::span<const std::uint8_t> bytes,
                               const SourceMark& mark) {
  session_.masters_.write(actor_, master, address, bytes, mark);
}
void StepContext::master_read(std::uint32_t master, std::uint32_t address, std::span<std::uint8_t> bytes,
                              const SourceMark& mark) {
  session_.masters_.read(actor_, master, address, bytes, mark);
}

// ---- Firmware -----------------------------------------------------------------------------------

std::uint32_t StepContext::call(const std::string& function, std::span<const std::uint32_t> arguments,
                                const SourceMark& mark) {
  return session_.firmware_.call(actor_.core(), function, arguments, mark);
}

void StepContext::set_ring(std::uint32_t ring) {
  actor_.core().core().set_ring(ring);
  session_.recorder_.record(actor_, "ring", std::to_string(ring));
}

std::string StepContext::shortage(const MemoryRequest& request, std::uint32_t bytes) const {
  return "the allocator has none" + session_.allocator_.last_error(core()) + ": " +
         explain_shortage(session_.live_, session_.input_.platform, request.zone, core(), request.capabilities, bytes);
}

Memory StepContext::allocate(const MemoryRequest& request, const std::string& name, const SourceMark& mark) {
  return session_.allocator_.allocate(actor_.core(), request, name, mark);
}
Memory StepContext::reallocate(const MemoryRequest& request, std::uint32_t address, std::uint32_t bytes,
                               const std::string& name, const SourceMark& mark) {
  return session_.allocator_.reallocate(actor_.core(), request, address, bytes, name, mark);
}
void StepContext::release(std::uint32_t address, const SourceMark& mark) {
  session_.allocator_.release(actor_.core(), address, mark);
}

// ---- Objects ------------------------------------------------------------------------------------

ObjectTable& StepContext::objects() { return session_.objects_; }

void StepContext::before_lock() { session_.before_lock(actor_.core()); }
void StepContext::after_unlock() { session_.after_unlock(actor_.core()); }

void StepContext::misuse(const std::string& message, const Object& object, const SourceMark& mark, bool unwritten) {
  HeapBlock block;
  block.name = object.name;
  block.zone = object.zone;
  block.core = object.core;
  block.base = cached(object.address);
  block.bytes = object.bytes;
  block.where = object.allocated;
  session_.bus_.emit(
      ObjectMisused{static_cast<AgentId>(core()), message, block, object.freed, &mark, now(), unwritten});
}

void StepContext::contents_lost(const std::string& message, const SourceMark& mark) {
  session_.bus_.emit(ContentsLost{static_cast<AgentId>(core()), message, &mark, now()});
}

void StepContext::check_initialised(std::uint32_t address, std::uint32_t bytes, const Object& object,
                                    const SourceMark& mark) {
  if (!session_.shadow_ || object.freed || object.is_static()) return;
  const std::uint32_t start = session_.physical(address);
  if (const auto first = session_.shadow_->never_written(start, bytes))
    misuse(fmt::format("byte {} of '{}' is read, and nobody has written it since it was allocated",
                       *first - start + (address - object.address), object.name),
           object, mark, true);
}

void StepContext::note_copied(const Object& from, std::uint32_t from_offset, Object& to, std::uint32_t to_offset,
                              std::span<const std::uint8_t> seen, const SourceMark& mark) {
  const auto count = static_cast<std::uint32_t>(seen.size());
  const auto note = [&](std::uint32_t i, const Object::Unwritten& byte) {
    if (to.unwritten.size() < Object::most_unwritten) to.unwritten[to_offset + i] = byte;
  };
  for (auto known = from.unwritten.lower_bound(from_offset);
       known != from.unwritten.end() && known->first < from_offset + count; ++known)
    if (const std::uint32_t i = known->first - from_offset; known->second.value == seen[i]) note(i, known->second);
  if (!session_.shadow_ || from.freed || from.is_static()) return;
  const std::uint32_t start = session_.physical(from.address) + from_offset;
  for (std::uint32_t i = 0; i < count && to.unwritten.size() < Object::most_unwritten; ++i) {
    const auto next = session_.shadow_->never_written(start + i, count - i);
    if (!next) return;
    i = *next - start;
    note(i, {seen[i], from.name, from_offset + i, &mark});
  }
}

void StepContext::check_copied(const Object& object, std::uint32_t offset, std::span<const std::uint8_t> seen,
                               const SourceMark& mark) {
  // Firmware may have written the bytes since: they have other values then.
  for (auto known = object.unwritten.lower_bound(offset);
       known != object.unwritten.end() && known->first < offset + seen.size(); ++known) {
    const Object::Unwritten& byte = known->second;
    if (byte.value != seen[known->first - offset]) continue;
    misuse(fmt::format("byte {} of '{}' is read, and nobody has written it: the copy at {} took it from byte {} of "
                       "'{}', which nobody had written since it was allocated",
                       known->first, object.name, byte.copied->to_string(), byte.offset, byte.from),
           object, mark, true);
    return;
  }
}

// ---- Other cores --------------------------------------------------------------------------------

void StepContext::signal(const std::string& name) { session_.rendezvous_.signal(actor_, name); }
void StepContext::wait(const std::string& name, const SourceMark& mark) {
  session_.rendezvous_.wait(actor_, name, mark);
}
void StepContext::barrier(const std::string& name, const SourceMark& mark) {
  session_.rendezvous_.barrier(actor_, name, mark);
}
void StepContext::begin_turn(Rendezvous::Turns& turns, std::uint64_t index, const SourceMark& mark) {
  session_.rendezvous_.begin_turn(actor_, turns, index, mark);
}
void StepContext::end_turn(Rendezvous::Turns& turns) {
  session_.rendezvous_.end_turn(actor_, turns, session_.programs() > 1);
}
std::shared_ptr<void>& StepContext::shared_slot(const std::string& key) { return session_.shared_by_steps_[key]; }

// ---- Steps within steps -------------------------------------------------------------------------

void StepContext::run_steps(const StepList& steps) { session_.run_steps(*this, steps); }
void StepContext::begin_step(const Step& step) { session_.begin_step(actor_, &step.mark, &step.kind); }

void StepContext::begin_loop(const SourceMark& mark, std::uint64_t period) {
  const std::uint64_t loop = session_.loops_.number_of(mark);
  session_.recorder_.record(actor_, "loop_begin",
                            period ? fmt::format("{{loop: {}, period: {}}}", loop, period) : std::to_string(loop));
  begin_recorded_loop(loop, period);
}
void StepContext::end_round(const SourceMark& mark) {
  const std::uint64_t loop = session_.loops_.number_of(mark);
  session_.recorder_.record(actor_, "round_end", std::to_string(loop));
  end_recorded_round(loop, mark);
}
void StepContext::end_loop(const SourceMark& mark) {
  const std::uint64_t loop = session_.loops_.number_of(mark);
  session_.recorder_.record(actor_, "loop_end", std::to_string(loop));
  end_recorded_loop(loop, mark);
}
void StepContext::begin_recorded_loop(std::uint64_t loop, std::uint64_t period) {
  session_.loops_.begin(actor_, loop, period);
}
void StepContext::end_recorded_round(std::uint64_t loop, const SourceMark& mark) {
  if (session_.interrupted()) throw Interrupted{};
  session_.loops_.end_round(actor_, loop, mark);
}
void StepContext::end_recorded_loop(std::uint64_t loop, const SourceMark& mark) {
  const LoopWatch::Rounds rounds = session_.loops_.end(actor_, loop, mark);
  if (rounds.late)
    expect(false, "the steps are done before their period is over",
           fmt::format("in {} of {} periods they were not", rounds.late, rounds.count), mark);
}

// ---- What comes of it ---------------------------------------------------------------------------

void StepContext::expect(bool passed, const std::string& text, const std::string& actual, const SourceMark& mark) {
  session_.outcome_.expect(passed, text, actual, mark);
}
void StepContext::stale_read(Result::StaleRead read) { session_.outcome_.stale_read(std::move(read)); }
void StepContext::note_wake(std::uint64_t cycles) { session_.outcome_.note_wake(cycles); }
void StepContext::stop() { throw Session::Stopped{}; }
bool StepContext::recording() const { return session_.recorder_.active(); }
void StepContext::record(TraceRow row) { session_.recorder_.record(actor_, row); }
std::string StepContext::new_trace_id() { return session_.recorder_.new_id(); }
void StepContext::progress(std::uint64_t done, std::uint64_t total) {
  session_.progress_.show(core(), now(), done, total);
}

}  // namespace dspmem
