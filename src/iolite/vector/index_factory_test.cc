#include "iolite/vector/index_factory.h"

#include <gtest/gtest.h>

#include "iolite/vector/flat_index.h"

namespace iolite::vector {
namespace {

TEST(IndexFactory, BuildsAndOpensByKind) {
  for (const IndexKind& kind : IndexKinds()) {
    auto builder = MakeIndexBuilder(kind.name, {.metric = Metric::kL2, .dimension = 2}).value();
    const float rows[] = {0, 0, 1, 1, 2, 2};
    ASSERT_TRUE(builder->Add(RequestContext{}, rows, 3).ok());
    const std::string bytes = builder->FinishInMemory(RequestContext{}).value();
    auto index = OpenIndexBytes(kind.name, bytes, {}).value();
    EXPECT_EQ(index->kind(), kind.name);
    EXPECT_EQ(index->row_count(), 3);
    EXPECT_EQ(FindIndexKind(kind.name)->suffix, kind.suffix);
  }
}

TEST(IndexFactory, NamesTheKindsThereAre) {
  auto status = FindIndexKind("faiss").status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "'faiss' is no kind of index file. Kinds: qg, usearch, flat");
  EXPECT_EQ(OpenIndex("x", "y", {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(MakeIndexBuilder("x", {}).status().code(), StatusCode::kInvalidArgument);
}

TEST(Names, GoThereAndBack) {
  for (size_t i = 0; i < kMetricCount; ++i) {
    const auto metric = static_cast<Metric>(i);
    EXPECT_EQ(ParseMetric(MetricName(metric)).value(), metric);
  }
  for (size_t i = 0; i < kElementTypeCount; ++i) {
    const auto type = static_cast<ElementType>(i);
    EXPECT_EQ(ParseElementType(ElementTypeName(type)).value(), type);
  }
  EXPECT_EQ(ParseMetric("dot").value(), Metric::kInnerProduct);
  EXPECT_EQ(ParseMetric("euclidean").value(), Metric::kL2);
  EXPECT_EQ(ParseMetric("manhattan").value(), Metric::kL1);
  EXPECT_EQ(ParseMetric("hamming").value(), Metric::kHamming);
  EXPECT_EQ(ParseMetric("sine").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseElementType("f64").status().code(), StatusCode::kInvalidArgument);
}

TEST(Names, MetricsBelongToElementTypes) {
  for (size_t m = 0; m < kMetricCount; ++m) {
    for (size_t t = 0; t < kElementTypeCount; ++t) {
      const auto metric = static_cast<Metric>(m);
      const auto type = static_cast<ElementType>(t);
      const bool of_bits = metric == Metric::kHamming || metric == Metric::kJaccard;
      EXPECT_EQ(CheckMetric(metric, type).ok(), of_bits == (type == ElementType::kBits));
    }
  }
  EXPECT_EQ(CheckMetric(Metric::kHamming, ElementType::kF32).message(),
            "The metric hamming compares bits: elements of type f32 do not have it");
  EXPECT_EQ(CheckMetric(Metric::kL2, ElementType::kBits).message(),
            "Elements of type bits have the metrics hamming and jaccard, not l2");
  EXPECT_EQ(FlatIndex::Own(Metric::kJaccard, 2, {0, 1}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(MakeIndexBuilder("usearch", {.metric = Metric::kL1, .dimension = 2}).status().message(),
            "A usearch index takes cosine, inner_product and l2 of f32, f16, bf16 and i8, not l1 "
            "of f32: take the kind flat");
}

}  // namespace
}  // namespace iolite::vector
