// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/replay.h"

#include <chrono>
#include <cstdio>
#include <fmt/format.h>

#include "sim/replay/boot_descriptor.h"

namespace dspmem {
namespace {

// Numbers of the firmware's simcalls: boot.c.
constexpr std::uint32_t simcall_exit = 1, simcall_write = 4, simcall_panic = 0x50;

std::uint64_t milliseconds_now() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

SystemConfig with_options(SystemConfig config, const ReplayOptions& options) {
  if (options.quantum_cycles) config.limits.quantum_cycles = *options.quantum_cycles;
  if (options.watchdog_cycles) config.limits.watchdog_cycles = *options.watchdog_cycles;
  return config;
}

}  // namespace

Replay::Replay(const Scenario& scenario, const Platform& platform, const FirmwareImage& image, const ReplayOptions& options)
    : scenario_(scenario),
      platform_(platform),
      image_(image),
      options_(options),
      names_(check_scenario(scenario, platform)),
      context_(std::make_unique<SimulationContext>()),
      system_(std::make_unique<System>(with_options(platform.system, options), *this)),
      live_(platform),
      log_(platform, image, live_, system_->map(), result_.findings) {
  result_.scenario = scenario.name;
  result_.file = scenario.file;
  result_.platform = platform.name;
  result_.platform_description = platform.description;
  result_.seed = options.seed.value_or(scenario.seed);
  result_.clock_mhz = 1000000 / platform.system.clock_period_ps;
  if (options.check_coherency) {
    coherency_ = std::make_unique<CoherencyObserver>(platform.system, log_);
    system_->observe(*coherency_);
    coherency_->require_commits(platform.shared == SharedData::writeback_invalidate && platform.core_count() > 1);
    log_.use_checker(coherency_->checker());
    log_.use_stack_of([this](AgentId core) { return system_->core(core).core().call_stack(); });
  }
  if (options.sites)
    for (std::size_t core = 0; core < system_->core_count(); ++core) system_->core(core).core().filter_cache_operations(options.sites);
  load_firmware();
}

Replay::~Replay() = default;

void Replay::load_firmware() {
  for (const FirmwareImage::Segment& segment : image_.segments()) {
    try {
      system_->load(segment.address, segment.bytes);
    } catch (const std::out_of_range&) {
      throw InputError({image_.path()}, fmt::format("the firmware has {} bytes for address {:#x}, where platform '{}' has no memory",
                                                    segment.bytes.size(), segment.address, platform_.name));
    }
  }
  if (const auto address = image_.symbol("boot_descriptor")) system_->load(*address, boot_descriptor(platform_));
}

Result Replay::run() {
  system_->core(0).power_on(image_.entry(), 0);
  const bool starved = system_->run();
  if (options_.show_progress) std::fputs("\r\033[K", stderr);
  collect_hardware();
  if (failure_) {
    try {
      std::rethrow_exception(failure_);
    } catch (const CoreFault& fault) {
      report_crash(fault);
    } catch (const Stopped&) {
    }
  } else if (starved) {
    report_deadlock();
  } else {
    report_leaks();
    report_redundant_maintenance();
  }
  if (options_.suppressions) suppress(*options_.suppressions, result_);
  // Old bytes that no schedule explains would mean that the checker or a model is wrong.
  if (coherency_ && coherency_->checker().unexplained_reads())
    throw std::logic_error(fmt::format("{} reads returned bytes that the coherency checker cannot explain", coherency_->checker().unexplained_reads()));
  judge(scenario_.expectations, result_);
  return std::move(result_);
}

// ---- The cores' programs ---------------------------------------------------------------------------------------------

void Replay::power_secondary_cores(DspCore& core) {
  if (names_.switches_cores) return;
  for (const auto& [id, steps] : scenario_.cores)
    if (id != 0) call(core, "cpu_enable_core", {id}, scenario_.core_marks.at(id));
}

void Replay::run_program(DspCore& core) {
  if (core.id() == 0) power_secondary_cores(core);
  if (const auto steps = scenario_.cores.find(core.id()); steps != scenario_.cores.end()) {
    run_steps(core, steps->second);
    current_step_[core.id()] = nullptr;
    ++finished_;
    core.synchronise();
    system_->core(0).wake(core.core().now());
  }
  if (core.id() != 0) return;
  block(core, "the other cores", {}, [this] { return finished_ == scenario_.cores.size(); });
  collect_heaps(core);
  sc_core::sc_stop();
}

void Replay::run_steps(DspCore& core, const StepList& steps) {
  for (const auto& step : steps) {
    current_step_[core.id()] = step.get();
    if (coherency_) coherency_->set_origin(core.id(), &step->mark);
    if (options_.sites) options_.sites->set_step(core.id(), step->mark);
    core.wait_until([&core] { return core.powered(); });
    step->run(*this, core);
    ++steps_done_;
    progress(core, 0, 0);
  }
}

void Replay::failed(std::exception_ptr failure) {
  if (!failure_) failure_ = failure;
  sc_core::sc_stop();
}

void Replay::stop() { throw Stopped{}; }

std::uint32_t Replay::call(DspCore& core, const std::string& function, std::initializer_list<std::uint32_t> arguments, const SourceMark& mark) {
  return call(core, function, std::span<const std::uint32_t>(arguments.begin(), arguments.size()), mark);
}

std::uint32_t Replay::call(DspCore& core, const std::string& function, std::span<const std::uint32_t> arguments, const SourceMark& mark) {
  const auto address = image_.symbol(function);
  if (!address) throw InputError(mark, "the firmware has no function '" + function + "'" + suggestion(function, image_.function_names()));
  return core.call(*address, arguments);
}

std::string Replay::read_text(DspCore& core, std::uint32_t address, std::uint32_t length) {
  std::string text;
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(length, 4096); ++i) {
    std::uint8_t byte = 0;
    try {
      if (!core.core().peek(address + i, {&byte, 1})) system_->inspect(address + i, {&byte, 1});
    } catch (const std::out_of_range&) {
      break;
    }
    text += static_cast<char>(byte);
  }
  return text;
}

