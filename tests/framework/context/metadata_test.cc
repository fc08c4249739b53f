#include "framework/context/metadata.h"

#include <string>
#include <string_view>
#include <utility>

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

TEST(MetadataTest, EntriesKeepTheirOrderWhileItGrows) {
  Metadata metadata;
  size_t bytes = 0;
  for (int i = 0; i < 1000; ++i) metadata.Add("key-" + std::to_string(i), std::string(static_cast<size_t>(i), 'v'));
  int i = 0;
  for (const auto& [key, value] : metadata) {
    EXPECT_EQ(key, "key-" + std::to_string(i));
    EXPECT_EQ(value, std::string(static_cast<size_t>(i), 'v'));
    bytes += value.size();
    ++i;
  }
  EXPECT_EQ(i, 1000);
  EXPECT_EQ(bytes, 499500u);
}

TEST(MetadataTest, AViewOfAnEntryMayBeAddedAgain) {
  Metadata metadata;
  metadata.Add("key", std::string(300, 'v'));
  for (int i = 0; i < 10; ++i) metadata.Add(*metadata.Get("key"), *metadata.Get("key"));
  EXPECT_EQ(metadata.size(), 11u);
  EXPECT_EQ(metadata.Get(std::string(300, 'v')), std::string(300, 'v'));
}

TEST(MetadataTest, CopiesAndMovesAreOnTheirOwn) {
  Metadata metadata;
  metadata.Add("key", "first");
  Metadata copy = metadata;
  copy.Add("key", "second");
  EXPECT_EQ(metadata.size(), 1u);
  Metadata moved = std::move(metadata);
  EXPECT_EQ(moved.Get("key"), "first");
  EXPECT_EQ(copy.size(), 2u);
  moved.Clear();
  EXPECT_TRUE(moved.begin() == moved.end());
  moved = copy;
  EXPECT_EQ(moved.size(), 2u);
  copy = Metadata();
  EXPECT_TRUE(copy.empty());
  EXPECT_EQ(moved.Remove("KEY"), 2u);
}

TEST(MetadataTest, EmptyKeysAndValuesAndZeroBytesAreKept) {
  Metadata metadata;
  metadata.Add("", "");
  metadata.Add("raw-bin", std::string_view("\0\xff", 2));
  EXPECT_EQ(metadata.Get(""), "");
  EXPECT_EQ(metadata.Get("raw-bin"), std::string_view("\0\xff", 2));
  EXPECT_EQ(metadata.size(), 2u);
}

}  // namespace
}  // namespace rota
