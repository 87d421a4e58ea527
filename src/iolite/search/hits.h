#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>

#include "iolite/search/search.h"

namespace iolite::search {

/// Appends a hit as JSON, without a line's end:
///
///     {"id":"7","score":0.71,"distance":0.29,"retrieved_by":[{"channel":"vector","rank":1,"score":0.71}],
///      "annotated_by":[],"row":{…}}
///
/// `row` is row `row_index` of `rows`, or null where `rows` is. A hit of a batch begins with
/// `"query"`, the id of its query.
void AppendHitJson(const Hit& hit, const arrow::RecordBatch* rows, int64_t row_index,
                   std::string& out, const std::string* query_id = nullptr);

/// The columns of hits in SQL, before those of the source: `_row_id` VARCHAR, `score` and
/// `distance` DOUBLE, `retrieved_by` STRUCT(channel, rank, score)[], `annotated_by` VARCHAR[]. One
/// that the source has too (in any case of letters) gets underscores in front until it differs.
std::shared_ptr<arrow::Schema> HitTableSchema(const arrow::Schema& source_columns);

/// Hits and their rows as one table of that schema. `rows` as in a SearchResponse; null means that
/// `source_columns` are all null.
Result<std::shared_ptr<arrow::Table>> HitsToTable(
    const SearchResponse& response, const std::shared_ptr<arrow::Schema>& source_columns);

}  // namespace iolite::search
