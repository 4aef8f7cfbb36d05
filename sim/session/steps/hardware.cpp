// SPDX-License-Identifier: Apache-2.0
// Steps that call the firmware and switch hardware: call, core_on, core_off, bank_on, bank_off.
#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "sim/session/step_context.h"
#include "sim/session/steps/access.h"
#include "sim/session/steps/steps.h"

namespace dspmem {
namespace {

constexpr std::size_t most_arguments = 6;  ///< of a call, in registers

class Call final : public Step {
 public:
  static FieldList fields() {
    using namespace field;
    return {
        needs("function", text(), "symbol of the function"),
        has("arguments",
            list(either({number(), form("^[^0-9]", "OBJECT"), mapping(place_fields())}), 0, most_arguments),
            "numbers, and objects for their addresses: a name, or {object, offset, view}"),
        has("expect", number(), "what it has to return"),
    };
  }
  void read(StepReader& reader) {
    reader.required("function", function_);
    const YAML::Node arguments = reader.node("arguments");
    if (arguments.IsDefined() && !arguments.IsSequence())
      reader.fail("arguments", "'arguments' of step 'call' must be a list, such as [object, 64]");
    if (arguments.IsDefined() && arguments.size() > most_arguments)
      reader.fail("arguments", fmt::format("'arguments' has at most {} elements", most_arguments));
    for (const YAML::Node& node : arguments) {
      Argument& argument = arguments_.emplace_back();
      if (node.IsMap()) argument.read(node, reader);
      else if (node.Scalar().find_first_of("0123456789") == 0) reader.convert(node, "arguments", argument.value);
      else argument.object = node.Scalar();
    }
    reader.optional("expect", expected_);
  }
  void check(const ScenarioNames& names, std::uint32_t) const override {
    for (const Argument& argument : arguments_)
      if (!argument.object.empty()) check_object(names, argument.object, mark);
  }
  void walk(Program& program) const override {
    for (const Argument& argument : arguments_)
      if (!argument.object.empty()) program.add(Program::Action::Kind::use, argument.object, mark);
  }
  void run(StepContext& context) const override {
    // No memory of the host's: a call that hangs is never left, and what it owned would not be freed.
    std::array<std::uint32_t, most_arguments> values{};
    for (std::size_t i = 0; i < arguments_.size(); ++i) values[i] = arguments_[i].resolve(context, mark);
    const std::uint32_t result = context.call(function_, std::span(values).first(arguments_.size()), mark);
    if (expected_)
      context.expect(result == *expected_, fmt::format("{}() returns {}", function_, *expected_),
                     fmt::format("{}", result), mark);
  }

 private:
  static FieldList place_fields() {
    using namespace field;
    return {needs("object", text(), "object"), has("offset", number(), "its first byte; default 0"),
            Access::view_field()};
  }
  /// A number, or an address in an object.
  struct Argument {
    std::uint32_t value = 0;  ///< or the offset
    std::string object;
    Access::View view = Access::View::as_allocated;

    void read(const YAML::Node& node, const StepReader& step) {
      static const FieldType type = field::mapping(place_fields());
      FieldReader reader(node, step.file(), "an argument", type);
      reader.required("object", object);
      reader.optional("offset", value);
      std::string text;
      if (reader.optional("view", text)) view = Access::choose_view(reader, text);
      reader.finish();
    }
    std::uint32_t resolve(StepContext& context, const SourceMark& mark) const {
      if (object.empty()) return value;
      const std::uint32_t address = context.object(object, mark).address + value;
      return view == Access::View::cached     ? context.cached(address)
             : view == Access::View::uncached ? context.uncached(address)
                                              : address;
    }
  };

  std::string function_;
  std::vector<Argument> arguments_;
  std::optional<std::uint32_t> expected_;
};

template <bool On>
class CorePower final : public Step {
 public:
  static FieldList fields() { return {field::needs("core", field::number(), "number of the core, not 0")}; }
  void read(StepReader& reader) { reader.required("core", core_); }
  void declare(ScenarioNames& names, std::uint32_t) const override { names.switches_cores = true; }
  void check(const ScenarioNames& names, std::uint32_t) const override {
    if (core_ >= names.platform->core_count())
      throw InputError(mark, fmt::format("core {} does not exist: platform '{}' has {} cores", core_,
                                         names.platform->name, names.platform->core_count()));
    if (core_ == 0) throw InputError(mark, "core 0 is on from the start and stays on");
  }
  void walk(Program& program) const override {
    program.add(On ? Program::Action::Kind::core_on : Program::Action::Kind::core_off, std::to_string(core_), mark);
  }
  void run(StepContext& context) const override {
    if constexpr (On) {
      context.call("cpu_enable_core", {core_}, mark);
    } else {
      context.call("cpu_disable_core", {core_}, mark);
      context.objects().core_went_down(core_, mark);
    }
  }

 private:
  std::uint32_t core_ = 0;
};

template <bool On>
class BankPower final : public Step {
 public:
  static FieldList fields() {
    return {field::needs("bank", field::text(), "first bank, such as HP3"),
            field::has("count", field::number(1), "how many banks; default 1")};
  }
  void read(StepReader& reader) {
    reader.required("bank", bank_);
    reader.optional("count", count_);
  }
  void check(const ScenarioNames& names, std::uint32_t) const override { locate(*names.platform); }
  void run(StepContext& context) const override {
    const auto [memory, first] = locate(context.platform());
    context.call(On ? "pm_banks_on" : "pm_banks_off", {memory, first, count_}, mark);
  }

 private:
  /// "HP3" -> number of the switchable memory HP, bank 3.
  std::pair<std::uint32_t, std::uint32_t> locate(const Platform& platform) const {
    std::uint32_t memory = 0;
    std::vector<std::string> banks;
    for (const SramConfig& sram : platform.system.srams) {
      if (!sram.switchable) continue;
      for (std::uint32_t index = 0; index < sram.banks; ++index) {
        banks.push_back(sram.name + std::to_string(index));
        if (banks.back() != bank_) continue;
        if (count_ > sram.banks - index)
          throw InputError(mark,
                           fmt::format("{} banks from {} on: memory {} has {}", count_, bank_, sram.name, sram.banks));
        return {memory, index};
      }
      ++memory;
    }
    if (banks.empty()) throw InputError(mark, "platform '" + platform.name + "' has no banks that can be switched");
    throw InputError(mark, fmt::format("platform '{}' has no bank '{}' that can be switched; did you mean '{}'?",
                                       platform.name, bank_, nearest_name(bank_, banks)));
  }

  std::string bank_;
  std::uint32_t count_ = 1;
};

}  // namespace

const StepKind call_step = step_kind<Call>("call", "function", "call any function of the firmware");
const StepKind core_on_step =
    step_kind<CorePower<true>>("core_on", "core", "power a core and wait until it has booted");
const StepKind core_off_step =
    step_kind<CorePower<false>>("core_off", "core", "make a core free its heaps and stop, and gate its memory");
const StepKind bank_on_step =
    step_kind<BankPower<true>>("bank_on", "bank", "power SRAM banks and wait until they are usable");
const StepKind bank_off_step =
    step_kind<BankPower<false>>("bank_off", "bank", "gate SRAM banks; their contents are lost");

}  // namespace dspmem
