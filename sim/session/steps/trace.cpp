// SPDX-License-Identifier: Apache-2.0
// The step that executes the rows of a trace file that are its core's. The file is read row by row, once to check it
// and once to execute it, in memory that does not grow with its length.
#include <fmt/format.h>
#include <charconv>
#include <deque>
#include <filesystem>
#include <unordered_map>

#include "sim/config/input_files.h"
#include "sim/session/steps/allocation.h"
#include "sim/session/steps/steps.h"
#include "sim/trace/trace_file.h"

namespace dspmem {
namespace {

constexpr std::size_t most_marks = 4096;  ///< rows that findings can name by their line
constexpr std::size_t most_texts = 100'000;  ///< different steps, and names of objects

/// What the cores that execute one trace have in common.
struct TraceState {
  Rendezvous::Turns turns;  ///< where rows of all cores follow each other
  std::optional<std::uint64_t> start;  ///< the cycle of the first row
  std::unordered_map<std::uint64_t, AnonymousBlock> blocks;
};

/// Stands for a row where a step is expected: what is going on at this moment, and where that is written.
class RowStep final : public Step {
 public:
  RowStep(const std::string& kind_of_row, const SourceMark& where) {
    kind = kind_of_row;
    mark = where;
  }
  void run(StepContext&) const override {}
};

class Trace final : public Step {
 public:
  static FieldList fields() {
    return {field::needs("file", field::text(), "trace file: a path from this file's folder")};
  }
  void read(StepReader& reader) {
    std::string file;
    reader.required("file", file);
    kinds_ = reader.kinds();
    path_ = std::filesystem::path(file).is_absolute()
                ? file
                : (std::filesystem::path(reader.file()).parent_path() / file).lexically_normal().string();
    if (!std::filesystem::is_regular_file(path_)) reader.fail("file", "'" + path_ + "' cannot be opened");
    look_through();
  }
  void declare(ScenarioNames& names, std::uint32_t core) const override {
    for (const auto& [name, uses] : objects_)
      if (uses.allocated_by == core) {
        names.objects[name] = uses.mark;
        names.allocations.try_emplace(name, core, uses.mark);
        if (uses.freed) names.freed.insert(name);
      }
    for (const auto& [text, entry] : steps_)
      if (entry.cores >> core & 1) entry.step->declare(names, core);
    names.traces[path_].insert(core);
  }
  void check(const ScenarioNames& names, std::uint32_t core) const override {
    for (const auto& [text, entry] : steps_)
      if (entry.cores >> core & 1) entry.step->check(names, core);
    const std::set<std::uint32_t>& present = names.traces.at(path_);
    for (const auto& [other, line] : cores_)
      if (!present.contains(other))
        throw InputError(
            mark, fmt::format("'{}' has rows of core {} (line {}), which has no step 'trace' with this file", path_,
                              other, line));
  }
  void walk(Program& program) const override { program.give_up(); }
  void run(StepContext& context) const override {
    TraceReader reader(path_);
    TraceState& state = context.shared<TraceState>(path_);
    TraceRow row;
    for (std::uint64_t index = 0; reader.next(row); ++index) {
      if (row.core != context.core()) continue;
      const RowStep& place = place_of(row);
      if (!reader.ordered_by_steps()) {
        context.begin_turn(state.turns, index, place.mark);
        wait_for_time(context, reader, state, row);
      }
      execute(context, state, row, place);
      if (!reader.ordered_by_steps()) {
        context.end_turn(state.turns);
        if (state.turns.next == rows_) {  // the file may be replayed again
          state.turns.next = 0;
          state.start.reset();
        }
      }
      if (index % 4096 == 0) context.progress(index, rows_);
    }
  }
  bool recorded_whole() const override { return false; }

 private:
  struct ObjectUses {
    SourceMark mark;
    std::uint32_t allocated_by = 0;
    bool freed = false;
  };
  struct StepEntry {
    std::unique_ptr<Step> step;
    std::uint64_t cores = 0;  ///< a bit for each
  };

  static std::string text_of(const TraceRow& row) { return std::string(row.name) + " " + std::string(row.detail); }
  SourceMark mark_of(const TraceRow& row) const {
    return {path_, static_cast<int>(std::min<std::uint64_t>(row.line, 0x7fffffff)), 1};
  }

