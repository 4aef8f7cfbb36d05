// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "models/core/core.h"
#include "sim/config/error.h"
#include "sim/image/firmware_image.h"

namespace dspmem {

/// The places of the program that maintain caches: the first caller outside of the file that holds the cache
/// instructions, or the step of the scenario. Counts their operations, and can leave out those of one place.
class MaintenanceSites : public CacheOperationFilter {
 public:
  struct Entry {
    std::string place;  ///< function (file:line), or step file:line:column
    std::string operation;  ///< write-back, ...
    std::uint64_t count = 0;
  };

  explicit MaintenanceSites(const FirmwareImage& image) : image_(image) {}

  void set_step(std::uint32_t core, const SourceMark& mark) { steps_[core] = &mark; }
  const std::vector<Entry>& entries() const { return entries_; }
  /// Operations of entry `index` have no effect from now on.
  void mute(std::size_t index) { muted_ = index; }
  /// Counts from nothing; entries keep their numbers.
  void restart();

  bool allow(Core& core, CacheOperation operation) override;

 private:
  std::size_t entry_of(Core& core, CacheOperation operation);

  const FirmwareImage& image_;
  std::map<std::uint32_t, const SourceMark*> steps_;
  std::vector<Entry> entries_;
  std::map<std::vector<std::uint64_t>, std::size_t> known_;  ///< program counters of the call path -> entry
  std::size_t muted_ = ~std::size_t{0};
};

}  // namespace dspmem
