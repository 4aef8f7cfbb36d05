// SPDX-License-Identifier: Apache-2.0
#include "models/power/energy.h"

namespace dspmem {

BankTimes& BankTimes::operator+=(const BankTimes& other) {
  on += other.on;
  retention += other.retention;
  off += other.off;
  wakes_from_off += other.wakes_from_off;
  wakes_from_retention += other.wakes_from_retention;
  power_offs += other.power_offs;
  unrepaid += other.unrepaid;
  wake_cycles += other.wake_cycles;
  return *this;
}

EnergyParts& EnergyParts::operator+=(const EnergyParts& other) {
  leakage_on += other.leakage_on;
  leakage_retention += other.leakage_retention;
  leakage_off += other.leakage_off;
  accesses += other.accesses;
  wakes += other.wakes;
  return *this;
}

Energy access_energy(const BankStatistics& statistics, const BankFigures& figures) {
  return statistics.beat_reads * figures.beat_read + statistics.beat_writes * figures.beat_write +
         statistics.line_reads * figures.line_read + statistics.line_writes * figures.line_write;
}

EnergyParts energy_of(const BankTimes& times, Energy accesses, const BankFigures& figures) {
  return {times.on * figures.on, times.retention * figures.retention, times.off * figures.off, accesses,
          times.wakes_from_off * (figures.wake_from_off + figures.clear) +
              times.wakes_from_retention * figures.wake_from_retention};
}

}  // namespace dspmem
