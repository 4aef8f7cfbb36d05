// SPDX-License-Identifier: Apache-2.0
#include "tests/support/qemu_firmware.h"

#include <algorithm>
#include <stdexcept>

#include "sim/session/boot_descriptor.h"

namespace dspmem::test {

QemuFirmware::QemuFirmware(const std::filesystem::path& platform, const std::string& image, const std::string& entry)
    : platform_(load_platform(platform.string())), image_((firmware_images() / (image + ".elf")).string()),
      entry_(image_.symbol(entry).value()) {
  for (const auto& segment : image_.segments()) segments_.push_back({segment.address, segment.bytes});
  store(image_.symbol("boot_descriptor").value(), boot_descriptor(platform_));
}

void QemuFirmware::store(std::uint32_t address, std::span<const std::uint8_t> bytes) {
  for (Segment& segment : segments_) {
    if (address - segment.address >= segment.bytes.size()) continue;
    std::copy(bytes.begin(), bytes.end(), segment.bytes.begin() + (address - segment.address));
    return;
  }
  throw std::out_of_range("address is not in the image");
}

void QemuFirmware::set(const std::string& variable, std::uint32_t value) {
  const std::uint8_t bytes[4] = {static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8),
                                 static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 24)};
  store(image_.symbol(variable).value(), bytes);
}

std::string QemuFirmware::elf_for_qemu() const {
  auto segments = segments_;
  segments.push_back(qemu_reset_stub(entry_));
  const auto elf = make_elf(segments, entry_);
  return {elf.begin(), elf.end()};
}

}  // namespace dspmem::test
