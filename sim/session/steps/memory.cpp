// SPDX-License-Identifier: Apache-2.0
// Steps that move values: write, read, copy, add.
#include <fmt/format.h>

#include <utility>

#include "models/devices/dma.h"
#include "sim/scenario/patterns.h"
#include "sim/session/steps/access.h"
#include "sim/session/steps/steps.h"

namespace dspmem {
namespace {

/// Throws InputError for a number of which nothing would be stored, or seen.
void check_pattern(const Pattern& pattern, const Access& access, std::uint64_t bytes, const SourceMark& mark) {
  if (!bytes || !pattern.is_lost_in(access.offset, bytes)) return;
  const std::uint64_t last = access.offset + bytes - 1;
  throw InputError(
      mark,
      fmt::format("a pattern fills the object with 32-bit words, here {}, whatever part of it is accessed: in bytes {} "
                  "to {} that is zeros; for this value there, give the word that holds it, such as {:#x}",
                  pattern.describe(), access.offset, last, pattern.word_with_itself_at(access.offset)));
}

class Write final : public Step {
 public:
  static constexpr bool for_masters = true;
  static FieldList fields() {
    return joined(Access::fields("to"),
                  {field::needs("pattern", Pattern::type(),
                                "what is stored: counter, random, zeros, or the number that every word holds")});
  }
  void read(StepReader& reader) {
    access_.read(reader, "to");
    pattern_ = Pattern::read(reader, "pattern");
  }
  void check(const ScenarioNames& names, std::uint32_t) const override {
    access_.check(names, mark);
    check_pattern(pattern_, access_, access_.bytes ? access_.bytes->value : 0, mark);
  }
  void walk(Program& program) const override { access_.walk(program, mark); }
  void run(StepContext& context) const override {
    const Access::Place place = access_.resolve(context, mark);
    check_pattern(pattern_, access_, place.bytes, mark);
    std::vector<std::uint8_t> bytes(place.bytes);
    for (std::uint32_t i = 0; i < place.bytes; ++i) bytes[i] = pattern_.at(access_.offset + i, context.seed());
    store_bytes(context, place, access_.offset, bytes, access_.width, mark);
  }

 private:
  Access access_;
  Pattern pattern_;
};

class Read final : public Step {
 public:
  static constexpr bool for_masters = true;
  static FieldList fields() {
    using namespace field;
    return joined(Access::fields("from"),
                  {has("expect", either({choice({"written"}), Pattern::type()}),
                       "what has to be there: what steps wrote there last, or a pattern as in write")});
  }
  void read(StepReader& reader) {
    access_.read(reader, "from");
    if (reader.node("expect").IsDefined()) {
      std::string text;
      reader.required("expect", text);
      if (text == "written") expect_written_ = true;
      else pattern_ = Pattern::read(reader, "expect");
    }
  }
  void check(const ScenarioNames& names, std::uint32_t) const override {
    access_.check(names, mark);
    if (pattern_) check_pattern(*pattern_, access_, access_.bytes ? access_.bytes->value : 0, mark);
  }
  void walk(Program& program) const override { access_.walk(program, mark); }
  void run(StepContext& context) const override {
    const Access::Place place = access_.resolve(context, mark);
    if (!expect_written_) context.check_initialised(place.address, place.bytes, *place.object, mark);
    const std::vector<std::uint8_t> seen = load_bytes(context, place, access_.width, mark);
    if (!expect_written_) context.check_copied(*place.object, access_.offset, seen, mark);
    if (expect_written_ && place.object->truth.empty())
      throw InputError(mark, "nothing was written to '" + access_.object + "' that could be expected");
    if (!expect_written_ && !pattern_) return;
    if (pattern_) check_pattern(*pattern_, access_, place.bytes, mark);
    std::vector<std::uint8_t> owed(place.bytes);
    for (std::uint32_t i = 0; i < place.bytes; ++i)
      owed[i] =
          expect_written_
              ? (access_.offset + i < place.object->truth.size() ? place.object->truth[access_.offset + i] : seen[i])
              : pattern_->at(access_.offset + i, context.seed());
    compare_bytes(context, place, access_.offset, seen, owed, mark);
  }

 private:
  Access access_;
  std::optional<Pattern> pattern_;
  bool expect_written_ = false;
};

/// From one object to another.
class Transfer : public Step {
 public:
  /// `needed`: there is no other way to say what is moved.
  static FieldList place_fields(bool needed) {
    FieldList fields = joined({field::needs("to", field::text(), "object to write"),
                               field::has("to_offset", field::number(), "its first byte; default 0")},
                              joined(Access::part_fields("from"), {Access::end_field()}));
    for (Field& each : fields) each.required &= needed;
    return fields;
  }

  void check(const ScenarioNames& names, std::uint32_t) const override {
    from_.check(names, mark);
    Access target = to_;
    // What is moved is known if the source's size is.
    if (const auto source = names.statics.find(from_.object); from_.bytes) target.bytes = from_.bytes;
    else if (source != names.statics.end())
      target.bytes = Bytes{source->second - std::min(from_.offset, source->second)};
    target.check(names, mark);
  }

