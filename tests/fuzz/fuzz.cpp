// SPDX-License-Identifier: Apache-2.0
// libFuzzer's way in: READER is the function that gets the bytes.
#include "tests/fuzz/readers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dspmem::test::READER(data, size);
  return 0;
}
