// SPDX-License-Identifier: Apache-2.0
#include "sim/session/session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/config/agents.h"
#include "sim/result/printable.h"
#include "sim/session/boot_descriptor.h"
#include "sim/session/place_statics.h"
#include "sim/session/step_context.h"

namespace dspmem {
namespace {

SystemConfig with_options(SystemConfig config, const Scenario& scenario, const ReplayOptions& options) {
  for (const Scenario::AgentSteps& each : scenario.agents)
    config.scripted_masters.push_back(agent_of_master(each.master, static_cast<std::uint32_t>(config.cores.size())));
  if (options.interpret)
    for (CoreConfig& core : config.cores) core.translate_after = 0;
  if (options.quantum_cycles) config.limits.quantum_cycles = *options.quantum_cycles;
  if (options.watchdog_cycles) config.limits.watchdog_cycles = *options.watchdog_cycles;
  return config;
}

}  // namespace

/// The coherency checker, as one subscriber and observer among others.
class Session::CoherencyLink final : public Subscriber, public FindingListener {
 public:
  CoherencyLink(const Session& session, Origins& origins)
      : session_(session), observer_(session.config_, origins, *this) {
    const Platform& platform = session.input_.platform;
    observer_.require_commits(platform.shared == SharedData::writeback_invalidate && platform.core_count() > 1);
  }
  CoherencyObserver& observer() { return observer_; }

  void on_finding(const CoherencyFinding& finding) override { session_.bus_.emit(CoherencyFound{finding}); }

  void on(const StepBegan& event) override {
    if (event.where) observer_.set_origin(event.core, event.where);
  }
  void on(const Allocated& event) override {
    if (event.block.shared) observer_.set_shared(session_.physical(event.block.base), event.block.bytes, true);
  }
  void on(const Freeing& event) override {
    const std::uint32_t address = session_.physical(event.block.base);
    observer_.forget(address, event.block.bytes);
    if (event.block.shared) observer_.set_shared(address, event.block.bytes, false);
  }
  void on(const Resizing& event) override {
    if (event.block.shared) observer_.set_shared(session_.physical(event.block.base), event.block.bytes, false);
  }