 protected:
  void read_places(StepReader& reader) {
    reader.required("to", to_.object);
    reader.optional("to_offset", to_.offset);
    from_.read_part(reader, "from");
    from_.read_end(reader);
    to_.read_end(reader);
  }
  void walk_places(Program& program) const {
    from_.walk(program, mark);
    to_.walk(program, mark);
  }
  /// The source, and as many bytes of the destination.
  std::pair<Access::Place, Access::Place> resolve(StepContext& context) const {
    const Access::Place from = from_.resolve(context, mark);
    Access target = to_;
    target.bytes = Bytes{from.bytes};
    return {from, target.resolve(context, mark)};
  }

  Access from_, to_;
};

class Copy final : public Transfer {
 public:
  static constexpr bool for_masters = true;
  static FieldList fields() {
    return joined(Transfer::place_fields(true), joined({Access::view_field()}, Access::width_fields()));
  }
  void read(StepReader& reader) {
    read_places(reader);
    from_.read_view(reader);
    from_.read_width(reader);
    to_.view = from_.view;
    to_.width = from_.width;
    to_.master = from_.master;
    if (to_.offset % to_.width)
      reader.fail("to_offset", fmt::format("'to_offset' must be a multiple of the width, {}", to_.width));
  }
  void walk(Program& program) const override { walk_places(program); }
  void run(StepContext& context) const override {
    const auto [from, to] = resolve(context);
    const std::vector<std::uint8_t> bytes = load_bytes(context, from, from_.width, mark);
    store_bytes(context, to, to_.offset, bytes, from_.width, mark);
    context.note_copied(*from.object, from_.offset, *to.object, to_.offset, bytes, mark);
  }
};

void check_dma(const ScenarioNames& names, std::uint32_t channel, const SourceMark& mark) {
  names.refuse_busy_master(channel, mark);
  if (!names.platform->system.devices.dma)
    throw InputError(mark,
                     "platform '" + names.platform->name + "' has no DMA engine: give it an address under 'devices'");
}

/// What a channel was started for last: known to be there once somebody has waited for it.
struct DmaPromise {
  std::string to;  ///< object; empty: nothing that is not known already
  std::uint32_t address = 0, offset = 0, bytes = 0;
  std::string from;  ///< object; empty: not known
  std::uint32_t from_offset = 0;
  const SourceMark* where = nullptr;

  static std::string key(std::uint32_t channel) { return fmt::format("dma {}", channel); }

  /// What was moved is what was in memory, which may be older than what the program wrote last.
  void keep(StepContext& context, std::uint32_t channel) {
    const DmaPromise promise = std::exchange(*this, {});
    if (promise.to.empty()) return;
    const Object* target = context.objects().find(promise.to);
    if (!target || target->address != promise.address) return;  // another of that name
    Object& object = context.object(promise.to, *promise.where);
    std::vector<std::uint8_t> moved(promise.bytes);
    context.inspect(object.address + promise.offset, moved);
    object.note_written(promise.offset, moved, {context.now(), {Agent::Kind::dma, channel}, promise.where});
    if (!promise.from.empty() && context.objects().find(promise.from))
      context.note_copied(context.object(promise.from, *promise.where), promise.from_offset, object, promise.offset,
                          moved, *promise.where);
  }
};

/// The firmware's own driver starts a channel, and waits for it in this step or in another. What to move is given here,
/// or in a list that lies in memory.
template <bool Waits>
class DmaTransfer final : public Transfer {
 public:
  static FieldList fields() {
    using namespace field;
    return joined(Transfer::place_fields(false),
                  {
                      has("list", text(), "in place of from and to: object with a list that dma_list wrote"),
                      has("channel", number(0, Dma::channels - 1), "DMA channel; default 0"),
                      has("chunk", size(0, 4096), "bytes that are moved at a time"),
                  });
  }
  void read(StepReader& reader) {
    if (!reader.optional("list", list_)) read_places(reader);
    reader.refuse("by", "step 'dma': its 'channel' says who copies");
    reader.optional("channel", channel_);
    reader.optional("chunk", chunk_);
    if (!list_.empty()) reader.refuse("chunk", "a list: it says itself what its transfers move");
  }
  void check(const ScenarioNames& names, std::uint32_t core) const override {
    check_dma(names, channel_, mark);
    if (list_.empty()) Transfer::check(names, core);
    else check_object(names, list_, mark);
  }
  void walk(Program& program) const override {
    list_.empty() ? walk_places(program) : program.add(Program::Action::Kind::use, list_, mark);
  }
  void run(StepContext& context) const override {
    DmaPromise& promise = context.shared<DmaPromise>(DmaPromise::key(channel_));
    if (promise.where)
      context.expect(false, fmt::format("DMA channel {} is done before it is started again", channel_),
                     "nobody has waited for what was started at " + promise.where->to_string(), mark);
    if (!list_.empty()) {
      const Object& list = context.object(list_, mark);
      context.call(Waits ? "dma_list_run" : "dma_list_start", {channel_, list.address}, mark);
      promise = {list.listed.to, list.listed.address, list.listed.offset, list.listed.bytes, "", 0, &mark};
    } else {
      const auto [from, to] = resolve(context);
      context.call(Waits ? "dma_copy" : "dma_start",
                   {channel_, to.address, from.address, from.bytes, static_cast<std::uint32_t>(chunk_.value)}, mark);
      promise = {to.object->name, to.object->address, to_.offset, from.bytes, from.object->name, from_.offset, &mark};
    }
    if (Waits) promise.keep(context, channel_);
  }