  /// Everything that can be seen to be wrong without executing it.
  void look_through() {
    TraceReader reader(path_);
    TraceRow row;
    std::uint64_t live = 0;
    while (reader.next(row)) {
      if (!rows_++) first_time_ = row.time;
      if (row.core >= 64) throw InputError(mark_of(row), fmt::format("core {} does not exist", row.core));
      cores_.try_emplace(row.core, row.line);
      if (row.op == TraceRow::Op::step) note_step(reader, row);
      else if (!row.anonymous()) note_object(row);
      else note_number(row, live);
    }
  }
  /// Objects that are numbered may be as many as the file has rows, but not all at one time.
  void note_number(const TraceRow& row, std::uint64_t& live) const {
    number_of(row);
    if (row.op == TraceRow::Op::free) live -= live > 0;
    else if (row.op != TraceRow::Op::realloc) ++live;
    const std::uint64_t most = input_limits().live_objects;
    if (live > most)
      throw InputError(
          mark_of(row),
          fmt::format("more than {} objects are allocated at this moment and not freed; --max-live raises that", most));
  }
  void note_step(const TraceReader& reader, const TraceRow& row) {
    StepEntry& entry = steps_[text_of(row)];
    entry.cores |= 1ull << row.core;
    if (entry.step) return;
    if (steps_.size() > most_texts)
      throw InputError(mark_of(row), fmt::format("a trace can have at most {} different steps", most_texts));
    if (row.name == "trace" || row.name == "use") throw InputError(mark_of(row), "a trace cannot execute other files");
    if (!reader.ordered_by_steps() && row.name == "barrier")
      throw InputError(
          mark_of(row),
          "rows that follow each other cannot meet at a barrier; '# order: steps' lets each core go on by itself");
    try {
      entry.step = read_one_step(
          std::string(row.name), mark_of(row),
          row.detail.empty() ? YAML::Node(YAML::NodeType::Map) : parse_yaml(std::string(row.detail), path_),
          {kinds_, path_, {}, nullptr});
    } catch (const InputError& error) {
      throw InputError(mark_of(row), error.message());  // the place within the detail means nothing to anybody
    }
  }
  void note_object(const TraceRow& row) {
    const auto [known, fresh] = objects_.try_emplace(std::string(row.id), ObjectUses{mark_of(row), row.core, false});
    if (fresh && objects_.size() > most_texts)
      throw InputError(
          mark_of(row),
          fmt::format("a trace can have at most {} named objects; ids that are numbers have no limit", most_texts));
    known->second.freed |= row.op == TraceRow::Op::free;
  }
  std::uint64_t number_of(const TraceRow& row) const {
    std::uint64_t number = 0;
    if (std::from_chars(row.id.data(), row.id.data() + row.id.size(), number).ec != std::errc{})
      throw InputError(mark_of(row), "the id '" + std::string(row.id) + "' has too many digits");
    return number;
  }

  /// Lives as long as this step: findings point to it.
  const RowStep& place_of(const TraceRow& row) const {
    std::unique_ptr<RowStep>& place = places_[marks_ < most_marks ? row.line : 0][std::string(row.name)];
    if (!place) {
      ++marks_;
      place = std::make_unique<RowStep>(std::string(row.name),
                                        marks_ <= most_marks ? mark_of(row) : SourceMark{path_, 0, 0});
    }
    return *place;
  }

  void wait_for_time(StepContext& context, const TraceReader& reader, TraceState& state, const TraceRow& row) const {
    if (!state.start) state.start = context.now();
    if (row.time <= first_time_) return;
    constexpr std::uint64_t longest = 1'000'000'000'000'000;  // cycles: a month at 400 MHz
    const unsigned __int128 unit = reader.unit_nanoseconds() ? reader.unit_nanoseconds() : 1;
    const unsigned __int128 passed = (row.time - first_time_) * unit;
    if (passed > longest)
      throw InputError(mark_of(row),
                       fmt::format("time {} lies too far behind that of the first row, {}", row.time, first_time_));
    const auto amount = static_cast<std::uint64_t>(passed);
    context.advance_to(*state.start + (reader.unit_nanoseconds() ? context.cycles_of(amount) : amount));
    context.synchronise();
  }

