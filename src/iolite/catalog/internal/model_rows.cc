#include "iolite/catalog/internal/rows.h"

namespace iolite::catalog::internal {
namespace {

constexpr char kInsertFile[] = "INSERT INTO model_files VALUES (?, ?, ?, ?, ?, ?)";
constexpr char kSelectFiles[] =
    "SELECT path, size_bytes, modified_us, etag FROM model_files WHERE owner = ? ORDER BY position";

Status NoSuchModel(std::string_view id) {
  return NotFound("There is no model '{}'. `iolite models list` names those there are", id);
}

ModelEntry HeadOf(const Statement& row) {
  ModelEntry model;
  model.id = row.Text(0);
  model.path = row.Text(1);
  model.origin = row.Text(2);
  model.revision = row.Text(3);
  model.content_hash = row.Text(4);
  model.created_us = row.Int(5);
  return model;
}

}  // namespace

Status UpsertModel(Connection& connection, const ModelEntry& model) {
  {
    IOLITE_ASSIGN_OR_RETURN(auto statement, connection.Prepare("DELETE FROM models WHERE id = ?"));
    IOLITE_RETURN_IF_ERROR(statement.Bind(model.id).Run());
  }
  IOLITE_ASSIGN_OR_RETURN(auto statement,
                          connection.Prepare("INSERT INTO models VALUES (?, ?, ?, ?, ?, ?)"));
  statement.Bind(model.id, model.path, model.origin, model.revision, model.content_hash,
                 model.created_us);
  IOLITE_RETURN_IF_ERROR(statement.Run());
  return InsertFiles(connection, kInsertFile, model.id, model.files);
}

Result<ModelEntry> SelectModel(Connection& connection, std::string_view id) {
  ModelEntry model;
  {
    IOLITE_ASSIGN_OR_RETURN(auto row, connection.Prepare("SELECT * FROM models WHERE id = ?"));
    IOLITE_ASSIGN_OR_RETURN(const bool found, row.Bind(id).Step());
    if (!found) return NoSuchModel(id);
    model = HeadOf(row);
  }
  IOLITE_ASSIGN_OR_RETURN(model.files, SelectFiles(connection, kSelectFiles, id));
  return model;
}

Result<std::vector<ModelEntry>> SelectModels(Connection& connection) {
  std::vector<ModelEntry> models;
  {
    IOLITE_ASSIGN_OR_RETURN(auto row, connection.Prepare("SELECT * FROM models ORDER BY id"));
    while (true) {
      IOLITE_ASSIGN_OR_RETURN(const bool more, row.Step());
      if (!more) break;
      models.push_back(HeadOf(row));
    }
  }
  for (auto& model : models) {
    IOLITE_ASSIGN_OR_RETURN(model.files, SelectFiles(connection, kSelectFiles, model.id));
  }
  return models;
}

Status DeleteModel(Connection& connection, std::string_view id) {
  IOLITE_ASSIGN_OR_RETURN(auto statement, connection.Prepare("DELETE FROM models WHERE id = ?"));
  IOLITE_RETURN_IF_ERROR(statement.Bind(id).Run());
  return connection.change_count() == 0 ? NoSuchModel(id) : Status();
}

}  // namespace iolite::catalog::internal
