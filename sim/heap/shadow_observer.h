// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "models/core/core.h"
#include "models/observe/observer.h"
#include "models/observe/origins.h"
#include "sim/heap/heap_shadow.h"

namespace dspmem {

/// Shows the heap shadow what the hardware does.
class ShadowObserver final : public HardwareObserver {
 public:
  ShadowObserver(HeapShadow& shadow, const Origins& origins, std::uint32_t line_bytes)
      : shadow_(shadow), origins_(origins), line_bytes_(line_bytes) {}

  bool watches_accesses() const override { return true; }
  std::uint64_t on_read(const CoreAccess& access) override;
  std::uint64_t on_write(const CoreAccess& access) override;
  void on_stores_unseen(const Core& core, std::uint32_t address, StoreLog& log) override;
  void on_log_ends(StoreLog& log) override { shadow_.end_log(log.owner, log); }
  Permission on_line_filled(Core& core, std::uint32_t address, StoreLog& log) override;
  void on_master_read(const MasterAccess& access, std::uint32_t address, std::span<const std::uint8_t> seen) override;
  void on_master_write(const MasterAccess& access, std::uint32_t address, std::span<const std::uint8_t> value) override;

 private:
  Operation operation(Operation::Kind kind, const Core& core, View view) const;
  template <class Visit>
  void for_each_line(std::uint32_t address, std::size_t bytes, Visit visit) const;

  HeapShadow& shadow_;
  const Origins& origins_;
  std::uint32_t line_bytes_;
};

}  // namespace dspmem
