// SPDX-License-Identifier: Apache-2.0
#include "tests/support/schema.h"

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "tests/support/program.h"

namespace dspmem::test {

std::string schema_errors(const std::string& schema_file, std::string_view json) {
  const nlohmann::json schema_text =
                           nlohmann::json::parse(read_file(source_directory() / "configs/schema" / schema_file)),
                       document = nlohmann::json::parse(json);
  valijson::Schema schema;
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_text), schema);
  valijson::ValidationResults results;
  valijson::Validator().validate(schema, valijson::adapters::NlohmannJsonAdapter(document), &results);
  std::string text;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const std::string& part : error.context) text += part;
    text += ": " + error.description + "\n";
  }
  return text;
}

}  // namespace dspmem::test
