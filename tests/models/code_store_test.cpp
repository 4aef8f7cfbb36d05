// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)

#include "models/core/code_store.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace dspmem::test {
namespace {

using namespace asmjit;

/// A function that returns a number, by way of the part that seldom runs.
int (*returning(CodeStore& store, int number))() {
  CodeHolder code;
  Section* const seldom = store.begin(code);
  x86::Assembler a(&code);
  const Label aside = a.newLabel();
  a.jmp(aside);
  a.section(seldom);
  a.bind(aside);
  a.mov(x86::eax, number);
  a.ret();
  return reinterpret_cast<int (*)()>(store.add(code));
}

TEST(CodeStore, IsUsedAnewOnceItWasFull) {
  CodeStore store({.often = 4096, .seldom = 8192, .piece = 1024});
  ASSERT_TRUE(store.available());
  int (*const kept)() = returning(store, 1000);
  store.keep();
  for (int round = 0; round < 3; ++round) {
    std::vector<int (*)()> all;
    while (store.has_room()) all.push_back(returning(store, round * 500 + static_cast<int>(all.size())));
    ASSERT_GT(all.size(), 100u);
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i](), round * 500 + static_cast<int>(i));
    EXPECT_EQ(kept(), 1000);
    store.clear();
  }
}

TEST(CodeStore, TakesNoPieceThatIsTooLong) {
  CodeStore store({.often = 4096, .seldom = 8192, .piece = 1024});
  CodeHolder code;
  store.begin(code);
  x86::Assembler a(&code);
  for (int i = 0; i <= 1024; ++i) a.nop();
  EXPECT_THROW(store.add(code), std::runtime_error);
  EXPECT_EQ(returning(store, 7)(), 7);
}

}  // namespace
}  // namespace dspmem::test
#endif