 private:
  const Session& session_;
  CoherencyObserver observer_;
};

Session::Session(const SessionInput& input, const ReplayOptions& options)
    : input_(input), options_(options), names_(check_scenario(input.scenario, input.platform)),
      config_(with_options(input.platform.system, input.scenario, options)),
      system_(std::make_unique<System>(config_, *this)), device_order_(config_.devices),
      origin_tracker_(device_order_, origins_), live_(input.platform), costs_(input.platform, live_),
      functions_(input.allocator, input.image),
      allocator_watch_(input.platform, functions_, system_->map(), live_, costs_, origins_, bus_), steps_(*system_),
      banks_(*system_, config_.devices, origins_, bus_),
      describer_(input.platform, input.image, live_, system_->map(), steps_), log_(describer_, result_),
      start_up_(*system_, config_.limits, input.platform, input.allocator, input.image, describer_, bus_, result_),
      coherency_link_(options.check_coherency ? std::make_unique<CoherencyLink>(*this, origins_) : nullptr),
      coherency_(coherency_link_ ? &coherency_link_->observer() : nullptr),
      energy_(options.energy ? load_energy(*options.energy, {}, options.energy_edits)
                             : load_energy(input.platform.energy, input.platform.energy_mark, options.energy_edits)),
      power_(input.platform, energy_, *system_), order_(coherency_), objects_(live_, system_->map(), steps_),
      rendezvous_(*system_, names_, order_), stand_ins_(*system_, input.platform, config_, rendezvous_, hub_),
      firmware_(*system_, input.image, input.image.starts_itself() ? nullptr : &stand_ins_),
      allocator_(firmware_, input.platform, input.allocator, system_->map(), live_, allocator_watch_, costs_, order_),
      masters_(*system_, input.platform, hub_, origins_, banks_, order_), loops_(live_, costs_, bus_),
      recorder_(options.recorder), progress_(options.show_progress), outcome_(result_) {
  result_.scenario = input.scenario.name;
  result_.file = input.scenario.file;
  result_.platform = input.platform.name;
  result_.allocator = input.allocator.name;
  result_.platform_description = input.platform.description;
  result_.seed = options.seed.value_or(input.scenario.seed);
  result_.clock_mhz = 1000000 / config_.clock_period_ps;
  connect();
  load_firmware();
  place_objects();
}

Session::~Session() = default;

/// Who is told of what, and in which order: diagnoses ask what the others still know, before these forget it.
void Session::connect() {
  const auto each_core = [this](auto act) {
    for (std::size_t core = 0; core < system_->core_count(); ++core) act(system_->core(core).core());
  };
  if (options_.check_heap) {
    const auto revoke = [this](std::uint32_t cores, std::uint32_t line) {
      for (std::uint32_t core = 0; core < system_->core_count(); ++core)
        if (cores >> core & 1) system_->core(core).core().revoke(line);
    };
    const auto is_copier = [this](std::uint32_t pc) {
      const std::string function = input_.image.function_at(pc);
      return function == "memcpy" || function == "memmove" || function == "memcpy_s";
    };
    const auto set_role = [this](AgentId core, bool allocator) {
      system_->core(core).core().use_context(allocator ? 1 : 0);
    };
    shadow_ = std::make_unique<HeapShadow>(input_.platform, system_->map(),
                                           HeapShadow::metadata_of(input_.allocator, input_.image), live_, bus_,
                                           HeapShadow::Environment{revoke, is_copier, set_role});
    shadow_observer_ = std::make_unique<ShadowObserver>(*shadow_, origins_, input_.platform.line_bytes());
  }

  if (coherency_) coherency_->checker().tell_stores(shadow_.get());
  hub_.add(origin_tracker_);
  if (shadow_) hub_.add(*shadow_observer_, ObserverHub::Shown::accesses);
  hub_.add(static_cast<HardwareObserver&>(banks_), ObserverHub::Shown::accesses);
  if (coherency_) hub_.add(*coherency_);
  hub_.add(static_cast<CallObserver&>(allocator_watch_));

  bus_.subscribe(steps_);
  const DiagnosisContext context{input_.platform,
                                 live_,
                                 system_->map(),
                                 log_,
                                 result_,
                                 allocator_watch_,
                                 shadow_.get(),
                                 coherency_ ? &coherency_->checker() : nullptr,
                                 banks_,
                                 config_.limits.watchdog_cycles,
                                 options_.quarantine_bytes != 0,
                                 [this](AgentId core) { return hopeless_poll(core); }};
  for (const Diagnosis* topic : diagnoses()) bus_.subscribe(*diagnoses_.emplace_back(topic->make(context)));
  bus_.subscribe(objects_);
  if (coherency_link_) bus_.subscribe(*coherency_link_);
  if (shadow_) bus_.subscribe(*shadow_);
  bus_.subscribe(power_);
  for (Subscriber* each : options_.subscribers) bus_.subscribe(*each);
  bus_.subscribe(start_up_);

  if (options_.quarantine_bytes) {
    quarantine_ = std::make_unique<Quarantine>(options_.quarantine_bytes, functions_, system_->map(), live_);
    hub_.add(static_cast<CallIntervention&>(*quarantine_));
    bus_.subscribe(*quarantine_);
  }
  if (options_.relocation) {
    relocator_ = std::make_unique<Relocator>(*options_.relocation, input_.platform, functions_, system_->map(),
                                             allocator_watch_);
    live_.allow(options_.relocation->base, options_.relocation->bytes);
    hub_.add(static_cast<CallIntervention&>(*relocator_));
    bus_.subscribe(*relocator_);
  }

  for (HardwareObserver* each : options_.observers) hub_.add(*each);
  system_->observe(hub_);
  if (options_.blocks) each_core([this](Core& core) { core.watch_blocks(options_.blocks); });
  each_core([this](Core& core) { core.watch_calls(functions_.addresses(), hub_); });
  if (options_.sites) each_core([this](Core& core) { core.filter_cache_operations(options_.sites); });
}

void Session::load_firmware() {
  for (const FirmwareImage::Segment& segment : input_.image.segments()) {
    power_.pin("firmware image", Result::Object::Kind::image, segment.address,
               static_cast<std::uint32_t>(segment.bytes.size()), 0);
    try {
      system_->load(segment.address, segment.bytes);
    } catch (const std::out_of_range&) {
      throw InputError({input_.image.path()},
                       fmt::format("the firmware has {} bytes for address {:#x}, where platform '{}' has no memory",
                                   segment.bytes.size(), segment.address, input_.platform.name));
    }
  }
  if (coherency_)
    for (const auto& [address, bytes] : input_.image.shared_data())
      coherency_->set_shared(physical(address), bytes, true);
  if (const auto address = input_.image.symbol("boot_descriptor"))
    system_->load(*address, boot_descriptor(input_.platform));
}

void Session::place_objects() {
  const std::vector<StaticObject>& statics = input_.scenario.statics;
  const std::vector<std::uint32_t> addresses = place_statics(statics, input_.platform, input_.image);
  for (std::size_t index = 0; index < addresses.size(); ++index) {
    const StaticObject& declared = statics[index];
    const std::uint32_t address = addresses[index];
    power_.pin("'" + declared.name + "'", Result::Object::Kind::static_object, address, declared.bytes, 0);
    live_.add_static({declared.name, address, declared.bytes, &declared.mark});
    Object object;
    object.name = declared.name;
    object.bytes = declared.bytes;
    const bool uncached = declared.shared && input_.platform.shared == SharedData::uncached_alias;
    object.address = uncached ? system_->map().alias(address, RegionKind::uncached) : address;
    objects_.add(std::move(object), declared.mark);
    if (declared.shared && coherency_) coherency_->set_shared(physical(address), declared.bytes, true);
  }
}

Result Session::run() {
  check_dumps();
  start_up_.begin();
  const bool starved = system_->run();
  progress_.clear();
  collect_hardware();
  if (failure_) {
    try {
      std::rethrow_exception(failure_);
    } catch (const CoreFault& fault) {
      bus_.emit(Crashed{fault});
      if (result_.crash) start_up_.explain(fault, result_.crash->message);
    } catch (const Stopped&) {
    } catch (const Interrupted&) {
      result_.interrupted = options_.interrupted ? options_.interrupted() : 0;
      if (!result_.interrupted) result_.stopped = stopped_;
    }
  } else if (starved) {
    note_deadlock();
  } else {
    if (coherency_) coherency_->finish();
    bus_.emit(RunEnded{result_.cycles});
  }
  for (const std::string& what : options_.dump) dump(what);
  result_.stand_ins.assign(stand_ins_.used().begin(), stand_ins_.used().end());
  add_also_found();
  if (options_.suppressions) suppress(*options_.suppressions, result_);
  if (options_.baseline) forgive(*options_.baseline, result_);
  // Old bytes that no schedule explains would mean that the checker or a model is wrong.
  if (coherency_ && coherency_->unexplained_reads())
    throw std::logic_error(fmt::format("{} reads returned bytes that the coherency checker cannot explain",
                                       coherency_->unexplained_reads()));
  // What a scenario expects is of its whole run.
  judge(result_.stopped.empty() ? input_.scenario.expectations : ExpectationList{}, options_.strict, result_);
  make_printable(result_);
  return std::move(result_);
}

void Session::add_also_found() {
  const auto alike = [](const Result::Finding& a, const Result::Finding& b) {
    return a.rule == b.rule && a.object.has_value() == b.object.has_value() &&
           (!a.object || a.object->name == b.object->name);
  };
  for (const Result::Finding& each : options_.also_found)
    if (!(result_.crash && each.severity == Severity::warning) &&
        std::none_of(result_.findings.begin(), result_.findings.end(),
                     [&](const Result::Finding& known) { return alike(each, known); }))
      result_.findings.push_back(each);
}

// ---- Who takes a lock first ---------------------------------------------------------------------

bool Session::can_go_on(AgentId agent) const {
  return !finished_.contains(agent) && !rendezvous_.is_stuck(agent) &&
         (agent >= system_->core_count() || system_->core(agent).powered());
}

void Session::before_lock(DspCore& core) {
  constexpr std::uint64_t at_a_time = 200, most = 2'000'000;  // cycles, of the whole replay
  if (!options_.lock_order) return;
  const auto& [first, before] = *options_.lock_order;
  const bool mine = first == core.id();
  if (mine && locks_held_++) return;
  const auto has_to_wait = [&] {
    const auto id = static_cast<AgentId>(first);
    if (!mine) return sections_done_ < before && input_.scenario.cores.contains(first) && can_go_on(id);
    if (sections_done_ < before) return false;
    return std::any_of(input_.scenario.cores.begin(), input_.scenario.cores.end(),
                       [&](const auto& each) {
                         return each.first != core.id() && can_go_on(static_cast<AgentId>(each.first));
                       }) ||
           std::any_of(system_->scripted_masters().begin(), system_->scripted_masters().end(),
                       [&](const auto& each) { return can_go_on(each->agent()); });
  };
  for (; waited_for_others_ < most && has_to_wait(); waited_for_others_ += at_a_time) {
    core.core().advance(at_a_time);
    core.synchronise();
  }
}

void Session::after_unlock(DspCore& core) {
  if (options_.lock_order && options_.lock_order->core == core.id() && locks_held_ && !--locks_held_) ++sections_done_;
}

// ---- The cores' programs ------------------------------------------------------------------------

void Session::power_secondary_cores(DspCore& core) {
  if (names_.switches_cores) return;
  for (const auto& [id, steps] : input_.scenario.cores)
    if (id != 0 && !input_.image.starts_itself()) stand_ins_.power_on(core, id);
    else if (id != 0) firmware_.call(core, "cpu_enable_core", {id}, input_.scenario.core_marks.at(id));
}

void Session::run_program(DspCore& core) {
  if (core.id() == 0) {
    start_up_.end(core);
    allocator_.initialise(core);
    power_secondary_cores(core);
    for (const auto& master : system_->scripted_masters()) master->start(core.core().now());
  }
  const auto& cores = input_.scenario.cores;
  if (const auto steps = cores.find(core.id()); steps != cores.end()) {
    StepContext context(*this, core);
    run_steps(context, steps->second);
    finish_steps(core);
  }
  if (core.id() != 0) return;
  rendezvous_.block(core, "the others", {}, [this] { return finished_.size() == programs(); });
  collect_heaps(core);
  system_->stop();
}

void Session::run_master(ScriptedMaster& master) {
  const auto& agents = input_.scenario.agents;
  const auto mine = std::find_if(agents.begin(), agents.end(), [&](const Scenario::AgentSteps& each) {
    return agent_of_master(each.master, input_.platform.core_count()) == master.agent();
  });
  StepContext context(*this, master);
  run_steps(context, mine->steps);
  finish_steps(master);
}

void Session::finish_steps(const Actor& actor) {
  begin_step(actor, nullptr, nullptr);
  finished_.insert(actor.id());
  actor.synchronise();
  system_->core(0).wake(actor.now());
}

void Session::run_steps(StepContext& context, const StepList& steps) {
  for (const auto& step : steps) {
    context.begin_step(*step);
    if (recorder_.active() && step->recorded_whole()) {
      TraceRow row;
      row.name = step->kind;
      step->describe(row);
      context.record(row);
    }
    context.wait_for_power();
    step->run(context);
    progress_.step_done();
    context.progress(0, 0);
  }
}

void Session::begin_step(const Actor& actor, const SourceMark* where, const std::string* kind) {
  if (interrupted()) throw Interrupted{};
  const AgentId id = actor.id();
  if (where) origins_.set(id, where);
  if (where && options_.sites) options_.sites->set_step(id, *where);
  bus_.emit(StepBegan{id, where, kind, actor.now(), agent_of(id, input_.platform.core_count())});
}

bool Session::interrupted() const {
  if (options_.interrupted && options_.interrupted()) return true;
  if (options_.stop_at_first && result_.findings.size() != findings_seen_) {
    findings_seen_ = result_.findings.size();
    if (std::any_of(result_.findings.begin(), result_.findings.end(),
                    [this](const Result::Finding& each) { return each.fails(options_.strict); })) {
      stopped_ = "at the first finding";
      return true;
    }
  }
  if (options_.until) {
    for (std::size_t core = 0; core < system_->core_count(); ++core)
      if (system_->core(core).powered() && system_->core(core).core().now() >= *options_.until) {
        stopped_ = fmt::format("by --until {}", *options_.until);
        return true;
      }
    for (const auto& each : system_->scripted_masters())
      if (each->now() >= *options_.until) {
        stopped_ = fmt::format("by --until {}", *options_.until);
        return true;
      }
  }
  return false;
}

void Session::failed(std::exception_ptr failure) {
  if (!failure_) failure_ = failure;
  system_->stop();
}

// ---- When it is over ----------------------------------------------------------------------------

std::string Session::hopeless_poll(AgentId core) {
  constexpr std::uint64_t many = 1000;
  const auto poll = system_->power().last_poll(core);
  if (!poll || poll->times < many) return "";
  const auto list = [](const std::vector<std::string>& banks) {
    return banks.size() > 4 ? fmt::format("{}, {}, ... {}", banks[0], banks[1], banks.back())
                            : fmt::format("{}", fmt::join(banks, ", "));
  };
  std::string text = fmt::format("; core {} polls the bank status register at {:#x}, which says {:#x}", core,
                                 config_.devices.power + poll->offset, poll->value);
  if (!poll->missing.empty()) text += fmt::format(": {} do not exist and stay gated", list(poll->missing));
  if (!poll->gated.empty())
    text += fmt::format("{} {} are off, and nobody has asked for them", poll->missing.empty() ? ":" : ";",
                        list(poll->gated));
  return text;
}

/// No core can go on. Where cores wait for each other's signals and barriers the scenario did not come to its end; a
/// core without power is the firmware's.
void Session::note_deadlock() {
  for (std::uint32_t id = 0; id < system_->core_count() && !result_.crash; ++id) {
    DspCore& core = system_->core(id);
    const bool has_steps = input_.scenario.cores.contains(id) && !finished_.contains(static_cast<AgentId>(id));
    // Core 0 waits for the others at its end; a core that waits for nothing of the scenario waits within the firmware.
    if (!core.powered() || rendezvous_.waiting().contains(static_cast<AgentId>(id)) || (id != 0 && !has_steps))
      continue;
    try {
      core.core().fault(FaultCause::endless_wait);
    } catch (const CoreFault& fault) { bus_.emit(Crashed{fault}); }
  }
  for (const auto& [id, wait] : rendezvous_.waiting())
    if (wait.mark.line)  // else core 0 at its end
      result_.expectations.push_back(
          {fmt::format("{} comes to its end", to_string(agent_of(id, input_.platform.core_count()))),
           "it waits for " + wait.reason + ", for ever", wait.mark, false});
  for (const auto& [id, steps] : input_.scenario.cores) {
    if (rendezvous_.waiting().contains(static_cast<AgentId>(id)) || system_->core(id).powered() || result_.crash)
      continue;
    Result::Crash crash;
    crash.message = fmt::format("core {} has steps to run, and no power", id);
    crash.core = id;
    crash.cycle = result_.cycles;
    crash.step = Result::Step{Agent::core(id), "the core's steps", input_.scenario.core_marks.at(id)};
    result_.crash = std::move(crash);
  }
}

}  // namespace dspmem
