// SPDX-License-Identifier: Apache-2.0
// Steps about instructions that are written while the firmware runs: load_code, execute.
#include <fmt/format.h>

#include "sim/session/steps/access.h"
#include "sim/session/steps/steps.h"

namespace dspmem {
namespace {

constexpr std::uint32_t code_bytes = 16;

/// A function that returns a number below 2048. It ends before `code_bytes`; the rest is zeros.
std::vector<std::uint8_t> function_that_returns(std::uint32_t number, bool windowed) {
  std::vector<std::uint8_t> code;
  if (windowed) code = {0x36, 0x41, 0x00};  // entry a1, 32
  code.insert(code.end(), {0x22, static_cast<std::uint8_t>(0xa0 | number >> 8),  // movi a2, number
                           static_cast<std::uint8_t>(number)});
  code.insert(code.end(), {static_cast<std::uint8_t>(windowed ? 0x90 : 0x80), 0x00, 0x00});  // retw, or ret
  code.resize(code_bytes);
  return code;
}

class LoadCode final : public Step {
 public:
  static FieldList fields() {
    using namespace field;
    return {needs("to", text(), "object to write"),
            has("offset", number(), "its first byte, a multiple of 4; default 0"), Access::view_field(),
            has("returns", number(0, 2047), "what the function returns; default 1")};
  }
  void read(StepReader& reader) {
    access_.bytes = Bytes{code_bytes};
    reader.required("to", access_.object);
    reader.optional("offset", access_.offset);
    if (access_.offset % 4) reader.fail("offset", "'offset' must be a multiple of 4");
    access_.read_view(reader);
    reader.optional("returns", returns_);
    if (returns_ > 2047) reader.fail("returns", "'returns' must be at most 2047");
  }
  void check(const ScenarioNames& names, std::uint32_t) const override { access_.check(names, mark); }
  void walk(Program& program) const override { access_.walk(program, mark); }
  void run(StepContext& context) const override {
    const Access::Place place = access_.resolve(context, mark);
    store_bytes(context, place, access_.offset, function_that_returns(returns_, context.windowed()), 4, mark);
  }

 private:
  Access access_;
  std::uint32_t returns_ = 1;
};

class Execute final : public Step {
 public:
  static FieldList fields() {
    using namespace field;
    return {needs("object", text(), "object that holds the code"), has("offset", number(), "its first byte; default 0"),
            has("expect", number(0, 2047), "what the function has to return")};
  }
  void read(StepReader& reader) {
    access_.bytes = Bytes{1};
    reader.required("object", access_.object);
    reader.optional("offset", access_.offset);
    reader.optional("expect", expected_);
  }
  void check(const ScenarioNames& names, std::uint32_t) const override { access_.check(names, mark); }
  void walk(Program& program) const override { access_.walk(program, mark); }
  void run(StepContext& context) const override {
    const Access::Place place = access_.resolve(context, mark);
    const std::uint32_t result = context.execute(context.cached(place.address));
    if (expected_)
      context.expect(result == *expected_, fmt::format("the code in '{}' returns {}", access_.object, *expected_),
                     fmt::format("{}", result), mark);
  }

 private:
  Access access_;
  std::optional<std::uint32_t> expected_;
};

}  // namespace

const StepKind load_code_step = step_kind<LoadCode>(
    "load_code", "to", "write the instructions of a small function into an object, as a loader does");
const StepKind execute_step = step_kind<Execute>("execute", "object", "call the function that load_code wrote");

}  // namespace dspmem
