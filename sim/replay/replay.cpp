// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/replay.h"

#include <cstdio>
#include <fmt/format.h>

#include "sim/replay/boot_descriptor.h"

namespace dspmem {
namespace {

// Numbers of the firmware's simcalls: boot.c.
constexpr std::uint32_t simcall_exit = 1, simcall_write = 4, simcall_panic = 0x50;
constexpr std::uint32_t flag_shared = 1;  // SOF_MEM_FLAG_SHARED

SystemConfig with_options(SystemConfig config, const ReplayOptions& options) {
  if (options.interpret)
    for (CoreConfig& core : config.cores) core.translate_after = 0;
  if (options.quantum_cycles) config.limits.quantum_cycles = *options.quantum_cycles;
  if (options.watchdog_cycles) config.limits.watchdog_cycles = *options.watchdog_cycles;
  return config;
}

}  // namespace

Replay::Replay(const Scenario& scenario, const Platform& platform, const Allocator& allocator, const FirmwareImage& image, const ReplayOptions& options)
    : scenario_(scenario),
      platform_(platform),
      allocator_(allocator),
      image_(image),
      options_(options),
      names_(check_scenario(scenario, platform)),
      context_(std::make_unique<SimulationContext>()),
      system_(std::make_unique<System>(with_options(platform.system, options), *this)),
      live_(platform),
      log_(platform, image, live_, system_->map(), result_) {
  result_.scenario = scenario.name;
  result_.file = scenario.file;
  result_.platform = platform.name;
  result_.allocator = allocator.name;
  result_.platform_description = platform.description;
  result_.seed = options.seed.value_or(scenario.seed);
  result_.clock_mhz = 1000000 / platform.system.clock_period_ps;
  energy_ = options.energy ? load_energy(*options.energy) : load_energy(platform.energy, platform.energy_mark);
  power_ = std::make_unique<PowerAccount>(platform, energy_, *system_);
  heap_ = std::make_unique<HeapTracker>(platform, allocator, image, system_->map(), live_, *this);
  heap_->quarantine(options.quarantine_bytes);
  if (options.relocation) heap_->relocate(*options.relocation);
  for (std::size_t core = 0; core < system_->core_count(); ++core) system_->core(core).core().watch_calls(heap_->functions(), *heap_);
  if (options.check_coherency) {
    coherency_ = std::make_unique<CoherencyObserver>(platform.system, log_);
    system_->observe(*coherency_);
    coherency_->require_commits(platform.shared == SharedData::writeback_invalidate && platform.core_count() > 1);
    coherency_->set_judge(heap_.get());
    coherency_->on_loss([this](std::uint32_t address, std::uint32_t bytes, const Deed& power_off) { report_bank_off(address, bytes, power_off); });
    coherency_->on_refusal([this](const Deed& access, std::uint32_t address) { report_refused(access, address); });
    heap_->use_checker(&coherency_->checker());
    log_.use_checker(coherency_->checker());
    log_.use_stack_of([this](AgentId core) { return system_->core(core).core().call_stack(); });
  }
  log_.use_origins([this](AgentId agent) -> const SourceMark* {
    const auto step = current_step_.find(agent);
    return step == current_step_.end() || !step->second ? nullptr : &step->second->mark;
  });
  if (options.sites)
    for (std::size_t core = 0; core < system_->core_count(); ++core) system_->core(core).core().filter_cache_operations(options.sites);
  load_firmware();
  place_objects();
}

Replay::~Replay() = default;

void Replay::load_firmware() {
  for (const FirmwareImage::Segment& segment : image_.segments()) {
    power_->pin("firmware image", segment.address, static_cast<std::uint32_t>(segment.bytes.size()), 0);
    try {
      system_->load(segment.address, segment.bytes);
    } catch (const std::out_of_range&) {
      throw InputError({image_.path()}, fmt::format("the firmware has {} bytes for address {:#x}, where platform '{}' has no memory",
                                                    segment.bytes.size(), segment.address, platform_.name));
    }
  }
  if (const auto address = image_.symbol("boot_descriptor")) system_->load(*address, boot_descriptor(platform_));
}

void Replay::place_objects() {
  const std::vector<std::uint32_t> addresses = place_statics(scenario_.statics, platform_, image_);
  for (std::size_t index = 0; index < addresses.size(); ++index) {
    const StaticObject& declared = scenario_.statics[index];
    power_->pin("'" + declared.name + "'", addresses[index], declared.bytes, 0);
    live_.add_static({declared.name, addresses[index], declared.bytes, &declared.mark});
    Object object;
    object.name = declared.name;
    object.bytes = declared.bytes;
    object.is_static = true;
    object.address = declared.shared && platform_.shared == SharedData::uncached_alias ? uncached(addresses[index]) : addresses[index];
    objects_[declared.name] = std::move(object);
    if (declared.shared) set_shared(addresses[index], declared.bytes, true);
  }
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
    if (coherency_) coherency_->finish_commits();
    report_leaks();
    report_redundant_maintenance();
  }
  if (options_.suppressions) suppress(*options_.suppressions, result_);
  // Old bytes that no schedule explains would mean that the checker or a model is wrong.
  if (coherency_ && coherency_->unexplained_reads())
    throw std::logic_error(fmt::format("{} reads returned bytes that the coherency checker cannot explain", coherency_->unexplained_reads()));
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
  if (core.id() == 0) {
    initialise_allocator(core);
    power_secondary_cores(core);
  }
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
    begin_step(core, *step);
    if (options_.recorder && step->recorded_whole()) {
      TraceRow row;
      row.name = step->kind;
      step->describe(row);
      record(core, row);
    }
    core.wait_until([&core] { return core.powered(); });
    step->run(*this, core);
    ++steps_done_;
    progress(core, 0, 0);
  }
}

