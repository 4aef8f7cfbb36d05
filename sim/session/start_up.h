// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "models/system.h"
#include "sim/config/allocator.h"
#include "sim/config/platform.h"
#include "sim/diagnose/finding_log.h"
#include "sim/events/bus.h"
#include "sim/image/firmware_image.h"
#include "sim/result/result.h"

namespace dspmem {

/// Makes registers of all addresses that are nothing else, as a product's start-up code may use them, but for those
/// around 0 and those of functions of a ROM.
void add_unlisted_registers(SystemConfig& config, const FirmwareImage& image);

/// Brings an image to where its functions can be called: not ours boot by themselves, others not at all or until a
/// function that the binding names.
class StartUp final : public Subscriber {
 public:
  /// `limits`: of the run.
  StartUp(System& system, const CoreLimits& limits, const Platform& platform, const Allocator& allocator,
          const FirmwareImage& image, const Describer& describer, const EventBus& bus, Result& result)
      : system_(system), limits_(limits), platform_(platform), allocator_(allocator), image_(image),
        describer_(describer), bus_(bus), result_(result) {}

  /// Before the simulation: writes stubs, and switches core 0 on.
  void begin();
  /// In core 0's process, when its boot is over. Throws InputError when it did not come to where it should.
  void end(DspCore& core);
  /// A core that boots has left whatever it was in. Start-up code may set the heaps up: as an allocator does.
  void on(const AllocatorEntered& event) override;
  /// Adds what a binding can do about a crash to its message; nothing for an image of ours.
  void explain(const CoreFault& fault, std::string& message) const;

 private:
  bool executes_start_up() const { return !allocator_.until.empty(); }
  void place_stub(const Allocator::Stub& stub);
  std::string hint_for_loop() const;
  std::string hint_for_address(const CoreFault& fault) const;

  System& system_;
  const CoreLimits& limits_;
  const Platform& platform_;
  const Allocator& allocator_;
  const FirmwareImage& image_;
  const Describer& describer_;
  const EventBus& bus_;
  Result& result_;
  bool over_ = false;
};

}  // namespace dspmem
