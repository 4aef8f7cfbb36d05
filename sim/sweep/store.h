// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct sqlite3;

namespace dspmem {

/// What one point came to.
struct SweepResult {
  struct Finding {
    std::string rule, object, severity, fingerprint;
    std::uint64_t count = 0;
  };
  std::string hash;  ///< of all that the result depends on
  std::uint64_t number = 0;  ///< of the point in its sweep
  std::string keys;  ///< "seed=3 platform.l1d.size=16 KiB"
  int exit_code = 0;  ///< as 'dspmem run' has it; 128 and the signal where the process died
  std::string verdict, error;  ///< error: why it could not be run, for exit code 2 or a process that died
  std::uint64_t milliseconds = 0;
  std::map<std::string, double> metrics;
  std::vector<Finding> findings;
};

/// The results of sweeps, in one SQLite file. Every result is there or not, whatever kills the process. Throws
/// std::runtime_error when the file cannot be read or written.
class SweepStore {
 public:
  /// `fresh`: makes the file if there is none.
  SweepStore(const std::string& path, bool fresh);
  ~SweepStore();
  SweepStore(const SweepStore&) = delete;
  SweepStore& operator=(const SweepStore&) = delete;

  /// Begins a sweep, or goes on with it: `text` is the sweep file.
  void begin(const std::string& file, const std::string& text, std::uint64_t combinations);
  /// Goes on with a sweep that was begun. False if there is none with this text.
  bool resume(const std::string& text);
  /// Keeps the result of a point of the present sweep. `host`: who computed it; empty: it was there.
  void put(const SweepResult& result, const std::string& host);
  /// A result of any sweep, without findings.
  std::optional<SweepResult> find(const std::string& hash);
  /// The points of the present sweep, in their order.
  void each(const std::function<void(const SweepResult&)>& visit);
  std::uint64_t done();
  /// Of the sweep that was begun last: its file, how many combinations it has.
  std::string file();
  std::uint64_t combinations();

 private:
  class Statement;
  void run(const char* sql);
  void check(int code);

  std::string path_;
  sqlite3* database_ = nullptr;
  std::int64_t sweep_ = 0;
};

}  // namespace dspmem
