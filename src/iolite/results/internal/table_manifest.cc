#include "iolite/results/internal/table_manifest.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "iolite/results/internal/table_files.h"

namespace iolite::results {
namespace {

using Json = nlohmann::ordered_json;

// Names in a manifest are without the folder, so that a folder may be moved.
std::string WithoutFolder(const std::string& path) { return path.substr(kFolder.size()); }
std::string WithFolder(const Json& json, const char* key) {
  return std::string(kFolder) + json.at(key).get<std::string>();
}

Json InputsJson(const Materialization& made) {
  Json inputs = Json::array();
  for (const auto& input : made.inputs) {
    inputs.push_back({{"path", input.path},
                      {"size_bytes", input.size_bytes},
                      {"modified_us", input.modified_us},
                      {"etag", input.etag}});
  }
  return inputs;
}

Json RowsFilesJson(const Materialization& made) {
  Json files = Json::array();
  for (const auto& file : made.rows_files) {
    files.push_back({{"name", WithoutFolder(file.path)},
                     {"size_bytes", file.size_bytes},
                     {"sha256", file.sha256}});
  }
  return files;
}

Json ParametersJson(const Materialization& made) {
  Json parameters = Json::parse(made.parameters_json, nullptr, /*allow_exceptions=*/false);
  return parameters.is_discarded() ? Json::object() : parameters;
}

Json MaterializationJson(const Materialization& made) {
  return {{"format", TableManifest::kFormatNewest},
          {"table", made.table},
          {"source", made.source},
          {"task", made.task},
          {"model_id", made.model_id},
          {"model_content_hash", made.model_content_hash},
          {"precision", made.precision},
          {"key_column", made.key_column},
          {"text_columns", made.text_columns},
          {"metric", made.metric},
          {"dimension", made.dimension},
          {"parameters", ParametersJson(made)},
          {"definition_hash", made.definition_hash},
          {"inputs", InputsJson(made)},
          {"engine_version", made.engine_version},
          {"rows_files", RowsFilesJson(made)},
          {"created_us", made.created_us}};
}

Materialization ReadMaterialization(const Json& json) {
  Materialization made;
  made.table = json.at("table");
  made.source = json.at("source");
  made.task = json.at("task");
  made.model_id = json.at("model_id");
  made.model_content_hash = json.at("model_content_hash");
  made.precision = json.at("precision");
  made.key_column = json.at("key_column");
  made.text_columns = json.at("text_columns");
  made.metric = json.at("metric");
  made.dimension = json.at("dimension");
  made.parameters_json = json.at("parameters").dump();
  made.definition_hash = json.at("definition_hash");
  for (const auto& input : json.at("inputs")) {
    made.inputs.push_back({.path = input.at("path"),
                           .size_bytes = input.at("size_bytes"),
                           .modified_us = input.at("modified_us"),
                           .etag = input.at("etag")});
  }
  made.engine_version = json.at("engine_version");
  for (const auto& file : json.at("rows_files")) {
    made.rows_files.push_back({.path = WithFolder(file, "name"),
                               .size_bytes = file.at("size_bytes"),
                               .sha256 = file.at("sha256")});
  }
  made.created_us = json.at("created_us");
  return made;
}

Json SegmentsJson(const TableManifest& manifest) {
  Json segments = Json::array();
  for (const auto& segment : manifest.segments) {
    segments.push_back({{"stem", WithoutFolder(segment.stem)},
                        {"row_count", segment.row_count},
                        {"hidden_version", segment.hidden_version},
                        {"hidden_count", segment.hidden_count},
                        {"repair_count", segment.repair_count}});
  }
  return segments;
}

TableManifest ReadManifest(const Json& json) {
  TableManifest manifest;
  manifest.table = json.at("table");
  manifest.version = json.at("version");
  manifest.run_id = json.at("run_id");
  manifest.segment_index_next = json.at("segment_index_next");
  for (const auto& segment : json.at("segments")) {
    manifest.segments.push_back({.stem = WithFolder(segment, "stem"),
                                 .row_count = segment.at("row_count"),
                                 .hidden_version = segment.at("hidden_version"),
                                 .hidden_count = segment.at("hidden_count"),
                                 .repair_count = segment.at("repair_count")});
  }
  manifest.materialization = ReadMaterialization(json.at("materialization"));
  return manifest;
}

Status CheckFormat(const Json& json, std::string_view path, int format_newest) {
  int format = json.at("format");
  if (format <= format_newest) return Status::Ok();
  return Unimplemented("{} has format {}, written by a newer release; this one reads up to {}",
                       path, format, format_newest);
}

}  // namespace

const TableManifest::SegmentEntry* TableManifest::Find(std::string_view stem) const {
  auto found = std::find_if(segments.begin(), segments.end(),
                            [&](const auto& segment) { return segment.stem == stem; });
  return found == segments.end() ? nullptr : &*found;
}

std::string SerializeTableManifest(const TableManifest& manifest) {
  Json json{{"format", manifest.format},
            {"table", manifest.table},
            {"version", manifest.version},
            {"run_id", manifest.run_id},
            {"segment_index_next", manifest.segment_index_next},
            {"segments", SegmentsJson(manifest)},
            {"materialization", MaterializationJson(manifest.materialization)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<TableManifest> ParseTableManifest(std::string_view bytes, std::string_view path) {
  try {
    Json json = Json::parse(bytes);
    IOLITE_RETURN_IF_ERROR(CheckFormat(json, path, TableManifest::kFormatNewest));
    return ReadManifest(json);
  } catch (const nlohmann::json::exception& error) {
    return DataLoss("{} is damaged: {}", path, error.what());
  }
}

std::string SerializeMaterialization(const Materialization& materialization) {
  return MaterializationJson(materialization).dump(2, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

std::string SerializeRun(const RunRecord& run) {
  Json json{{"format", RunRecord::kFormatNewest},
            {"run_id", run.run_id},
            {"definition_hash", run.definition_hash},
            {"created_us", run.created_us}};
  return json.dump(2) + "\n";
}

Result<RunRecord> ParseRun(std::string_view bytes, std::string_view path) {
  try {
    Json json = Json::parse(bytes);
    IOLITE_RETURN_IF_ERROR(CheckFormat(json, path, RunRecord::kFormatNewest));
    return RunRecord{.run_id = json.at("run_id"),
                     .definition_hash = json.at("definition_hash"),
                     .created_us = json.at("created_us")};
  } catch (const nlohmann::json::exception& error) {
    return DataLoss("{} is damaged: {}", path, error.what());
  }
}

}  // namespace iolite::results
