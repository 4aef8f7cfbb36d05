// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)

#include "models/core/code_store.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace dspmem {
namespace {

using namespace asmjit;

constexpr std::size_t alignment = 16;

void check(Error error) {
  if (error != kErrorOk) throw std::runtime_error(std::string("translated code: ") + DebugUtils::errorAsString(error));
}

std::size_t rounded(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

}  // namespace

CodeStore::CodeStore(const Sizes& sizes) : sizes_(sizes) {
  void* memory = nullptr;
  if (VirtMem::alloc(&memory, sizes_.often + sizes_.seldom, VirtMem::MemoryFlags::kAccessRWX) == kErrorOk)
    memory_ = static_cast<std::uint8_t*>(memory);
}

CodeStore::~CodeStore() {
  if (memory_) VirtMem::release(memory_, sizes_.often + sizes_.seldom);
}

Section* CodeStore::begin(CodeHolder& code) const {
  check(code.init(Environment::host()));
  Section* seldom = nullptr;
  check(code.newSection(&seldom, ".seldom", SIZE_MAX, SectionFlags::kExecutable));
  seldom->setOffset(sizes_.often - often_ + seldom_);
  return seldom;
}

std::uint8_t* CodeStore::add(CodeHolder& code) {
  std::uint8_t* const made = memory_ + often_;
  check(code.resolveUnresolvedLinks());
  check(code.relocateToBase(reinterpret_cast<std::uint64_t>(made)));
  const CodeBuffer& often = code.sectionById(0)->buffer();
  const CodeBuffer& seldom = code.sectionById(1)->buffer();
  if (often.size() > sizes_.piece || seldom.size() > sizes_.piece)
    throw std::runtime_error("translated code: a block is longer than any should be");
  // Addresses that are too far for a jump would be in a table, for which there is no place.
  if (code.hasAddressTable() && code.addressTableSection()->virtualSize())
    throw std::runtime_error("translated code: it jumps too far");
  const VirtMem::ProtectJitReadWriteScope writable(memory_, sizes_.often + sizes_.seldom);
  std::copy_n(often.data(), often.size(), made);
  std::copy_n(seldom.data(), seldom.size(), memory_ + sizes_.often + seldom_);
  often_ = rounded(often_ + often.size());
  seldom_ = rounded(seldom_ + seldom.size());
  return made;
}

void CodeStore::keep() {
  often_kept_ = often_;
  seldom_kept_ = seldom_;
}

void CodeStore::clear() {
  often_ = often_kept_;
  seldom_ = seldom_kept_;
}

}  // namespace dspmem
#endif
