#ifndef ROTA_TESTS_CONFORMANCE_INTEROP_CLIENT_H_
#define ROTA_TESTS_CONFORMANCE_INTEROP_CLIENT_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "grpc/testing/test.grpc.pb.h"

namespace interop {

// Where the server is, and how to reach it: files in PEM; without `ca` in plain text.
struct Target {
  std::string address;
  std::string ca = {};
  std::string certificate = {};
  std::string key = {};
};

// What a case throws: what was expected and what came.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws when `good` is false.
void Expect(bool good, const std::string& what);
void ExpectStatus(const grpc::Status& status, grpc::StatusCode code, const std::string& message_part = "");

// A connection of its own, with gRPC's C++ library.
class Client {
 public:
  using TestService = grpc::testing::TestService;

  explicit Client(const Target& target);
  TestService::Stub& stub() const { return *stub_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const Target& target() const { return target_; }

 private:
  const Target target_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<TestService::Stub> stub_;
};

// A call that ends after a minute.
class Context : public grpc::ClientContext {
 public:
  Context() { set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1)); }
};

// The sizes that the descriptions name.
inline constexpr int32_t kLargeRequest = 271828;
inline constexpr int32_t kLargeResponse = 314159;

grpc::testing::SimpleRequest LargeRequest();
grpc::testing::StreamingOutputCallRequest StreamRequest(int32_t response_bytes, size_t payload_bytes = 0);
std::string Zeros(size_t size);

// Whether the message that came last in the call of `context` was compressed.
bool CameCompressed(const grpc::ClientContext& context);

}  // namespace interop

#endif  // ROTA_TESTS_CONFORMANCE_INTEROP_CLIENT_H_
