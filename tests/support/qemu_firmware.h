// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/config/platform.h"
#include "sim/image/firmware_image.h"
#include "tests/support/qemu.h"

namespace dspmem::test {

/// A firmware image with its boot descriptor filled in: what both QEMU and our core can start.
class QemuFirmware {
 public:
  /// `platform` is a platform file with RAM where QEMU's `sim` machine has it, `image` the name of its ELF, `entry` a
  /// symbol.
  QemuFirmware(const std::filesystem::path& platform, const std::string& image, const std::string& entry);

  const Platform& platform() const { return platform_; }
  const FirmwareImage& image() const { return image_; }
  std::uint32_t entry() const { return entry_; }
  const std::vector<Segment>& segments() const { return segments_; }
  /// Sets a 32-bit variable of the image.
  void set(const std::string& variable, std::uint32_t value);
  /// An ELF that QEMU starts at its reset address.
  std::string elf_for_qemu() const;

 private:
  void store(std::uint32_t address, std::span<const std::uint8_t> bytes);

  Platform platform_;
  FirmwareImage image_;
  std::uint32_t entry_;
  std::vector<Segment> segments_;
};

}  // namespace dspmem::test
