#ifndef TESTS_INTEGRATION_SERVICE_UNDER_TEST_H_
#define TESTS_INTEGRATION_SERVICE_UNDER_TEST_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/framework/runtime/service_process.h"

namespace rota {

// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = testing::TempDir() + "/rota-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// What --transport= takes. Not from framework/runtime/settings.h: that would link spdlog, which then lends libgrpc the code
// of its shared pointers, so that ThreadSanitizer takes what libgrpc does for ours.
inline const std::vector<std::string>& Transports() {
  static const auto& names = *new std::vector<std::string>{"native", "grpcpp"};
  return names;
}

// What every call of a test waits at most.
inline std::chrono::system_clock::time_point CallLimit() { return std::chrono::system_clock::now() + ServiceProcess::kLimit; }

// A call that ends with the test's limit.
class LimitedContext : public grpc::ClientContext {
 public:
  LimitedContext() { set_deadline(CallLimit()); }
};

inline std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Each test has connections of its own.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace rota

#endif  // TESTS_INTEGRATION_SERVICE_UNDER_TEST_H_