std::uint32_t Replay::simulator_call(DspCore& core, std::uint32_t number, std::span<const std::uint32_t, 3> arguments) {
  switch (number) {
    case simcall_panic: core.core().fault(FaultCause::panic, read_text(core, arguments[0], arguments[1]));
    case simcall_exit: core.core().fault(FaultCause::panic, "the firmware called exit(" + std::to_string(arguments[0]) + ")");
    case simcall_write: {
      const std::string text = read_text(core, arguments[1], arguments[2]);
      std::fwrite(text.data(), 1, text.size(), stderr);
      return arguments[2];
    }
    default: core.core().fault(FaultCause::illegal_instruction, "simcall " + std::to_string(number) + " does not exist");
  }
}

// ---- Allocation ------------------------------------------------------------------------------------------------------

std::uint32_t Replay::allocate(DspCore& core, const Request& request, const std::string& name, const SourceMark& mark) {
  const auto zone = static_cast<std::uint32_t>(request.zone);
  std::uint32_t address = 0;
  if (request.zeroed) address = call(core, "rzalloc", {zone, request.flags, request.capabilities, request.bytes}, mark);
  else if (request.zone == Zone::buffer) address = call(core, "rballoc_align", {request.flags, request.capabilities, request.bytes, request.alignment}, mark);
  else address = call(core, "rmalloc", {zone, request.flags, request.capabilities, request.bytes}, mark);
  if (!address) return 0;
  ++result_.allocations;
  const std::uint32_t alignment = std::max(request.alignment, platform_.allocation_alignment);
  const bool shared = (request.flags & 1) || request.zone == Zone::runtime_shared || request.zone == Zone::system_shared;
  track(core, {cached(address), request.bytes, request.zone, core.id(), name, &mark, shared}, alignment, mark);
  return address;
}

void Replay::release(DspCore& core, std::uint32_t address, const SourceMark& mark) {
  untrack(cached(address));
  call(core, "rfree", {address}, mark);
  ++result_.frees;
}

