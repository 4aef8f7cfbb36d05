// SPDX-License-Identifier: Apache-2.0
#include "sim/report/result.h"

namespace dspmem {

const char* to_string(Result::Verdict verdict) {
  switch (verdict) {
    case Result::Verdict::passed: return "passed";
    case Result::Verdict::expectation_failed: return "expectation-failed";
    case Result::Verdict::findings: return "findings";
    case Result::Verdict::crashed: return "crashed";
  }
  return "";
}

const char* to_string(Result::Finding::Kind kind) {
  switch (kind) {
    case Result::Finding::Kind::manifest: return "manifest";
    case Result::Finding::Kind::latent: return "latent";
    case Result::Finding::Kind::advice: return "advice";
  }
  return "";
}

int exit_code(Result::Verdict verdict) {
  switch (verdict) {
    case Result::Verdict::passed: return 0;
    case Result::Verdict::expectation_failed: return 1;
    case Result::Verdict::findings: return 3;
    case Result::Verdict::crashed: return 4;
  }
  return 5;
}

}  // namespace dspmem
