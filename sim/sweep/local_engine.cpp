// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "sim/experiment/process_pool.h"
#include "sim/sweep/engine.h"

namespace dspmem {
namespace {

using Json = nlohmann::json;

std::string to_text(const SweepResult& result) {
  Json findings = Json::array();
  for (const SweepResult::Finding& each : result.findings)
    findings.push_back({each.rule, each.object, each.severity, each.fingerprint, each.count});
  return Json{{"number", result.number},
              {"hash", result.hash},
              {"keys", result.keys},
              {"exit_code", result.exit_code},
              {"verdict", result.verdict},
              {"error", result.error},
              {"milliseconds", result.milliseconds},
              {"metrics", result.metrics},
              {"findings", findings}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

SweepResult from_text(const std::string& text) {
  const Json json = Json::parse(text);
  SweepResult result;
  result.number = json["number"];
  result.hash = json["hash"];
  result.keys = json["keys"];
  result.exit_code = json["exit_code"];
  result.verdict = json["verdict"];
  result.error = json["error"];
  result.milliseconds = json["milliseconds"];
  result.metrics = json["metrics"].get<std::map<std::string, double>>();
  for (const Json& each : json["findings"]) result.findings.push_back({each[0], each[1], each[2], each[3], each[4]});
  return result;
}

SweepResult result_of(const ProcessPool::Answer& answer) {
  if (!answer.died && answer.error.empty()) return from_text(answer.bytes);
  SweepResult result;
  result.number = answer.number;
  result.verdict = "died";
  result.exit_code = answer.died ? 128 + answer.signal : 5;
  result.error = answer.died ? "the process that ran it died (signal " + std::to_string(answer.signal) + ")"
                             : "internal error: " + answer.error;
  return result;
}

class LocalEngine final : public SweepEngine {
 public:
  LocalEngine(unsigned processes, std::function<SweepResult(std::uint64_t)> run)
      : pool_(processes, [run = std::move(run)](std::uint64_t number) { return to_text(run(number)); }) {}

  bool serve(const std::function<std::optional<std::uint64_t>()>& next,
             const std::function<void(const SweepResult&)>& done, const std::function<bool()>& interrupted) override {
    return pool_.serve(
        next, [&done](const ProcessPool::Answer& answer) { done(result_of(answer)); }, interrupted);
  }

 private:
  ProcessPool pool_;
};

}  // namespace

std::unique_ptr<SweepEngine> local_engine(unsigned processes, std::function<SweepResult(std::uint64_t)> run) {
  return std::make_unique<LocalEngine>(processes, std::move(run));
}

}  // namespace dspmem