void Replay::track(DspCore& core, const LiveMemory::Block& block, std::uint32_t alignment, const SourceMark& mark) {
  if (block.shared) set_shared(block.base, block.bytes, true);
  if (const auto wrong = live_.add(block, alignment)) finding(core, "heap-misuse", *wrong, mark);
}

void Replay::untrack(std::uint32_t cached_address) {
  if (const LiveMemory::Block* block = live_.find(cached_address)) {
    forget(block->base, block->bytes);
    if (block->shared) set_shared(block->base, block->bytes, false);
  }
  live_.remove(cached_address);
}

void Replay::forget(std::uint32_t cached_address, std::uint32_t bytes) {
  if (coherency_) coherency_->checker().forget(system_->map().find(cached_address)->to_physical(cached_address), bytes);
}

Object& Replay::add_object(Object object, const SourceMark& mark) {
  const std::string name = object.name;
  if (const auto known = objects_.find(name); known != objects_.end() && !known->second.freed) throw InputError(mark, "'" + name + "' is still allocated here; free it first");
  return objects_[name] = std::move(object);
}

Object& Replay::object(const std::string& name, const SourceMark& mark) {
  const auto found = objects_.find(name);
  if (found == objects_.end()) throw InputError(mark, "'" + name + "' is not allocated at this moment; order the cores with signal and wait");
  return found->second;
}

void Replay::core_went_down(std::uint32_t core) {
  for (const LiveMemory::Block& block : live_.remove_core(core)) {
    forget(block.base, block.bytes);
    objects_.erase(block.name);
  }
}

// ---- Synchronisation -------------------------------------------------------------------------------------------------

void Replay::block(DspCore& core, const std::string& reason, const SourceMark& mark, const std::function<bool()>& ready) {
  waiting_[core.id()] = {reason, mark};
  core.wait_until(ready);
  waiting_.erase(core.id());
}

std::uint64_t Replay::sync_object(const std::string& kind, const std::string& name) {
  // Above all addresses.
  return sync_objects_.try_emplace(kind + " " + name, (1ull << 32) + sync_objects_.size()).first->second;
}

void Replay::order_release(const DspCore& core, std::uint64_t object) {
  if (!coherency_) return;
  coherency_->checker().set_alone(false);
  coherency_->checker().release(static_cast<AgentId>(core.id()), object);
}

void Replay::order_acquire(const DspCore& core, std::uint64_t object) {
  if (coherency_) coherency_->checker().acquire(static_cast<AgentId>(core.id()), object);
}

void Replay::signal(DspCore& core, const std::string& name) {
  core.synchronise();
  if (coherency_) coherency_->on_release(core.core());
  order_release(core, sync_object("signal", name));
  ++signals_[name];
  for (std::size_t other = 0; other < system_->core_count(); ++other) system_->core(other).wake(core.core().now());
}

void Replay::wait(DspCore& core, const std::string& name, const SourceMark& mark) {
  std::uint64_t& consumed = consumed_[{name, core.id()}];
  block(core, "signal '" + name + "'", mark, [&] { return signals_[name] > consumed; });
  ++consumed;
  order_acquire(core, sync_object("signal", name));
}

void Replay::barrier(DspCore& core, const std::string& name, const SourceMark& mark) {
  const std::size_t members = names_.barriers.at(name).size();
  core.synchronise();
  std::uint64_t& arrivals = barrier_arrivals_[name];
  if (coherency_) coherency_->on_release(core.core());
  order_release(core, sync_object("barrier", name));
  const std::uint64_t round_end = (arrivals++ / members + 1) * members;
  if (arrivals == round_end)
    for (std::size_t other = 0; other < system_->core_count(); ++other) system_->core(other).wake(core.core().now());
  else
    block(core, "barrier '" + name + "'", mark, [&arrivals, round_end] { return arrivals >= round_end; });
  order_acquire(core, sync_object("barrier", name));
}

std::uint64_t Replay::cycles_of(std::uint64_t nanoseconds) const {
  return nanoseconds * 1000 / platform_.system.clock_period_ps;
}

// ---- Results ---------------------------------------------------------------------------------------------------------