void Replay::begin_step(DspCore& core, const Step& step) {
  current_step_[core.id()] = &step;
  if (coherency_) coherency_->set_origin(static_cast<AgentId>(core.id()), &step.mark);
  if (options_.sites) options_.sites->set_step(core.id(), step.mark);
}

void Replay::record(DspCore& core, TraceRow row) {
  row.core = core.id();
  row.time = core.core().now();
  options_.recorder->row(row);
}

void Replay::set_ring(DspCore& core, std::uint32_t ring) {
  core.core().set_ring(ring);
  if (!recording()) return;
  const std::string detail = std::to_string(ring);
  TraceRow row;
  row.name = "ring";
  row.detail = detail;
  record(core, row);
}

void Replay::begin_turn(DspCore& core, TraceState& state, std::uint64_t index, const SourceMark& mark) {
  if (state.next_row != index) block(core, fmt::format("row {} of the trace", index + 1), mark, [&state, index] { return state.next_row == index; });
  // Whatever ordered the recorded firmware, nothing of a row happens before the rows in front of it.
  order_acquire(core, sync_object("trace", ""));
}

void Replay::end_turn(DspCore& core, TraceState& state) {
  ++state.next_row;
  if (scenario_.cores.size() == 1) return;
  core.synchronise();
  if (coherency_) coherency_->on_release(core.core());
  order_release(core, sync_object("trace", ""));
  for (std::size_t other = 0; other < system_->core_count(); ++other) system_->core(other).wake(core.core().now());
}

