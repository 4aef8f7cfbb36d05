// SPDX-License-Identifier: Apache-2.0
// The step that stands for many: random allocations and frees with the sizes and lifetimes of a named distribution.
#include <fmt/format.h>
#include <algorithm>
#include <cstring>

#include "models/random.h"
#include "sim/session/steps/allocation.h"
#include "sim/session/steps/steps.h"
#include "sim/trace/trace_file.h"

namespace dspmem {
namespace {

/// Sizes in bytes with integer weights: no floating point, so that every machine draws the same.
struct SizeClass {
  std::uint32_t low, high, weight;
};
struct Distribution {
  const char* name;
  std::vector<SizeClass> classes;
};

const std::vector<Distribution>& distributions() {
  static const std::vector<Distribution> all{
      // Shapes of an audio pipeline's life, assumed: many small control objects, some component state, few buffers.
      {"audio_objects", {{16, 64, 45}, {65, 128, 25}, {129, 256, 20}, {257, 512, 7}, {513, 1024, 3}}},
      {"audio_buffers", {{384, 1536, 60}, {1537, 4096, 30}, {4097, 16384, 10}}},
      {"small", {{4, 64, 1}}},
  };
  return all;
}

std::vector<std::string> distribution_names() {
  std::vector<std::string> names;
  for (const Distribution& each : distributions()) names.emplace_back(each.name);
  return names;
}

class Workload final : public Step {
 public:
  static FieldList fields() {
    using namespace field;
    return {
        needs("operations", number(1, ~0ull), "allocations and frees"),
        has("zone", choice(zone_names()), "zone of the objects; default runtime"),
        has("flags", list(choice(flag_names(), "flag")), "flags of the requests; default none"),
        has("sizes", choice(distribution_names(), "distribution"), "distribution of sizes; default audio_objects"),
        has("live", number(1), "objects that exist at a time, on average"),
        has("check", flag(), "whether contents are written and compared; default false"),
        has("seed", number(0, ~0ull), "seed of what is drawn; default from the scenario's"),
    };
  }
  void read(StepReader& reader) {
    reader.required("operations", operations_);
    std::string zone = "runtime", sizes = "audio_objects";
    if (reader.optional("zone", zone)) request_.zone = choose<Zone>(reader, "zone", zone, zone_names());
    if (request_.zone == Zone::system) reader.fail("zone", "the system zone is never freed: a workload needs another");
    std::vector<std::string> flags;
    if (reader.optional("flags", flags))
      for (const std::string& flag : flags) request_.flags |= choose(reader, "flags", flag, flag_names(), "flag");
    reader.optional("sizes", sizes);
    for (const Distribution& each : distributions())
      if (each.name == sizes) classes_ = each.classes;
    reader.optional("live", live_);
    reader.optional("check", check_);
    reader.optional("seed", seed_);
  }
  void check(const ScenarioNames& names, std::uint32_t) const override {
    const auto& heaps = names.platform->heaps;
    if (std::none_of(heaps.begin(), heaps.end(), [this](const HeapLayout& heap) { return heap.serves(request_.zone); }))
      throw InputError(mark, "platform '" + names.platform->name + "' has no zone " + to_string(request_.zone));
  }

  void run(StepContext& context) const override {
    Random random(context.seed() * 1000003 + context.core() * 8191 + seed_);
    std::vector<Item> live;
    if (context.recording()) {  // a step begins with the cores in step; the rows that follow do not
      TraceRow row;
      row.name = "delay";
      row.detail = "0 cycles";
      context.record(row);
    }
    for (std::uint64_t done = 0; done < operations_; ++done) {
      // The more objects exist, the likelier a free: their number stays around live_.
      if (!live.empty() && random.below(2 * live_) < live.size()) {
        const std::size_t index = random.below(live.size());
        give_back(context, live[index]);
        live[index] = live.back();
        live.pop_back();
      } else {
        allocate(context, random, live);
      }
      if (done % 4096 == 0) context.progress(done, operations_);
    }
    for (const Item& item : live) give_back(context, item);
  }
  bool recorded_whole() const override { return false; }

 private:
  struct Item {
    AnonymousBlock block;
    std::string id;  ///< in a recording
  };

  void allocate(StepContext& context, Random& random, std::vector<Item>& live) const {
    MemoryRequest request = request_;
    request.bytes = draw(random);
    Item item;
    std::optional<std::uint32_t> tag;
    if (context.recording()) {
      // The tag is drawn only when there is room, so that what is drawn next does not depend on whether anybody
      // records.
      item.id = context.new_trace_id();
      Random ahead = random;
      if (check_) tag = static_cast<std::uint32_t>(ahead.next());
      TraceRow row;
      row.op = TraceRow::Op::alloc;
      row.name = "alloc";
      row.zone = request.zone;
      row.flags = request.flags;
      row.may_fail = !live.empty();
      row.bytes = request.bytes;
      row.id = item.id;
      row.tag = tag;
      context.record(row);
    }
    const std::uint32_t address = context.allocate(request, "workload", mark).address;
    if (!address) {  // counted by the allocator, and shown per heap
      if (!live.empty()) return;
      context.expect(false, fmt::format("zone {} has room for {} bytes", to_string(request_.zone), request.bytes),
                     context.shortage(request, request.bytes) + "; the workload holds nothing that it could free",
                     mark);
      context.stop();
    }
    const auto drawn = static_cast<std::uint32_t>(random.next());
    item.block = {address,        request.bytes,         request_.zone,
                  request_.flags, request_.capabilities, check_ ? std::optional(drawn) : std::nullopt};
    if (check_) write_tag(context, item.block, mark);
    live.push_back(std::move(item));
  }

  void give_back(StepContext& context, const Item& item) const {
    if (context.recording()) {
      TraceRow row;
      row.op = TraceRow::Op::free;
      row.name = "free";
      row.id = item.id;
      context.record(row);
    }
    retire(context, item.block, mark);
  }

  std::uint32_t draw(Random& random) const {
    std::uint32_t total = 0;
    for (const SizeClass& each : classes_) total += each.weight;
    auto ticket = static_cast<std::uint32_t>(random.below(total));
    for (const SizeClass& each : classes_) {
      if (ticket < each.weight) return static_cast<std::uint32_t>(random.between(each.low, each.high));
      ticket -= each.weight;
    }
    return classes_.back().high;
  }

  std::uint64_t operations_ = 0;
  MemoryRequest request_;
  std::vector<SizeClass> classes_;
  std::uint64_t live_ = 100;
  std::uint64_t seed_ = 0;
  bool check_ = true;
};

}  // namespace

const StepKind workload_step = step_kind<Workload>("workload", nullptr, "allocate and free at random, many times");

}  // namespace dspmem