void Replay::expect(bool passed, const std::string& text, const std::string& actual, const SourceMark& mark) {
  for (Result::Expectation& known : result_.expectations)
    if (known.where == mark.to_string() && known.text == text) {  // the same place in a loop: the first failure stays
      if (known.passed && !passed) known = {text, actual, mark.to_string(), false};
      return;
    }
  result_.expectations.push_back({text, actual, mark.to_string(), passed});
}

void Replay::stale_read(Result::StaleRead read) {
  for (Result::StaleRead& known : result_.stale_reads)
    if (known.where == read.where && known.core == read.core && known.object == read.object) {
      ++known.count;
      return;
    }
  result_.stale_reads.push_back(std::move(read));
}

void Replay::finding(DspCore& core, const std::string& rule, const std::string& message, const SourceMark& mark) {
  Result::Finding finding;
  finding.rule = rule;
  finding.message = message;
  finding.access = {fmt::format("core {}", core.id()), "call", "", {}, mark.to_string(), core.core().now()};
  log_.add(std::move(finding));
}

void Replay::misuse(DspCore& core, const std::string& message, const Object& object, const SourceMark& mark) {
  Result::Finding finding;
  finding.rule = "heap-misuse";
  finding.message = message;
  finding.access = {fmt::format("core {}", core.id()), "access", "", {}, mark.to_string(), core.core().now()};
  finding.object = Result::Object{object.name, to_string(object.zone), fmt::format("core {}", object.core), "", cached(object.address), object.bytes};
  if (object.freed) finding.other = Result::Deed{"", "free", "", {}, object.freed->to_string(), 0};
  log_.add(std::move(finding));
}

void Replay::check_initialised(DspCore& core, std::uint32_t address, std::uint32_t bytes, const Object& object, const SourceMark& mark) {
  if (!coherency_ || object.freed) return;
  const std::uint32_t physical = system_->map().find(address)->to_physical(address);
  if (const auto first = coherency_->checker().never_written(physical, bytes))
    misuse(core, fmt::format("byte {} of '{}' is read, and nobody has written it since it was allocated", *first - physical + (address - object.address), object.name), object, mark);
}

AgentId Replay::agent_of(std::uint32_t master) const {
  return master == host_master ? host_agent : static_cast<AgentId>(platform_.core_count() + master);
}

void Replay::master_write(DspCore& core, std::uint32_t master, std::uint32_t address, std::span<const std::uint8_t> bytes, const SourceMark& mark) {
  core.synchronise();
  const AgentId agent = agent_of(master);
  const std::uint64_t object = sync_object("master", std::to_string(agent));
  const std::uint32_t physical = system_->map().find(address)->to_physical(address), line = platform_.line_bytes();
  order_release(core, object);
  if (coherency_) {
    CoherencyChecker& checker = coherency_->checker();
    checker.acquire(agent, object);
    for (std::uint32_t at = 0; at < bytes.size();) {
      const auto count = std::min<std::uint32_t>(line - (physical + at) % line, static_cast<std::uint32_t>(bytes.size()) - at);
      checker.write(agent, View::direct, physical + at, bytes.subspan(at, count), {0, 0, &mark}, core.core().now());
      at += count;
    }
    checker.release(agent, object);
  }
  system_->load(address, bytes);
  core.core().advance(bytes.size() / 8 + 1);
  order_acquire(core, object);
}

void Replay::master_read(DspCore& core, std::uint32_t master, std::uint32_t address, std::span<std::uint8_t> bytes, const SourceMark& mark) {
  core.synchronise();
  const AgentId agent = agent_of(master);
  const std::uint64_t object = sync_object("master", std::to_string(agent));
  const std::uint32_t physical = system_->map().find(address)->to_physical(address), line = platform_.line_bytes();
  system_->inspect(address, bytes);
  order_release(core, object);
  if (coherency_) {
    CoherencyChecker& checker = coherency_->checker();
    checker.acquire(agent, object);
    for (std::uint32_t at = 0; at < bytes.size();) {
      const auto count = std::min<std::uint32_t>(line - (physical + at) % line, static_cast<std::uint32_t>(bytes.size()) - at);
      checker.read(agent, View::direct, physical + at, bytes.subspan(at, count), {0, 0, &mark}, core.core().now());
      at += count;
    }
    checker.release(agent, object);
  }
  core.core().advance(bytes.size() / 8 + 1);
  order_acquire(core, object);
}

