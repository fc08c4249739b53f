#include "framework/transport/native/encoding.h"

#include <gtest/gtest.h>

#include <optional>

namespace rota::native {
namespace {

TEST(EncodingTest, EncodingsAreKnownByTheirNames) {
  EXPECT_EQ(ParseEncoding("identity"), Encoding::kIdentity);
  EXPECT_EQ(ParseEncoding("gzip"), Encoding::kGzip);
  EXPECT_EQ(ParseEncoding("snappy"), std::nullopt);
  EXPECT_EQ(ParseEncoding("deflate"), std::nullopt);
  EXPECT_EQ(ParseEncoding(""), std::nullopt);
}

TEST(EncodingTest, ListsAreSearchedByWholeNames) {
  EXPECT_TRUE(ListHas("identity, deflate, gzip", "gzip"));
  EXPECT_TRUE(ListHas("gzip", "gzip"));
  EXPECT_TRUE(ListHas("a,gzip ,b", "gzip"));
  EXPECT_FALSE(ListHas("gzippy, notgzip", "gzip"));
  EXPECT_FALSE(ListHas("", "gzip"));
}

}  // namespace
}  // namespace rota::native
