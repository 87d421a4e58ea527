#include "iolite/vector/index_factory.h"

#include <gtest/gtest.h>

namespace iolite::vector {
namespace {

TEST(IndexFactory, BuildsAndOpensByKind) {
  for (const IndexKind& kind : IndexKinds()) {
    auto builder = MakeIndexBuilder(kind.name, {.metric = Metric::kL2, .dimension = 2}).value();
    const float rows[] = {0, 0, 1, 1, 2, 2};
    ASSERT_TRUE(builder->Add(RequestContext{}, rows, 3).ok());
    const std::string bytes = builder->Finish(RequestContext{}).value();
    auto index = OpenIndexBytes(kind.name, bytes, {}).value();
    EXPECT_EQ(index->kind(), kind.name);
    EXPECT_EQ(index->row_count(), 3);
    EXPECT_EQ(FindIndexKind(kind.name)->suffix, kind.suffix);
  }
}

TEST(IndexFactory, NamesTheKindsThereAre) {
  auto status = FindIndexKind("faiss").status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "'faiss' is no kind of index file. Kinds: usearch");
  EXPECT_EQ(OpenIndex("x", "y", {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(MakeIndexBuilder("x", {}).status().code(), StatusCode::kInvalidArgument);
}

TEST(Names, GoThereAndBack) {
  for (Metric metric : {Metric::kCosine, Metric::kInnerProduct, Metric::kL2}) {
    EXPECT_EQ(ParseMetric(MetricName(metric)).value(), metric);
  }
  for (ElementType type :
       {ElementType::kF32, ElementType::kF16, ElementType::kBF16, ElementType::kI8}) {
    EXPECT_EQ(ParseElementType(ElementTypeName(type)).value(), type);
  }
  EXPECT_EQ(ParseMetric("dot").value(), Metric::kInnerProduct);
  EXPECT_EQ(ParseMetric("euclidean").value(), Metric::kL2);
  EXPECT_EQ(ParseMetric("hamming").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseElementType("f64").status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace iolite::vector
