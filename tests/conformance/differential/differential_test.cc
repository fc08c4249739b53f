// The same bytes for both transports: what comes back must mean the same.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/differential/answers.h"
#include "tests/conformance/differential/exchange.h"
#include "tests/conformance/differential/rules.h"
#include "tests/faults/frames.h"
#include "tests/faults/raw_connection.h"
#include "tests/framework/runtime/service_process.h"

namespace rota::differential {
namespace {

using faults::Answer;

// Of all exchanges, in percent; the rest differs in ways that rules.cc explains.
constexpr size_t kLeastAlike = 65;

// ROTA_SEEDS=FIRST-LAST; a failure names its seed.
std::pair<uint64_t, uint64_t> Seeds() {
  const char* const given = std::getenv("ROTA_SEEDS");
  const std::string text = given == nullptr || *given == '\0' ? "1-400" : given;
  return {std::stoull(text), std::stoull(text.substr(text.find('-') + 1))};
}

class DifferentialTest : public testing::Test {
 protected:
  static std::vector<std::string> Flags(const std::string& transport) {
    return {"--transport=" + transport, "--listen=127.0.0.1:0", "--admin=off", "--max-message-bytes=65536"};
  }

  // The exchanges of these seeds, all on one connection.
  void Compare(uint64_t first, size_t count) {
    std::vector<Exchange> exchanges;
    for (uint64_t seed = first; seed < first + count; ++seed) exchanges.push_back(Generate(seed));
    const std::vector<Answered> native = Ask(native_address_, exchanges);
    std::vector<Answered> grpcpp;
    if (std::any_of(exchanges.begin(), exchanges.end(), EndsConnection)) {
      for (const Exchange& exchange : exchanges) grpcpp.push_back(servers_.grpcpp(exchange));
    } else {
      grpcpp = Ask(grpcpp_address_, exchanges);
    }
    for (size_t i = 0; i < count; ++i) {
      for (const Trait& trait : exchanges[i].traits) ++traits_[trait.name.substr(0, trait.name.find('\''))];
      Judge(first + i, exchanges[i], native[i], grpcpp[i]);
    }
  }

  void Judge(uint64_t seed, const Exchange& exchange, const Answered& native, const Answered& grpcpp) {
    EXPECT_TRUE(native.end.ends_with("; connection lives")) << "seed " << seed << "\n" << exchange.Text() << "\n  native: " << native.Text();
    if (Alike(native, grpcpp)) {
      ++alike_;
    } else if (const std::string why = KnownDifference(exchange, native, grpcpp, servers_); !why.empty()) {
      ++explained_[why];
    } else {
      ++different_;
      ADD_FAILURE() << "seed " << seed << "\n" << exchange.Text() << "\n  native: " << native.Text() << "\n  grpcpp: " << grpcpp.Text();
    }
  }

