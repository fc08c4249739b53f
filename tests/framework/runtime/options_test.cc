#include "framework/runtime/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "framework/base/clock.h"
#include "framework/base/status.h"

namespace rota {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OptionsTest : public ::testing::Test {
 protected:
  OptionsTest() {
    options_.Add("root", &root_, "folder that is served");
    options_.Add("workers", &workers_, 1, 64, "threads");
    options_.Add("grace", &grace_, std::chrono::seconds(60), "time to finish");
    options_.Add("read-only", &read_only_, "refuse to write");
    options_.Add({.name = "listen", .value_name = "HOST:PORT", .help = "where", .default_text = "", .repeatable = true, .set = [this](const auto& values) {
                    listen_ = values;
                    return OkStatus();
                  }});
  }

  // The error of Parse(), or "" when there is none.
  std::string Parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "files");
    auto parsed = options_.Parse(static_cast<int>(arguments.size()), arguments.data(), [this](const char* name) -> const char* {
      const auto it = environment_.find(name);
      return it == environment_.end() ? nullptr : it->second.c_str();
    });
    if (parsed.ok()) help_ = parsed->value_or("");
    return parsed.ok() ? "" : std::string(parsed.status().message());
  }
  std::string WriteFile(const std::string& text) {
    const std::string path = testing::TempDir() + "/options.toml";
    std::ofstream(path) << text;
    return path;
  }

  std::string root_ = "default";
  int64_t workers_ = 4;
  Duration grace_ = std::chrono::seconds(10);
  bool read_only_ = false;
  std::vector<std::string> listen_ = {"default:1"};
  std::string help_;
  std::map<std::string, std::string> environment_;
  Options options_{"files", "Serves files."};
};

TEST_F(OptionsTest, NothingGivenLeavesTheDefaults) {
  EXPECT_EQ(Parse({}), "");
  EXPECT_EQ(root_, "default");
  EXPECT_EQ(workers_, 4);
  EXPECT_THAT(listen_, ElementsAre("default:1"));
}

TEST_F(OptionsTest, BothSpellingsOfAFlagAreTaken) {
  EXPECT_EQ(Parse({"--root=/a", "--workers", "7", "--grace=2.5", "--read-only"}), "");
  EXPECT_EQ(root_, "/a");
  EXPECT_EQ(workers_, 7);
  EXPECT_EQ(grace_, std::chrono::milliseconds(2500));
  EXPECT_TRUE(read_only_);
}

TEST_F(OptionsTest, TheCommandLineComesBeforeTheEnvironmentAndThatBeforeTheFile) {
  const std::string config = "--config=" + WriteFile("root = \"file\"\nworkers = 11\ngrace = 3\n");
  environment_ = {{"ROTA_ROOT", "environment"}, {"ROTA_WORKERS", "12"}};
  EXPECT_EQ(Parse({config.c_str(), "--root=flag"}), "");
  EXPECT_EQ(root_, "flag");
  EXPECT_EQ(workers_, 12);
  EXPECT_EQ(grace_, std::chrono::seconds(3));
}

TEST_F(OptionsTest, TheFileMayBeNamedByTheEnvironment) {
  environment_ = {{"ROTA_CONFIG", WriteFile("# comment\nlisten = [\"a:1\", \"b:2\"]\nread-only = true\n")}};
  EXPECT_EQ(Parse({}), "");
  EXPECT_THAT(listen_, ElementsAre("a:1", "b:2"));
  EXPECT_TRUE(read_only_);
}

TEST_F(OptionsTest, ARepeatableOptionCollectsAndReplacesItsDefault) {
  EXPECT_EQ(Parse({"--listen=a:1", "--listen", "[::1]:2"}), "");
  EXPECT_THAT(listen_, ElementsAre("a:1", "[::1]:2"));
  environment_ = {{"ROTA_LISTEN", "c:3,d:4"}};
  EXPECT_EQ(Parse({}), "");
  EXPECT_THAT(listen_, ElementsAre("c:3", "d:4"));
}

