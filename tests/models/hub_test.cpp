// SPDX-License-Identifier: Apache-2.0
// Several observers in the place of one.
#include "models/observe/hub.h"

#include <gtest/gtest.h>

#include "tests/support/flat_environment.h"

namespace dspmem::test {
namespace {

struct Watcher final : HardwareObserver {
  explicit Watcher(std::uint64_t permitted, std::vector<int>& order, int number)
      : permitted(permitted), order(order), number(number) {}
  bool watches_accesses() const override { return true; }
  std::uint64_t on_read(const CoreAccess&) override {
    order.push_back(number);
    return permitted;
  }
  Permission on_line_filled(Core&, std::uint32_t, StoreLog&) override { return {permitted, ~permitted}; }
  std::uint64_t permitted;
  std::vector<int>& order;
  int number;
};

struct SlowOnly final : HardwareObserver {
  void on_bank_off(std::uint32_t, std::uint32_t) override { ++seen; }
  std::uint64_t on_read(const CoreAccess&) override {
    ADD_FAILURE() << "it does not watch accesses";
    return 0;
  }
  int seen = 0;
};

class Hub : public testing::Test {
 protected:
  static constexpr std::uint32_t ram = 0x60000000;
  const AddressMap map_{{{"ram", ram, 1u << 20, RegionKind::cached, ram}}};
  FlatEnvironment memory_{map_};
  Core core_{CoreConfig{}, map_, memory_};
  ObserverHub hub_;
  std::vector<int> order_;
};

TEST_F(Hub, PermitsWhatAllOfThemPermitAndTellsThemInOrder) {
  Watcher first(0xff0f, order_, 1), second(0x0fff, order_, 2);
  hub_.add(first);
  hub_.add(second);
  EXPECT_TRUE(hub_.watches_accesses());
  const std::array<std::uint8_t, 4> bytes{};
  EXPECT_EQ(hub_.on_read({core_, View::cached, Ordering::plain, ram, bytes}), 0x0f0fu);
  EXPECT_EQ(order_, (std::vector{1, 2}));
  StoreLog log;
  const HardwareObserver::Permission permission = hub_.on_line_filled(core_, ram, log);
  EXPECT_EQ(permission.reads, 0x0f0fu);
  EXPECT_EQ(permission.writes, ~0xffffull);
}

TEST_F(Hub, ShowsNoAccessToThoseWhoWatchNone) {
  SlowOnly slow;
  hub_.add(slow);
  EXPECT_FALSE(hub_.watches_accesses());
  const std::array<std::uint8_t, 4> bytes{};
  EXPECT_EQ(hub_.on_read({core_, View::cached, Ordering::plain, ram, bytes}), ~0ull);
  hub_.on_bank_off(ram, 64);
  EXPECT_EQ(slow.seen, 1);
}

struct Intervention final : CallIntervention {
  explicit Intervention(std::vector<int>& order) : order(order) {}
  void before_call(Core&, std::uint32_t) override { order.push_back(10); }
  void after_return(Core&, std::uint32_t) override { order.push_back(11); }
  std::vector<int>& order;
};
struct CallWatcher final : CallObserver {
  explicit CallWatcher(std::vector<int>& order) : order(order) {}
  void on_call(Core&, std::uint32_t, bool) override { order.push_back(1); }
  void on_return(Core&, std::uint32_t, bool) override { order.push_back(2); }
  std::vector<int>& order;
};

// Observers see what the caller passed, and what it gets.
TEST_F(Hub, IntervenesBehindObserversAtACallAndBeforeThemAtAReturn) {
  Intervention intervention(order_);
  CallWatcher watcher(order_);
  hub_.add(static_cast<CallIntervention&>(intervention));
  hub_.add(static_cast<CallObserver&>(watcher));
  hub_.on_call(core_, ram, false);
  hub_.on_return(core_, ram, false);
  hub_.on_call(core_, ram, true);  // from within another: nobody intervenes
  EXPECT_EQ(order_, (std::vector{1, 10, 11, 2, 1}));
}

}  // namespace
}  // namespace dspmem::test