  void execute(StepContext& context, TraceState& state, const TraceRow& row, const RowStep& place) const {
    if (row.op == TraceRow::Op::step) {
      const Step& step = *steps_.at(text_of(row)).step;
      context.begin_step(step);
      if (context.recording() && step.recorded_whole()) context.record(row);
      context.wait_for_power();
      step.run(context);
      return;
    }
    context.begin_step(place);
    if (context.recording()) context.record(row);
    // Steps begin with the cores in step. Numbered rows stand for what one step did, and go on like that.
    if (!row.anonymous() || !context.powered()) context.wait_for_power();
    MemoryRequest request{
        row.zone, row.flags, row.capabilities, row.bytes, row.alignment, row.op == TraceRow::Op::zalloc, nullptr};
    if (!row.anonymous()) {
      const std::string name(row.id);
      switch (row.op) {
        case TraceRow::Op::alloc:
        case TraceRow::Op::zalloc: allocate_object(context, request, name, row.may_fail, place.mark); break;
        case TraceRow::Op::realloc: reallocate_object(context, name, row.bytes, place.mark); break;
        default: free_object(context, name, place.mark); break;
      }
      return;
    }
    request.group = &mark;
    execute_anonymous(context, state, row, request, place.mark);
  }

  void execute_anonymous(StepContext& context, TraceState& state, const TraceRow& row, const MemoryRequest& request,
                         const SourceMark& where) const {
    const std::uint64_t id = number_of(row);
    const auto known = state.blocks.find(id);
    if (row.op == TraceRow::Op::alloc || row.op == TraceRow::Op::zalloc) {
      if (known != state.blocks.end())
        throw InputError(where, fmt::format("object {} is allocated while it exists: it must be freed before", id));
      const std::uint32_t address = context.allocate(request, "traced", where).address;
      if (!address && !row.may_fail) {
        context.expect(false, fmt::format("object {} gets {} bytes of zone {}", id, row.bytes, to_string(row.zone)),
                       context.shortage(request, row.bytes), where);
        context.stop();
      }
      const AnonymousBlock block{address, row.bytes, row.zone, row.flags, row.capabilities, row.tag};
      if (address && block.tag) write_tag(context, block, where);
      state.blocks.emplace(id, block);
      return;
    }
    if (known == state.blocks.end())
      throw InputError(where, fmt::format("object {} does not exist at this moment", id));
    AnonymousBlock& block = known->second;
    if (row.op == TraceRow::Op::realloc) {
      if (!block.address)
        throw InputError(where, fmt::format("object {} got no memory: its allocation failed, as it may", id));
      const std::uint32_t address =
          context
              .reallocate({block.zone, block.flags, block.capabilities, block.bytes, 0, false, nullptr}, block.address,
                          row.bytes, "traced", where)
              .address;
      if (!address) {
        context.expect(
            false, fmt::format("object {} is reallocated to {} bytes", id, row.bytes),
            context.shortage({block.zone, block.flags, block.capabilities, block.bytes, 0, false, nullptr}, row.bytes),
            where);
        context.stop();
      }
      block.address = address;
      block.bytes = row.bytes;
      block.tag.reset();
      return;
    }
    const AnonymousBlock gone = block;
    state.blocks.erase(known);
    if (gone.address) retire(context, gone, where);
  }

  std::string path_;
  StepKinds kinds_;
  std::uint64_t rows_ = 0, first_time_ = 0;
  std::map<std::uint32_t, std::uint64_t> cores_;  ///< and the line of each one's first row
  std::map<std::string, ObjectUses> objects_;  ///< those with names
  std::unordered_map<std::string, StepEntry> steps_;  ///< by what the row says
  mutable std::size_t marks_ = 0;
  mutable std::unordered_map<std::uint64_t, std::map<std::string, std::unique_ptr<RowStep>>>
      places_;  ///< by line and kind; line 0: those that came too late
};

}  // namespace

const StepKind trace_step = step_kind<Trace>("trace", "file", "execute the rows of a trace file that are this core's");

}  // namespace dspmem