TEST_F(OptionsTest, AnEmptyValueIsAValue) {
  EXPECT_EQ(Parse({"--root=", "--workers=2"}), "");
  EXPECT_EQ(root_, "");
  EXPECT_EQ(workers_, 2);
  environment_ = {{"ROTA_ROOT", ""}};
  root_ = "default";
  EXPECT_EQ(Parse({}), "");
  EXPECT_EQ(root_, "");
}

TEST_F(OptionsTest, AValueInBracketsIsNoList) {
  EXPECT_EQ(Parse({"--root=[a,b]"}), "");
  EXPECT_EQ(root_, "[a,b]");
}

TEST_F(OptionsTest, AWrongValueIsNamedWithItsSource) {
  EXPECT_EQ(Parse({"--workers=many"}), "--workers: 'many' is not a whole number from 1 to 64");
  EXPECT_EQ(Parse({"--workers=65"}), "--workers: '65' is not a whole number from 1 to 64");
  EXPECT_EQ(Parse({"--grace=-1"}), "--grace: '-1' is not a number of seconds from 0 to 60");
  EXPECT_EQ(Parse({"--grace=nan"}), "--grace: 'nan' is not a number of seconds from 0 to 60");
  EXPECT_EQ(Parse({"--root=a", "--root=b"}), "--root: takes one value, but got 2");
  environment_ = {{"ROTA_WORKERS", "0"}};
  EXPECT_EQ(Parse({}), "ROTA_WORKERS: '0' is not a whole number from 1 to 64");
  const std::string path = WriteFile("grace = soon\n");
  environment_ = {{"ROTA_CONFIG", path}};
  EXPECT_EQ(Parse({}), path + ": grace: 'soon' is not a number of seconds from 0 to 60");
}

TEST_F(OptionsTest, WhatIsUnknownIsNamed) {
  EXPECT_THAT(Parse({"--rot=/a"}), HasSubstr("there is no option '--rot"));
  EXPECT_THAT(Parse({"run"}), HasSubstr("there is nothing to do with the argument 'run'"));
  EXPECT_THAT(Parse({"--workers"}), HasSubstr("--workers"));
  const std::string path = WriteFile("roots = 1\n");
  const std::string config = "--config=" + path;
  EXPECT_EQ(Parse({config.c_str()}), path + ": there is no setting 'roots'");
}

TEST_F(OptionsTest, AFileThatCannotBeReadIsNamed) {
  EXPECT_THAT(Parse({"--config=/nowhere/x.toml"}), HasSubstr("/nowhere/x.toml"));
  EXPECT_THAT(Parse({"--config=/"}), HasSubstr("'/'"));
}

TEST_F(OptionsTest, ARequiredOptionMustComeFromSomewhere) {
  std::string user;
  options_.Add("user", &user, "who may write", true);
  EXPECT_EQ(Parse({}), "--user is required: who may write");
  environment_ = {{"ROTA_USER", "me"}};
  EXPECT_EQ(Parse({}), "");
  EXPECT_EQ(user, "me");
}

TEST_F(OptionsTest, HelpNamesEveryOptionAndItsDefaultAndSetsNothing) {
  EXPECT_EQ(Parse({"--help", "--workers=9"}), "");
  for (const char* text : {"Serves files.", "--root TEXT", "folder that is served", "--listen HOST:PORT", "[4]", "--config FILE", "ROTA_"}) {
    EXPECT_THAT(help_, HasSubstr(text));
  }
  EXPECT_EQ(workers_, 4);
}

TEST_F(OptionsTest, TheSameNameTwiceBreaksAnInvariant) {
  EXPECT_DEATH(options_.Add("root", &root_, "again"), "two options --root");
  EXPECT_DEATH(options_.Add("Root", &root_, "again"), "lower-case");
}

}  // namespace
}  // namespace rota
