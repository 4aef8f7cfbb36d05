// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/store.h"

#include <sqlite3.h>

#include <filesystem>
#include <stdexcept>

#include "sim/config/input_files.h"

namespace dspmem {
namespace {

constexpr int busy_milliseconds = 30'000;  // another process may be writing

constexpr const char* tables = R"(
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS sweeps (
    id INTEGER PRIMARY KEY, file TEXT NOT NULL, text TEXT NOT NULL UNIQUE, combinations INTEGER NOT NULL,
    begun TEXT NOT NULL, turn INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS results (
    hash TEXT PRIMARY KEY, exit_code INTEGER NOT NULL, verdict TEXT NOT NULL, error TEXT NOT NULL,
    milliseconds INTEGER NOT NULL, host TEXT NOT NULL, dspmem TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS metrics (
    hash TEXT NOT NULL, name TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (hash, name)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS findings (
    hash TEXT NOT NULL, fingerprint TEXT NOT NULL, rule TEXT NOT NULL, object TEXT NOT NULL,
    severity TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (hash, fingerprint, rule)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS points (
    sweep INTEGER NOT NULL, number INTEGER NOT NULL, hash TEXT NOT NULL, keys TEXT NOT NULL,
    PRIMARY KEY (sweep, number)) STRICT, WITHOUT ROWID;
)";

}  // namespace

class SweepStore::Statement {
 public:
  Statement(SweepStore& store, const char* sql) : store_(store) {
    store_.check(sqlite3_prepare_v2(store_.database_, sql, -1, &statement_, nullptr));
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(const std::string& text) {
    store_.check(sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT));
    return *this;
  }
  Statement& bind(std::int64_t number) {
    store_.check(sqlite3_bind_int64(statement_, ++bound_, number));
    return *this;
  }
  Statement& bind(double number) {
    store_.check(sqlite3_bind_double(statement_, ++bound_, number));
    return *this;
  }
  /// Whether there is a row.
  bool step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) store_.check(code);
    return code == SQLITE_ROW;
  }
  std::string text(int column) const {
    const unsigned char* const value = sqlite3_column_text(statement_, column);
    return value ? reinterpret_cast<const char*>(value) : "";
  }
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  double real(int column) const { return sqlite3_column_double(statement_, column); }

 private:
  SweepStore& store_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

void SweepStore::check(int code) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
  const std::string why = database_ ? sqlite3_errmsg(database_) : sqlite3_errstr(code);
  throw std::runtime_error("the results file '" + path_ + "' cannot be used: " + why);
}

void SweepStore::run(const char* sql) { check(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr)); }

SweepStore::SweepStore(const std::string& path, bool fresh) : path_(path) {
  if (path.empty() || path[0] == ':' || path.starts_with("file:"))
    throw std::runtime_error("'" + path + "' is no name for a results file");
  if (!fresh && !std::filesystem::exists(path))
    throw std::runtime_error("the results file '" + path + "' does not exist");
  const int code =
      sqlite3_open_v2(path.c_str(), &database_, SQLITE_OPEN_READWRITE | (fresh ? SQLITE_OPEN_CREATE : 0), nullptr);
  try {
    check(code);
    sqlite3_busy_timeout(database_, busy_milliseconds);
    note_input(path);  // no page may be written over it
    // Nothing is written to a file that is not a sweep's.
    {
      Statement made(*this, "SELECT count(*), sum(name = 'points') FROM sqlite_master");
      made.step();
      const bool ours = made.number(1) > 0;
      if (!ours && (made.number(0) > 0 || !fresh))
        throw std::runtime_error("'" + path + "' has no results of a sweep" +
                                 (made.number(0) > 0 ? ", but something else" : ""));
    }
    if (fresh) run(tables);
    Statement last(*this, "SELECT id FROM sweeps ORDER BY turn DESC LIMIT 1");
    if (last.step()) sweep_ = last.number(0);
  } catch (...) {
    sqlite3_close(database_);
    throw;
  }
}

SweepStore::~SweepStore() { sqlite3_close(database_); }

void SweepStore::begin(const std::string& file, const std::string& text, std::uint64_t combinations) {
  Statement(*this,
            "INSERT INTO sweeps (file, text, combinations, begun, turn) VALUES (?, ?, ?, datetime('now'), 0) ON "
            "CONFLICT (text) DO NOTHING")
      .bind(file)
      .bind(text)
      .bind(static_cast<std::int64_t>(combinations))
      .step();
  resume(text);
  Statement(*this, "UPDATE sweeps SET turn = (SELECT max(turn) + 1 FROM sweeps) WHERE id = ?").bind(sweep_).step();
}

bool SweepStore::resume(const std::string& text) {
  Statement found(*this, "SELECT id FROM sweeps WHERE text = ?");
  if (!found.bind(text).step()) return false;
  sweep_ = found.number(0);
  return true;
}

void SweepStore::put(const SweepResult& result, const std::string& host) {
  run("BEGIN IMMEDIATE");
  try {
    Statement(*this, "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(result.hash)
        .bind(std::int64_t{result.exit_code})
        .bind(result.verdict)
        .bind(result.error)
        .bind(static_cast<std::int64_t>(result.milliseconds))
        .bind(host)
        .bind(std::string(DSPMEM_VERSION))
        .step();
    for (const auto& [name, value] : result.metrics)
      Statement(*this, "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?)")
          .bind(result.hash)
          .bind(name)
          .bind(value)
          .step();
    for (const SweepResult::Finding& each : result.findings)
      Statement(*this, "INSERT OR REPLACE INTO findings VALUES (?, ?, ?, ?, ?, ?)")
          .bind(result.hash)
          .bind(each.fingerprint)
          .bind(each.rule)
          .bind(each.object)
          .bind(each.severity)
          .bind(static_cast<std::int64_t>(each.count))
          .step();
    Statement(*this, "INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?)")
        .bind(sweep_)
        .bind(static_cast<std::int64_t>(result.number))
        .bind(result.hash)
        .bind(result.keys)
        .step();
    run("COMMIT");
  } catch (...) {
    sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

std::optional<SweepResult> SweepStore::find(const std::string& hash) {
  Statement row(*this, "SELECT exit_code, verdict, error, milliseconds FROM results WHERE hash = ?");
  if (!row.bind(hash).step()) return std::nullopt;
  SweepResult result;
  result.hash = hash;
  result.exit_code = static_cast<int>(row.number(0));
  result.verdict = row.text(1);
  result.error = row.text(2);
  result.milliseconds = static_cast<std::uint64_t>(row.number(3));
  Statement metrics(*this, "SELECT name, value FROM metrics WHERE hash = ?");
  metrics.bind(hash);
  while (metrics.step()) result.metrics[metrics.text(0)] = metrics.real(1);
  return result;
}

void SweepStore::each(const std::function<void(const SweepResult&)>& visit) {
  Statement rows(*this, "SELECT number, hash, keys FROM points WHERE sweep = ? ORDER BY number");
  rows.bind(sweep_);
  while (rows.step()) {
    SweepResult result = find(rows.text(1)).value_or(SweepResult{});
    result.number = static_cast<std::uint64_t>(rows.number(0));
    result.keys = rows.text(2);
    Statement findings(
        *this,
        "SELECT rule, object, severity, fingerprint, count FROM findings WHERE hash = ? ORDER BY fingerprint, rule");
    findings.bind(result.hash);
    while (findings.step())
      result.findings.push_back({findings.text(0), findings.text(1), findings.text(2), findings.text(3),
                                 static_cast<std::uint64_t>(findings.number(4))});
    visit(result);
  }
}

std::uint64_t SweepStore::done() {
  Statement count(*this, "SELECT count(*) FROM points WHERE sweep = ?");
  count.bind(sweep_).step();
  return static_cast<std::uint64_t>(count.number(0));
}

std::string SweepStore::file() {
  Statement row(*this, "SELECT file FROM sweeps WHERE id = ?");
  return row.bind(sweep_).step() ? row.text(0) : "";
}

std::uint64_t SweepStore::combinations() {
  Statement row(*this, "SELECT combinations FROM sweeps WHERE id = ?");
  return row.bind(sweep_).step() ? static_cast<std::uint64_t>(row.number(0)) : 0;
}

}  // namespace dspmem