void Replay::report_leaks() {
  for (const auto& [name, object] : objects_) {
    if (object.freed || object.zone == Zone::system) continue;
    Result::Finding finding;
    finding.rule = "leak";
    finding.kind = Result::Finding::Kind::advice;
    finding.message = fmt::format("'{}' is still allocated at the end", name);
    const LiveMemory::Block* block = live_.find(cached(object.address));
    finding.access = {fmt::format("core {}", object.core), "allocation", "", {}, block && block->where ? block->where->to_string() : "", 0};
    finding.object = Result::Object{name, to_string(object.zone), fmt::format("core {}", object.core), "", cached(object.address), object.bytes};
    log_.add(std::move(finding));
  }
}

void Replay::report_redundant_maintenance() {
  if (!coherency_) return;
  for (const CoherencyChecker::MaintenanceUse& use : coherency_->checker().maintenance_use()) {
    if (use.useful) continue;
    Result::Finding finding;
    finding.rule = "redundant-maintenance";
    finding.kind = Result::Finding::Kind::advice;
    finding.access = log_.describe(use.deed);
    finding.count = use.count;
    finding.message = fmt::format("none of {} cache operations could matter: no line that they named can have been in the cache{}", use.count,
                                  use.deed.kind == Deed::Kind::write_back ? ", or dirty" : "");
    log_.add(std::move(finding));
  }
}

void Replay::set_shared(std::uint32_t cached_address, std::uint32_t bytes, bool shared) {
  if (coherency_) coherency_->set_shared(system_->map().find(cached_address)->to_physical(cached_address), bytes, shared);
}

void Replay::collect_hardware() {
  if (result_.cores.empty()) {
    for (std::size_t index = 0; index < system_->core_count(); ++index) {
      DspCore& dsp = system_->core(index);
      const CoreStatistics statistics = dsp.core().statistics();
      const CacheStatistics& data = dsp.core().data_cache().statistics();
      const CacheStatistics& code = dsp.core().instruction_cache().statistics();
      result_.cores.push_back({static_cast<std::uint32_t>(index), dsp.powered(), statistics.instructions, statistics.cycles,
                               {statistics.data_accesses, data.misses, data.write_backs, data.prefetches},
                               {statistics.instructions, code.misses, 0, code.prefetches},
                               statistics.uncached_reads, statistics.uncached_writes, statistics.atomics});
      if (dsp.powered() || statistics.instructions) result_.cycles = std::max(result_.cycles, statistics.cycles);
    }
    for (const auto& sram : system_->srams())
      for (std::uint32_t index = 0; index < sram->config().banks; ++index) {
        const SramBank& bank = sram->bank(index);
        const std::uint32_t base = sram->config().physical_base + index * sram->config().bank_bytes;
        result_.banks.push_back({sram->bank_name(index), bank.on(), bank.statistics().accesses, bank.statistics().conflicts,
                                 bank.statistics().conflict_cycles, live_.bytes_between(base, std::uint64_t{base} + sram->config().bank_bytes)});
      }
  }
}

void Replay::collect_heaps(DspCore& core) {
  // Asking for figures is not part of the program that is judged.
  if (coherency_) core.observe(nullptr);
  // Asking the allocator takes time on the core: the figures of the hardware are taken before.
  collect_hardware();
  const auto info = image_.symbol("scenario_heap_info");
  if (!info) return;
  for (std::uint32_t index = 0; index < platform_.heaps.size(); ++index) {
    if (static_cast<std::int32_t>(call(core, "scenario_read_heap_info", {index}, {scenario_.file})) != 0) continue;
    const auto word = [&](std::uint32_t field) { return core.core().load(*info + 4 * field, 4); };
    const HeapLayout& heap = platform_.heaps[index];
    result_.heaps.push_back({heap.name, to_string(heap.zone), word(0), word(1), word(2), word(3), word(4), word(5)});
  }
}

