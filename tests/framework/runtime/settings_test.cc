#include "framework/runtime/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "framework/base/log.h"
#include "framework/runtime/options.h"

namespace rota {
namespace {

using ::testing::ElementsAre;

class SettingsTest : public ::testing::Test {
 protected:
  std::string Parse(const char* argument) {
    Options options("files", "");
    AddSettings(options, &settings_);
    const char* const argv[] = {"files", argument};
    const auto parsed = options.Parse(2, argv, [](const char*) { return nullptr; });
    return parsed.ok() ? "" : std::string(parsed.status().message());
  }
  Settings settings_;
};

TEST_F(SettingsTest, TheDefaultsServeOnLoopbackOnly) {
  EXPECT_THAT(settings_.listen, ElementsAre("127.0.0.1:50051"));
  EXPECT_EQ(settings_.admin, "127.0.0.1:9090");
}

TEST_F(SettingsTest, TheAdminServerCanBeTurnedOff) {
  EXPECT_EQ(Parse("--admin="), "");
  EXPECT_EQ(settings_.admin, "");
  settings_.admin = "127.0.0.1:1";
  EXPECT_EQ(Parse("--admin=off"), "");
  EXPECT_EQ(settings_.admin, "");
}

TEST_F(SettingsTest, AnAddressNeedsAHostAndAPort) {
  for (const char* address : {"--listen=here", "--listen=:80", "--listen=a:", "--listen=a:65536", "--listen=a:x", "--listen="}) {
    EXPECT_EQ(Parse(address), "--listen: '" + std::string(address).substr(9) + "' is not HOST:PORT with a port from 0 to 65535");
  }
  EXPECT_EQ(Parse("--admin=x"), "--admin: 'x' is not HOST:PORT with a port from 0 to 65535");
  EXPECT_EQ(Parse("--listen=[::1]:0"), "");
  EXPECT_EQ(Parse("--listen=unix:/run/files.socket"), "");
}

TEST_F(SettingsTest, AnUnknownTransportIsToldWhichThereAre) {
  EXPECT_EQ(Parse("--transport=pigeon"), "--transport: there is no transport 'pigeon'; there is native, grpcpp");
  EXPECT_EQ(Parse("--transport=grpcpp"), "");
  EXPECT_EQ(Parse("--transport=native"), "");
}

TEST_F(SettingsTest, LevelsAndBoundsAreChecked) {
  EXPECT_EQ(Parse("--log-level=loud"), "--log-level: 'loud' is none of debug, info, warn, error, off");
  EXPECT_EQ(Parse("--log-level=warn"), "");
  EXPECT_EQ(settings_.log_level, LogLevel::kWarn);
  EXPECT_EQ(Parse("--max-message-bytes=0"), "--max-message-bytes: '0' is not a whole number from 1 to 2147483648");
}

}  // namespace
}  // namespace rota