void Replay::core_power(DspCore& core, bool on, std::uint64_t cycle) {
  const CoreArea& area = platform_.core_areas[core.id()];
  const std::string name = fmt::format("stack of core {}", core.id());
  if (on) power_->pin(name, area.stack_base, area.stack_bytes, cycle);
  else power_->unpin(name, area.stack_base, area.stack_bytes, cycle);
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

std::uint32_t Replay::use_allocator(DspCore& core, const AllocatorFunction& function, const Use& use, const SourceMark& mark) {
  using Kind = AllocatorArgument::Kind;
  const auto symbol = [this](const AllocatorArgument& argument) {
    const auto address = image_.symbol(argument.symbol);
    if (!address) throw InputError(argument.mark, "the firmware has no symbol '" + argument.symbol + "'" + suggestion(argument.symbol, image_.symbol_names()));
    return *address;
  };
  std::vector<std::uint32_t> values;
  for (const AllocatorArgument& argument : function.arguments) {
    std::uint32_t value = 0;
    switch (argument.kind) {
      case Kind::bytes: value = use.request.bytes; break;
      case Kind::count: value = 1; break;
      case Kind::old_bytes: value = use.old_bytes; break;
      case Kind::alignment: value = use.request.alignment; break;
      case Kind::pointer: value = use.pointer; break;
      case Kind::zone: value = static_cast<std::uint32_t>(use.request.zone); break;
      case Kind::flags: value = use.request.flags; break;
      case Kind::capabilities: value = use.request.capabilities; break;
      case Kind::core: value = core.id(); break;
      case Kind::heap_base: value = platform_.heaps.front().base; break;
      case Kind::heap_bytes: value = platform_.heaps.front().bytes; break;
      case Kind::number: value = argument.number; break;
      case Kind::value_of: value = core.core().load(symbol(argument), 4); break;
      case Kind::address_of: value = symbol(argument); break;
    }
    values.push_back(value);
  }
  const SourceMark& blame = image_.symbol(function.symbol) ? mark : function.mark;
  const std::uint32_t restarts = core.restarts();
  const bool locked = !allocator_.lock.empty();
  if (locked) {
    heap_->begin_use(core.core());
    call(core, allocator_.lock, {}, mark);
  }
  const std::uint32_t result = call(core, function.symbol, values, blame);
  if (core.restarts() != restarts) throw InputError(mark, fmt::format("core {} was switched off during this step, which has no result: let it say with a signal when it is done", core.id()));
  if (locked) {
    call(core, allocator_.unlock, {}, mark);
    heap_->end_use(core.core());
  }
  return result;
}

const AllocatorFunction& Replay::allocator_function(AllocatorFunction::Role role, Zone zone, bool aligned, const SourceMark& mark) const {
  if (const AllocatorFunction* function = allocator_.find(role, zone, aligned)) return *function;
  const char* what = role == AllocatorFunction::Role::reallocate ? "changes an object's size" : role == AllocatorFunction::Role::free ? "frees" : aligned ? "allocates with an alignment" : "allocates";
  throw InputError(mark, fmt::format("allocator '{}' has no function that {} in zone {}", allocator_.name, what, to_string(zone)));
}

void Replay::initialise_allocator(DspCore& core) {
  for (const AllocatorFunction& function : allocator_.functions)
    if (function.role == AllocatorFunction::Role::initialise) use_allocator(core, function, {}, function.mark);
}

bool Replay::needs_whole_lines(const Request& request) const {
  // Shared data of an allocator that does not know of it: whole cache lines, as its caller would have to ask for.
  const bool shared = request.flags & flag_shared || request.zone == Zone::runtime_shared || request.zone == Zone::system_shared;
  const AllocatorFunction* plain = allocator_.find(AllocatorFunction::Role::allocate, request.zone);
  return shared && plain && !plain->position(AllocatorArgument::Kind::flags) && !plain->position(AllocatorArgument::Kind::zone);
}

std::uint32_t Replay::whole_lines(std::uint32_t bytes) const { return (bytes + platform_.line_bytes() - 1) / platform_.line_bytes() * platform_.line_bytes(); }

std::uint32_t Replay::shared_view(DspCore& core, std::uint32_t address, std::uint32_t bytes, const SourceMark& mark) {
  if (platform_.shared != SharedData::uncached_alias) return address;
  call(core, "dcache_writeback_invalidate_region", {address, bytes}, mark);
  return uncached(address);
}

std::uint32_t Replay::allocate(DspCore& core, const Request& request, const std::string& name, const SourceMark& mark) {
  using enum AllocatorFunction::Role;
  Use use{request, 0, 0};
  const bool lines = needs_whole_lines(request);
  if (lines) {
    use.request.bytes = whole_lines(request.bytes);
    use.request.alignment = std::max(request.alignment, platform_.line_bytes());
  }
  // Asked for its own alignment, any function will do.
  const bool aligned = use.request.alignment > platform_.allocation_alignment;
  const AllocatorFunction* zeroing = request.zeroed && !lines ? allocator_.find(allocate_zeroed, request.zone, aligned) : nullptr;
  const AllocatorFunction& function = zeroing ? *zeroing : allocator_function(AllocatorFunction::Role::allocate, request.zone, aligned, mark);
  heap_->name_next(core.id(), name, mark, request.zone, request.group, lines);
  std::uint32_t address = use_allocator(core, function, use, mark);
  if (!address) return 0;
  if (lines) address = shared_view(core, address, use.request.bytes, mark);
  if (request.zeroed && !zeroing) call(core, "memset", {address, 0, request.bytes}, mark);
  return address;
}

std::uint32_t Replay::reallocate(DspCore& core, const Object& object, std::uint32_t bytes, const SourceMark& mark) {
  Use use{{object.zone, object.flags, object.capabilities, bytes, 0, false, nullptr}, allocator_.one_heap ? cached(object.address) : object.address, object.bytes};
  const AllocatorFunction& function = allocator_function(AllocatorFunction::Role::reallocate, object.zone, false, mark);
  const bool lines = needs_whole_lines(use.request);
  if (lines) use.request.bytes = whole_lines(bytes);
  heap_->name_next(core.id(), object.name, mark, object.zone, nullptr, lines);
  const std::uint32_t address = use_allocator(core, function, use, mark);
  return address && lines ? shared_view(core, address, use.request.bytes, mark) : address;
}

void Replay::release(DspCore& core, std::uint32_t address, const SourceMark& mark) {
  const LiveMemory::Block* block = live_.find(cached(address));
  Use use;
  if (block) use.request.zone = block->zone;
  use.pointer = allocator_.one_heap ? cached(address) : address;
  use_allocator(core, allocator_function(AllocatorFunction::Role::free, use.request.zone, false, mark), use, mark);
}

void Replay::forget(std::uint32_t cached_address, std::uint32_t bytes) {
  if (coherency_) coherency_->forget(physical(cached_address), bytes);
}

Object& Replay::add_object(Object object, const SourceMark& mark) {
  const std::string name = object.name;
  if (const auto known = objects_.find(name); known != objects_.end() && !known->second.freed) throw InputError(mark, "'" + name + "' is still allocated here; free it first");
  denied_.erase(name);
  return objects_[name] = std::move(object);
}

Object& Replay::object(const std::string& name, const SourceMark& mark) {
  const auto found = objects_.find(name);
  if (found == objects_.end() && denied_.contains(name)) throw InputError(mark, "'" + name + "' got no memory: its allocation failed, as it may");
  if (found == objects_.end()) throw InputError(mark, "'" + name + "' is not allocated at this moment; order the cores with signal and wait");
  return found->second;
}

void Replay::prefetch(DspCore& core, std::uint32_t cached_address) {
  core.core().data_cache().prefetch(cached_address);
  if (coherency_) coherency_->on_cache_operation(core.core(), CacheOperation::prefetch, physical(cached_address), true);
}

void Replay::core_went_down(std::uint32_t core, const SourceMark& mark) {
  // Its heaps are empty now. The names stay, for accesses that come too late, until they are used again.
  for (auto& [name, object] : objects_)
    if (object.core == core && (object.zone == Zone::system || object.zone == Zone::system_runtime) && !object.freed && !live_.find(cached(object.address))) object.freed = &mark;
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
  coherency_->release(static_cast<AgentId>(core.id()), object);
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

// ---- Masters without a cache ------------------------------------------------------------------------------------------

AgentId Replay::agent_of(std::uint32_t master) const {
  return master == host_master ? host_agent : static_cast<AgentId>(platform_.core_count() + master);
}

void Replay::as_master(DspCore& core, AgentId agent, std::size_t bytes, const SourceMark& mark, const std::function<void()>& access) {
  constexpr std::size_t bus_bytes = 8;
  core.synchronise();
  const std::uint64_t object = sync_object("master", fmt::format("{} for core {}", agent, core.id()));
  if (coherency_ && agent == host_agent) coherency_->checker().act_for(agent, static_cast<AgentId>(core.id()));
  order_release(core, object);
  if (coherency_) {
    coherency_->set_origin(agent, &mark);
    coherency_->set_judge(nullptr);  // the step knows its object
    if (agent != host_agent) coherency_->on_master_start(agent, object);  // it may have a transfer of somebody else's to do, too
  }
  access();
  if (coherency_) {
    coherency_->on_master_finish(agent, object);
    coherency_->set_judge(heap_.get());
    coherency_->set_origin(agent, nullptr);
  }
  core.core().advance(bytes / bus_bytes + 1);
  order_acquire(core, object);
}

void Replay::master_write(DspCore& core, std::uint32_t master, std::uint32_t address, std::span<const std::uint8_t> bytes, const SourceMark& mark) {
  const AgentId agent = agent_of(master);
  as_master(core, agent, bytes.size(), mark, [&] {
    report_refused({Deed::Kind::write, agent, View::direct, {0, 0, &mark}, core.core().now()}, physical(address));
    if (coherency_) coherency_->on_master_write(agent, physical(address), bytes, core.core().now());
    system_->load(address, bytes);
  });
}

void Replay::master_read(DspCore& core, std::uint32_t master, std::uint32_t address, std::span<std::uint8_t> bytes, const SourceMark& mark) {
  const AgentId agent = agent_of(master);
  as_master(core, agent, bytes.size(), mark, [&] {
    report_refused({Deed::Kind::read, agent, View::direct, {0, 0, &mark}, core.core().now()}, physical(address));
    system_->inspect(address, bytes);
    if (coherency_) coherency_->on_master_read(agent, physical(address), bytes, core.core().now());
  });
}

}  // namespace dspmem