 private:
  std::string list_;
  std::uint32_t channel_ = 0;
  Bytes chunk_;
};

class DmaWait final : public Step {
 public:
  static FieldList fields() {
    return {field::has("channel", field::number(0, Dma::channels - 1), "DMA channel; default 0")};
  }
  void read(StepReader& reader) { reader.optional("channel", channel_); }
  void check(const ScenarioNames& names, std::uint32_t) const override { check_dma(names, channel_, mark); }
  void run(StepContext& context) const override {
    context.call("dma_wait", {channel_}, mark);
    context.shared<DmaPromise>(DmaPromise::key(channel_)).keep(context, channel_);
  }

 private:
  std::uint32_t channel_ = 0;
};

/// The firmware writes a list of transfers into an object.
class DmaList final : public Transfer {
 public:
  static FieldList fields() {
    using namespace field;
    return joined({needs("in", text(), "object that the list is written into")},
                  joined(Transfer::place_fields(true),
                         {has("parts", number(1, Dma::most_descriptors), "transfers of the list; default 1")}));
  }
  void read(StepReader& reader) {
    reader.required("in", list_);
    read_places(reader);
    reader.refuse("by", "step 'dma_list': the core that has the step writes the list");
    reader.optional("parts", parts_);
  }
  void check(const ScenarioNames& names, std::uint32_t core) const override {
    check_object(names, list_, mark);
    Transfer::check(names, core);
  }
  void walk(Program& program) const override {
    program.add(Program::Action::Kind::use, list_, mark);
    walk_places(program);
  }
  void run(StepContext& context) const override {
    Object& list = context.object(list_, mark);
    if (list.bytes < parts_ * Dma::descriptor_bytes)
      throw InputError(mark, fmt::format("{} parts need {} bytes for their descriptors, but '{}' has {}", parts_,
                                         parts_ * Dma::descriptor_bytes, list_, list.bytes));
    const auto [from, to] = resolve(context);
    context.call("dma_list_build", {list.address, parts_, to.address, from.address, from.bytes}, mark);
    list.listed = {to.object->name, to.object->address, to_.offset, from.bytes};
  }

 private:
  std::string list_;
  std::uint32_t parts_ = 1;
};

/// Read, add, write: three steps that only a lock makes one.
class Add final : public Step {
 public:
  static FieldList fields() {
    return {field::needs("to", field::text(), "object"),
            field::has("offset", field::number(), "byte of the object, a multiple of 4; default 0"),
            Access::view_field(), field::has("value", field::number(), "what is added; default 1")};
  }
  void read(StepReader& reader) {
    access_.bytes = Bytes{4};
    reader.required("to", access_.object);
    reader.optional("offset", access_.offset);
    if (access_.offset % 4) reader.fail("offset", "'offset' must be a multiple of 4");
    access_.read_view(reader);
    reader.optional("value", value_);
  }
  void check(const ScenarioNames& names, std::uint32_t) const override { access_.check(names, mark); }
  void walk(Program& program) const override { access_.walk(program, mark); }
  void run(StepContext& context) const override {
    const Access::Place place = access_.resolve(context, mark);
    const std::uint32_t sum = context.load(place.address, 4) + value_;
    context.advance(1);
    context.synchronise();  // here another core's step may come in between
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &sum, 4);
    store_bytes(context, place, access_.offset, bytes, 4, mark);
  }

 private:
  Access access_;
  std::uint32_t value_ = 1;
};

}  // namespace

const StepKind write_step = step_kind<Write>("write", nullptr, "store a pattern into an object");
const StepKind read_step_kind = step_kind<Read>("read", "from", "load an object and compare it with a pattern");
const StepKind copy_step = step_kind<Copy>("copy", nullptr, "load one object and store it into another");
const StepKind dma_step = step_kind<DmaTransfer<true>>(
    "dma", nullptr, "let a DMA engine copy one object to another, past all caches, and wait for it");
const StepKind dma_start_step = step_kind<DmaTransfer<false>>("dma_start", nullptr, "start the same, and go on");
const StepKind dma_wait_step = step_kind<DmaWait>("dma_wait", "channel", "wait until a DMA channel is done");
const StepKind dma_list_step = step_kind<DmaList>("dma_list", nullptr, "write a list of DMA transfers into an object");
const StepKind add_step = step_kind<Add>("add", "to", "read a word, add to it, write it back");

}  // namespace dspmem
