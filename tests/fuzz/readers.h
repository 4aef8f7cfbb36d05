// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace dspmem::test {

// Each hands any bytes to a reader of files that users have, and returns when the reader took them or refused them with
// an InputError. All else is a bug: a crash, a report of a sanitizer, another exception.
void read_topology(const std::uint8_t* data, std::size_t size);
void read_trace(const std::uint8_t* data, std::size_t size);
void read_yaml(const std::uint8_t* data, std::size_t size);
void read_elf(const std::uint8_t* data, std::size_t size);

}  // namespace dspmem::test
