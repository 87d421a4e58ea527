#pragma once

#include <map>
#include <memory>
#include <string>

#include "iolite/base/random.h"
#include "iolite/base/testing/fake_clock.h"
#include "iolite/results/result_table.h"
#include "iolite/segments/testing/sample_rows.h"

namespace iolite::results::testing {

/// The visible rows of a table: id to content hash.
using VisibleRows = std::map<std::string, std::string>;

/// What a run of `task` over `papers` says about itself.
Materialization SampleMaterialization();

/// Reads what a reader of `table` sees, and checks that the parts agree with it: every row is found
/// by id and lies nearest to its own vector.
Result<VisibleRows> ReadVisible(ResultStore& results, const std::string& table);

/// Starts a run, appends `rows` in parts of `part_row_count`, hides `gone`, commits.
Status CommitRows(ResultStore& results, const std::string& table,
                  const segments::testing::SampleRows& rows,
                  const std::vector<std::string>& gone = {}, int64_t part_row_count = 1000);

}  // namespace iolite::results::testing
