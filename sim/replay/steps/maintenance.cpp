// SPDX-License-Identifier: Apache-2.0
// Steps that keep caches and memory together: commit, writeback, invalidate. Each calls the firmware's own function.
#include "sim/replay/steps/access.h"
#include "sim/replay/steps/steps.h"

namespace dspmem {
namespace {

constexpr char commit_function[] = "platform_shared_commit";
constexpr char writeback_function[] = "dcache_writeback_region";
constexpr char invalidate_function[] = "dcache_invalidate_region";

template <const char* Function>
class Maintenance final : public Step {
 public:
  void read(StepReader& reader) { access_.read(reader, "object"); }
  void check(const ScenarioNames& names, std::uint32_t) const override { check_object(names, access_.object, mark); }
  void run(Replay& replay, DspCore& core) const override {
    const Access::Place place = access_.resolve(replay, mark);
    replay.call(core, Function, {place.address, place.bytes}, mark);
  }

 private:
  Access access_;
};

}  // namespace

const StepKind commit_step{"commit", "object", "make shared data current everywhere: platform_shared_commit()", read_step<Maintenance<commit_function>>};
const StepKind writeback_step{"writeback", "object", "write back the cache lines of an object", read_step<Maintenance<writeback_function>>};
const StepKind invalidate_step{"invalidate", "object", "invalidate the cache lines of an object", read_step<Maintenance<invalidate_function>>};

}  // namespace dspmem