void Replay::report_crash(const CoreFault& fault) {
  Result::Crash crash;
  crash.message = fault.what();
  if (fault.cause == FaultCause::watchdog) {
    // Often it is another core that holds what this one spins for.
    for (const auto& [core, step] : current_step_)
      if (core != fault.core && step) crash.other_steps.push_back(fmt::format("core {}: {} at {}", core, step->kind, step->mark.to_string()));
    crash.message = fmt::format("watchdog: no return after {} cycles", options_.watchdog_cycles.value_or(platform_.system.limits.watchdog_cycles));
  }
  crash.core = fault.core;
  crash.cycle = fault.cycle;
  if (const auto step = current_step_.find(fault.core); step != current_step_.end() && step->second)
    crash.step = step->second->kind + " at " + step->second->mark.to_string();
  if (fault.pc != Core::trap_address) crash.stack.push_back(log_.frame_at(fault.pc, fault.pc));
  for (const StackFrame& frame : fault.stack)
    if (frame.return_address != Core::trap_address) crash.stack.push_back(log_.frame_at(frame.return_address, frame.return_address - 3));
  result_.crash = std::move(crash);
  if (fault.cause == FaultCause::bus_error) report_gated_bank(fault);
}

void Replay::report_gated_bank(const CoreFault& fault) {
  for (const auto& sram : system_->srams())
    for (std::uint32_t index = 0; index < sram->config().banks; ++index) {
      const std::string name = "SRAM bank " + sram->bank_name(index);
      if (!result_.crash->message.ends_with(name + " is powered off") && !result_.crash->message.ends_with(name + " was switched on but is not usable yet")) continue;
      const std::uint32_t base = sram->config().physical_base + index * sram->config().bank_bytes;
      Result::Finding finding;
      finding.rule = "use-of-powered-off-bank";
      finding.message = fmt::format("core {} needs {}, which {}", fault.core, name, result_.crash->message.substr(result_.crash->message.find(name) + name.size() + 1));
      finding.access = {fmt::format("core {}", fault.core), "access", "", result_.crash->stack, "", fault.cycle};
      if (const auto step = current_step_.find(fault.core); step != current_step_.end() && step->second) finding.access.step = step->second->mark.to_string();
      if (coherency_)
        if (const Deed off = coherency_->power_off_of(base); off.kind != Deed::Kind::none) finding.cause = log_.describe(off);
      for (const LiveMemory::Block* block : live_.between(base, std::uint64_t{base} + sram->config().bank_bytes))
        if (finding.neighbours.size() < 8)
          finding.neighbours.push_back({block->name, to_string(block->zone), fmt::format("core {}", block->core), block->where ? block->where->to_string() : "", block->base, block->bytes});
      finding.fix = "switch the bank on (pm_banks_on) before the access, or move what lives in it to a bank that stays on";
      log_.add(std::move(finding));
    }
}

void Replay::report_deadlock() const {
  std::string text = "deadlock: no core can go on";
  std::optional<SourceMark> first;
  for (const auto& [core, wait] : waiting_) {
    if (wait.mark.line == 0) continue;  // core 0 at its end
    text += fmt::format("; core {} waits for {} at line {}", core, wait.reason, wait.mark.line);
    if (!first) first = wait.mark;
  }
  for (const auto& [id, steps] : scenario_.cores) {
    if (waiting_.contains(id) || system_->core(id).powered()) continue;
    text += fmt::format("; core {} has steps to run but no power", id);
    if (!first) first = scenario_.core_marks.at(id);
  }
  throw InputError(first.value_or(SourceMark{scenario_.file}), text);
}

void Replay::progress(DspCore& core, std::uint64_t done, std::uint64_t total) {
  if (!options_.show_progress) return;
  const std::uint64_t now = milliseconds_now();
  if (now < next_progress_ms_) return;
  if (next_progress_ms_) {
    const std::string part = total ? fmt::format(", {} of {} operations", done, total) : "";
    fmt::print(stderr, "\r\033[Kreplaying: {} steps done, core {} at cycle {}{}", steps_done_, core.id(), core.core().now(), part);
    std::fflush(stderr);
  }
  next_progress_ms_ = now + 250;
}

}  // namespace dspmem
