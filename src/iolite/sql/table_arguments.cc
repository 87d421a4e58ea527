#include "iolite/sql/internal/table_arguments.h"

#include <arrow/scalar.h>

#include "iolite/sql/internal/arrow_bridge.h"
#include "iolite/sql/internal/request_state.h"

namespace iolite::sql {
namespace {

constexpr size_t kArgumentCharactersShown = 60;

}  // namespace

duckdb::LogicalType SignatureOf(const duckdb::LogicalType& type) {
  const bool list =
      type.id() == duckdb::LogicalTypeId::LIST || type.id() == duckdb::LogicalTypeId::ARRAY;
  return list ? duckdb::LogicalType::ANY : type;
}

NamedTypes DeclareNamed(duckdb::ClientContext& context, const std::vector<NamedArgument>& arguments,
                        duckdb::TableFunction& made) {
  NamedTypes types;
  for (const NamedArgument& argument : arguments) {
    const duckdb::LogicalType type =
        argument.type ? ToLogicalType(context, *argument.type) : duckdb::LogicalType::ANY;
    types[argument.name] = type;
    made.named_parameters[argument.name] = SignatureOf(type);
  }
  return types;
}

std::shared_ptr<arrow::Scalar> ArgumentOf(duckdb::ClientContext& context, std::string_view function,
                                          std::string_view argument, const duckdb::Value& value,
                                          const duckdb::LogicalType& declared) {
  if (declared.id() == duckdb::LogicalTypeId::ANY) return ToScalar(context, value);
  duckdb::Value cast;
  duckdb::string error;
  if (!value.TryCastAs(context, declared, cast, &error)) {
    RequestState::Of(context).Raise(InvalidArgument("{}: argument {} must be {}, not {}", function,
                                                    argument, declared.ToString(),
                                                    value.type().ToString()));
  }
  return ToScalar(context, cast);
}

std::vector<std::pair<std::string, std::shared_ptr<arrow::Scalar>>> NamedArgumentsOf(
    duckdb::ClientContext& context, std::string_view function,
    const duckdb::named_parameter_map_t& values, const NamedTypes& types, std::string& shown) {
  std::vector<std::pair<std::string, std::shared_ptr<arrow::Scalar>>> arguments;
  for (const auto& [name, value] : values) {
    arguments.emplace_back(name, ArgumentOf(context, function, name, value, types.at(name)));
    shown += (shown.empty() ? "" : ", ") + name + " := " + Shown(value);
  }
  return arguments;
}

std::string Shown(const duckdb::Value& value) {
  std::string text = value.ToSQLString();
  if (text.size() > kArgumentCharactersShown) {
    text.resize(kArgumentCharactersShown);
    text += "…";
  }
  return text;
}

}  // namespace iolite::sql
