#include "framework/context/metadata.h"

#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(MetadataTest, KeysAreLowerCaseAndTheFirstValueWins) {
  Metadata metadata;
  metadata.Add("X-Tenant", "one");
  metadata.Add("x-tenant", "two");
  EXPECT_EQ(metadata.Get("x-tenant"), "one");
  EXPECT_EQ(metadata.size(), 2u);
  EXPECT_FALSE(metadata.Get("x-other").has_value());
}

TEST(MetadataTest, SetReplacesEveryValueEvenByAViewOfOneOfThem) {
  Metadata metadata;
  metadata.Add("key", "a value that is too long to be kept inline");
  metadata.Add("key", "second");
  metadata.Set("KEY", *metadata.Get("key"));
  ASSERT_EQ(metadata.size(), 1u);
  EXPECT_EQ(metadata.Get("key"), "a value that is too long to be kept inline");
  EXPECT_EQ(metadata.Remove("key"), 1u);
  EXPECT_TRUE(metadata.empty());
}

}  // namespace
}  // namespace rota
