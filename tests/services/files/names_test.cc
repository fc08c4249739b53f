#include "services/files/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace files {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(NamesTest, PathsBelowTheRootAreNames) {
  for (const char* name : {"a", "a/b", "notes/today.txt", ".hidden", "a..b/..c", "...", "with space", "gr\xc3\xbc\xc3\x9f""e", "a/.rota-tmp"}) {
    EXPECT_TRUE(CheckName(name).ok()) << name;
  }
}

TEST(NamesTest, WhatCouldLeaveTheRootIsRefused) {
  for (const char* name : {"", "/", "/etc/passwd", "..", "../a", "a/../../b", "a/..", ".", "./a", "a/./b", "a//b", "a/"}) {
    EXPECT_EQ(CheckName(name).code(), rota::StatusCode::kInvalidArgument) << name;
  }
}

TEST(NamesTest, TheFolderOfUploadsIsRefused) {
  EXPECT_EQ(CheckName(".rota-tmp").code(), rota::StatusCode::kInvalidArgument);
  EXPECT_EQ(CheckName(".rota-tmp/1").code(), rota::StatusCode::kInvalidArgument);
}

TEST(NamesTest, ControlCharactersAndNulAreRefused) {
  EXPECT_FALSE(CheckName(std::string_view("a\0b", 3)).ok());
  EXPECT_FALSE(CheckName("a\nb").ok());
  EXPECT_FALSE(CheckName("a\x7f").ok());
}

TEST(NamesTest, BytesThatAreNoUtf8AreRefused) {
  for (const char* name : {"\xff", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80"}) {
    EXPECT_FALSE(CheckName(name).ok());
  }
  EXPECT_TRUE(CheckName("\xf0\x9f\x98\x80").ok());
}

TEST(NamesTest, SizesHaveLimits) {
  EXPECT_TRUE(CheckName(std::string(255, 'a')).ok());
  EXPECT_FALSE(CheckName(std::string(256, 'a')).ok());
  std::string deep = "a";
  for (int i = 1; i < 32; ++i) deep += "/a";
  EXPECT_TRUE(CheckName(deep).ok());
  EXPECT_FALSE(CheckName(deep + "/a").ok());
  std::string wide = std::string(250, 'a');
  for (int i = 0; i < 4; ++i) wide += "/" + std::string(250, 'a');
  EXPECT_FALSE(CheckName(wide).ok());
}

TEST(NamesTest, TheErrorShowsTheNameAndWhatIsWrongWithIt) {
  EXPECT_THAT(CheckName("../secret").ToString(), HasSubstr("the file name '../secret' has a part '.' or '..'"));
  EXPECT_THAT(CheckName(std::string(2000, 'a')).ToString(), HasSubstr("...' has more than 1024 bytes"));
}

TEST(NamesTest, QuotedShowsWhatIsNotPrintable) {
  EXPECT_EQ(Quoted(std::string_view("a\0\n", 3)), "'a\\x00\\x0a'");
  EXPECT_EQ(Quoted("\xff"), "'\\xff'");
}

TEST(NamesTest, PartsAreWhatLiesBetweenSlashes) {
  EXPECT_THAT(NameParts("a"), ElementsAre("a"));
  EXPECT_THAT(NameParts("a/bc/d"), ElementsAre("a", "bc", "d"));
}

}  // namespace
}  // namespace files
