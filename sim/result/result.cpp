// SPDX-License-Identifier: Apache-2.0
#include "sim/result/result.h"

#include <algorithm>
#include <cstdio>

namespace dspmem {

std::string to_string(const Agent& agent) {
  switch (agent.kind) {
    case Agent::Kind::none: return "";
    case Agent::Kind::core: return "core " + std::to_string(agent.number);
    case Agent::Kind::dma: return "dma " + std::to_string(agent.number);
    case Agent::Kind::host: return "host";
  }
  return "";
}

std::string Place::to_string() const {
  if (line == 0) return file;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

const char* to_string(Severity severity) {
  switch (severity) {
    case Severity::manifest: return "manifest";
    case Severity::latent: return "latent";
    case Severity::warning: return "warning";
    case Severity::advice: return "advice";
  }
  return "";
}

const char* to_string(Result::Verdict verdict) {
  switch (verdict) {
    case Result::Verdict::passed: return "passed";
    case Result::Verdict::expectation_failed: return "expectation-failed";
    case Result::Verdict::findings: return "findings";
    case Result::Verdict::crashed: return "crashed";
    case Result::Verdict::interrupted: return "interrupted";
    case Result::Verdict::died: return "died";
  }
  return "";
}

const char* to_string(Result::Operation::Kind kind) {
  using enum Result::Operation::Kind;
  switch (kind) {
    case none: return "nothing";
    case read: return "read";
    case write: return "write";
    case write_back: return "write-back";
    case invalidate: return "invalidate";
    case write_back_invalidate: return "write-back and invalidate";
    case power_off: return "power-off";
    case power_on: return "power-on";
    case fetch: return "instruction fetch";
    case access: return "access";
    case call: return "call";
    case free: return "free";
    case allocation: return "allocation";
    case repeat: return "repeat";
  }
  return "";
}

const char* to_string(Result::Operation::View view) {
  switch (view) {
    case Result::Operation::View::none: return "";
    case Result::Operation::View::cached: return "cached";
    case Result::Operation::View::uncached: return "uncached";
    case Result::Operation::View::direct: return "direct";
  }
  return "";
}

std::string to_string(const Result::Frame& frame) {
  std::string text = frame.function;
  if (text.empty()) {
    char address[16];
    std::snprintf(address, sizeof address, "0x%08x", frame.pc);
    text = address;
  }
  if (!frame.file.empty()) text += " (" + frame.file + ":" + std::to_string(frame.line) + ")";
  return text;
}

std::string to_string(const Result::Origin& origin) {
  if (!origin.step.empty()) return origin.step.to_string();
  return origin.frame ? to_string(*origin.frame) : "";
}

const Result::PowerPolicy* Result::Power::policy(PolicyRole role) const {
  const auto found =
      std::find_if(policies.begin(), policies.end(), [role](const PowerPolicy& each) { return each.role == role; });
  return found == policies.end() ? nullptr : &*found;
}

int exit_code(Result::Verdict verdict) {
  switch (verdict) {
    case Result::Verdict::passed: return 0;
    case Result::Verdict::expectation_failed: return 1;
    case Result::Verdict::findings: return 3;
    case Result::Verdict::crashed: return 4;
    case Result::Verdict::interrupted: return 128;
    case Result::Verdict::died: return 5;
  }
  return 5;
}

const char* to_string(Variation::Range::Unit unit) {
  switch (unit) {
    case Variation::Range::Unit::cycles: return "cycles";
    case Variation::Range::Unit::basis_points: return "basis_points";
    case Variation::Range::Unit::attojoules: return "attojoules";
  }
  return "";
}

}  // namespace dspmem
