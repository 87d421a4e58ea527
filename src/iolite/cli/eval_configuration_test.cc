#include "iolite/cli/eval_configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace iolite::cli {
namespace {

using ::testing::HasSubstr;

TEST(EvalConfiguration, TablesAndTheirOptions) {
  const auto plain = ParseEvalConfiguration("papers").value();
  EXPECT_EQ(plain.search.source, "papers");
  EXPECT_EQ(plain.name, "papers");
  const auto scan = ParseEvalConfiguration("papers,exact,name=all of it").value();
  EXPECT_TRUE(scan.search.exact);
  EXPECT_EQ(scan.name, "all of it");
  const auto pool = ParseEvalConfiguration("papers,ef=16,where=a IN (1, 2), b = 3").value();
  EXPECT_EQ(pool.search.ef, 16);
  EXPECT_EQ(pool.search.where, "a IN (1, 2), b = 3");
  EXPECT_EQ(ParseEvalConfiguration("papers,target-recall=.9")->search.target_recall, .9);
}

TEST(EvalConfiguration, Runs) {
  const auto file = ParseEvalConfiguration("run:out/bm25.run,name=bm25").value();
  EXPECT_EQ(file.run, "out/bm25.run");
  EXPECT_EQ(file.name, "bm25");
  EXPECT_TRUE(file.search.source.empty());
  EXPECT_EQ(ParseEvalConfiguration("run:eval-1")->name, "eval-1");
}

TEST(EvalConfiguration, WhatIsWrongIsNamed) {
  const auto error = [](const std::string& text) {
    const Status status = ParseEvalConfiguration(text).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    return status.message();
  };
  EXPECT_THAT(error(""), HasSubstr("names nothing to measure"));
  EXPECT_THAT(error("run:"), HasSubstr("names nothing to measure"));
  EXPECT_THAT(error("papers,fast"), HasSubstr("no option \"fast\": after the table may stand"));
  EXPECT_THAT(error("papers,ef=many"), HasSubstr("ef=many is no whole number"));
  EXPECT_THAT(error("papers,ef=0"), HasSubstr("ef=0"));
  EXPECT_THAT(error("papers,target-recall=2"), HasSubstr("target-recall=2"));
  EXPECT_THAT(error("papers,exact=no"), HasSubstr("no option \"exact\""));
  EXPECT_THAT(error("run:a,exact"), HasSubstr("does not suit a run"));
}

}  // namespace
}  // namespace iolite::cli