  ServiceProcess native_process_{"tests/conformance/interop/interop_server", Flags("native")};
  ServiceProcess grpcpp_process_{"tests/conformance/interop/interop_server", Flags("grpcpp")};
  const std::string native_address_ = native_process_.Address("grpc"), grpcpp_address_ = grpcpp_process_.Address("grpc");
  const Servers servers_{.native = [this](const Exchange& exchange) { return Ask(native_address_, {exchange}).front(); },
                         .grpcpp = [this](const Exchange& exchange) { return Ask(grpcpp_address_, {exchange}).front(); }};
  size_t alike_ = 0, different_ = 0;
  std::map<std::string, size_t> explained_, traits_;
};

TEST_F(DifferentialTest, BothTransportsAnswerTheSameBytesAlike) {
  const auto [first, last] = Seeds();
  for (uint64_t seed = first; seed <= last;) {
    // Every fifth connection has more than one of them.
    const size_t count = std::min<uint64_t>(seed % 5 == 0 ? 2 + seed % 3 : 1, last - seed + 1);
    Compare(seed, count);
    seed += count;
  }
  const size_t all = last - first + 1;
  std::printf("differential: seeds %llu to %llu: %zu alike, %zu different\n", static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(last), alike_, different_);
  for (const auto& [why, count] : explained_) std::printf("    %zu explained: %s\n", count, why.c_str());
  // What follows says something of the generator, as soon as there are enough of them.
  if (all < 400) return;
  EXPECT_GE(alike_ * 100, all * kLeastAlike);
  for (const char* trait : {"method is not POST", "reset by the client", "deadline expires", "path of nowhere", "te missing", "content-type ",
                            "content-type missing", "grpc-timeout malformed", "grpc-encoding unknown", "-bin list", "-bin with stray bits",
                            "-bin not base64", "-bin padded amiss", "value not ASCII", "no request", "more than one request", "malformed protobuf",
                            "message too large", "malformed gzip", "flag without encoding", "flag unknown", "message cut off"}) {
    EXPECT_GT(traits_[trait], 0u) << trait;
  }
}

// ---- The comparison itself.

Answer SomeAnswer() {
  Answer answer;
  answer.headers = {{":status", "200"}, {"content-type", "application/grpc"}, {"x-a", "1"}, {"x-b", "2"}, {"x-b", "3"}};
  answer.data = faults::Message("text");
  answer.trailers = {{"grpc-status", "5"}, {"grpc-message", "text"}, {"x-bin", "YQ=="}};
  answer.ended = true;
  return answer;
}
bool IsLikeSomeAnswer(const Answer& answer) {
  return Alike(Describe(SomeAnswer(), "connection lives"), Describe(answer, "connection lives"));
}

TEST(AlikeTest, WhatMeansTheSameIsAlike) {
  Answer other = SomeAnswer();
  std::swap(other.headers[1], other.headers[3]);
  other.headers.emplace_back("grpc-accept-encoding", "identity, deflate, gzip");
  other.headers.emplace_back("grpc-encoding", "identity");
  other.trailers[2].second = "YQ";
  other.reset = 0;
  EXPECT_TRUE(IsLikeSomeAnswer(other));
}

TEST(AlikeTest, EverythingElseIsADifference) {
  const auto with = [](auto change) {
    Answer answer = SomeAnswer();
    change(answer);
    return IsLikeSomeAnswer(answer);
  };
  EXPECT_FALSE(with([](Answer& answer) { answer.headers.emplace_back("x-c", ""); }));
  EXPECT_FALSE(with([](Answer& answer) { answer.headers.pop_back(); }));
  EXPECT_FALSE(with([](Answer& answer) { std::swap(answer.headers[3], answer.headers[4]); })) << "the order of repeated ones";
  EXPECT_FALSE(with([](Answer& answer) { answer.headers[1].second += "+proto"; }));
  EXPECT_FALSE(with([](Answer& answer) { answer.headers.emplace_back("grpc-encoding", "gzip"); }));
  EXPECT_FALSE(with([](Answer& answer) { answer.headers[0].second = "415"; }));
  EXPECT_FALSE(with([](Answer& answer) { answer.trailers[0].second = "2"; }));
  EXPECT_FALSE(with([](Answer& answer) { answer.trailers[1].second = "another"; }));
  EXPECT_FALSE(with([](Answer& answer) { answer.trailers.emplace_back("grpc-status-details-bin", "YQ"); }));
  EXPECT_FALSE(with([](Answer& answer) { answer.trailers[2].second = "Yg"; }));
  EXPECT_FALSE(with([](Answer& answer) { answer.data += faults::Message(""); }));
  EXPECT_FALSE(with([](Answer& answer) { answer.data.pop_back(); }));
  EXPECT_FALSE(with([](Answer& answer) { answer.ended_by_data = true; }));
  EXPECT_FALSE(with([](Answer& answer) { answer.ended = false; }));
  EXPECT_FALSE(with([](Answer& answer) { answer.reset = 8; }));
  EXPECT_FALSE(Alike(Describe(SomeAnswer(), "connection lives"), Describe(SomeAnswer(), "connection is over")));
}

}  // namespace
}  // namespace rota::differential
