#include <chrono>
#include <string>

#include "tests/conformance/interop/cases.h"

namespace interop {
namespace {

using grpc::testing::Empty;
using grpc::testing::SimpleResponse;

constexpr int kSoakCalls = 100;
constexpr int kSoakChannels = 20;
constexpr auto kSoakLatency = std::chrono::seconds(5);

void EmptyUnary(const Client& client) {
  Context context;
  Empty response;
  ExpectStatus(client.stub().EmptyCall(&context, Empty(), &response), grpc::StatusCode::OK);
  Expect(response.ByteSizeLong() == 0, "the answer is not empty");
}

void LargeUnary(const Client& client) {
  Context context;
  SimpleResponse response;
  ExpectStatus(client.stub().UnaryCall(&context, LargeRequest(), &response), grpc::StatusCode::OK);
  Expect(response.payload().body() == Zeros(kLargeResponse), "the payload is not what was asked for");
}

void SoakOnce(const Client& client) {
  const auto start = std::chrono::steady_clock::now();
  LargeUnary(client);
  Expect(std::chrono::steady_clock::now() - start < kSoakLatency, "a call took longer than is acceptable");
}

void RpcSoak(const Client& client) {
  for (int i = 0; i < kSoakCalls; ++i) SoakOnce(client);
}

void ChannelSoak(const Client& client) {
  for (int i = 0; i < kSoakChannels; ++i) SoakOnce(Client(client.target()));
}

}  // namespace

std::vector<Case> UnaryCases() {
  return {{"empty_unary", EmptyUnary}, {"large_unary", LargeUnary}, {"rpc_soak", RpcSoak}, {"channel_soak", ChannelSoak}};
}

}  // namespace interop
