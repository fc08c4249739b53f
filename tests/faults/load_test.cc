// Much of what is honest: load while a server leaves, deadlines that all pass, workers that are all taken.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/testing/test.grpc.pb.h"
#include "tests/faults/fault_test.h"
#include "tests/faults/raw_connection.h"
#include "tests/framework/runtime/probe.grpc.pb.h"
#include "tests/integration/service_under_test.h"

namespace rota::faults {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kEmptyCall = "/grpc.testing.TestService/EmptyCall";
constexpr int kDeadlineExceeded = 4;
constexpr uint32_t kCancel = 8;  // of HTTP/2
// Calls that a raw client has under way on its connection.
constexpr size_t kAtOnce = 50;

// What calls came to, by status code.
class Outcomes {
 public:
  void Add(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    ++counts_[status.error_code()];
    if (!status.ok()) said_[status.error_code()] = status.error_message();
  }
  size_t operator[](grpc::StatusCode code) {
    const std::lock_guard lock(mutex_);
    return counts_[code];
  }
  size_t total() {
    const std::lock_guard lock(mutex_);
    size_t sum = 0;
    for (const auto& [code, count] : counts_) sum += count;
    return sum;
  }
  // "3 x 0, 2 x 14 'no route'".
  std::string Text() {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const auto& [code, count] : counts_) {
      if (count > 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + " x " + std::to_string(code) + (code == 0 ? "" : " '" + said_[code] + "'");
    }
    return text;
  }

 private:
  std::mutex mutex_;
  std::map<grpc::StatusCode, size_t> counts_;
  std::map<grpc::StatusCode, std::string> said_;
};

// Runs `body` on that many threads and joins them.
class Threads {
 public:
  Threads(size_t count, const std::function<void()>& body) {
    for (size_t i = 0; i < count; ++i) threads_.emplace_back(body);
  }
  ~Threads() {
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::vector<std::thread> threads_;
};

class LoadFaultTest : public FaultTest {};

TEST_P(LoadFaultTest, ClientsOfTwoServersSeeNoFailedCallWhenOneIsToldToStop) {
  constexpr size_t kCallers = 4;
  // The other one lives on, and is looked at as under any attack.
  Attack("SIGTERM under load", [&] {
    ServiceProcess leaves("tests/conformance/interop/interop_server", {"--transport=" + GetParam(), "--listen=127.0.0.1:0", "--admin=off"});
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetLoadBalancingPolicyName("round_robin");
    const std::string both = "ipv4:" + address() + "," + leaves.Address("grpc");
    const auto channel = grpc::CreateCustomChannel(both, grpc::InsecureChannelCredentials(), arguments);
    const auto stub = grpc::testing::TestService::NewStub(channel);
    Outcomes outcomes;
    std::atomic<bool> stop{false};
    {
      const Threads threads(kCallers, [&] {
        while (!stop) {
          LimitedContext context;
          grpc::testing::SimpleRequest request;
          request.set_response_size(100);
          grpc::testing::SimpleResponse response;
          outcomes.Add(stub->UnaryCall(&context, request, &response));
        }
      });
      const auto wait_for = [&](size_t calls) {
        const size_t until = outcomes.total() + calls;
        while (outcomes.total() < until) std::this_thread::yield();
      };
      wait_for(Rounds(500, 20000));
      leaves.Signal(SIGTERM);
      EXPECT_EQ(leaves.Wait(), 0) << leaves.log();
      wait_for(Rounds(500, 20000));
      stop = true;
    }
    const size_t cancelled = outcomes[grpc::StatusCode::CANCELLED];
    EXPECT_EQ(outcomes[grpc::StatusCode::OK] + cancelled, outcomes.total()) << outcomes.Text();
    // gRPC 1.51 cancels what comes in the moment of its own shutdown: none, one or two calls of four callers in 15 attempts.
    EXPECT_LE(cancelled, target() == Target::kNative ? 0 : kCallers);
    return std::to_string(outcomes.total()) + " calls, " + std::to_string(cancelled) + " cancelled";
  });
}

TEST_P(LoadFaultTest, ClientsSeeNoFailedCallWhenConnectionsGrowOldUnderLoad) {
  StartServer({std::string("--max-connection-age=") + (LongForm() ? "2" : "0.2"), "--max-connection-age-grace=10"});
  constexpr size_t kClients = 3;
  // So often is each of them told to go, at least.
  constexpr size_t kEnds = 2;
  Attack("max connection age under load", [&] {
    Outcomes outcomes;
    std::atomic<size_t> told_to_go{0};
    const auto end = Clock::now() + std::chrono::milliseconds(Rounds(1500, 10000));
    {
      const Threads threads(kClients, [&] {
        const auto channel = ChannelTo(address());
        const auto stub = grpc::testing::TestService::NewStub(channel);
        while (Clock::now() < end) {
          LimitedContext context;
          grpc::testing::SimpleRequest request;
          request.set_response_size(100);
          grpc::testing::SimpleResponse response;
          outcomes.Add(stub->UnaryCall(&context, request, &response));
          // A channel whose connection was told to go has none, until the next call.
          if (channel->GetState(false) != GRPC_CHANNEL_READY) ++told_to_go;
        }
      });
      // What shows that it is their age.
      RawConnection old(address());
      old.Start();
      EXPECT_TRUE(old.AwaitClose(RawConnection::Seconds(10)) && old.go_away() == 0u) << "the age does not count";
    }
    EXPECT_GE(told_to_go, kClients * kEnds) << "connections of the load that grew old";
    EXPECT_EQ(outcomes[grpc::StatusCode::OK], outcomes.total()) << outcomes.Text();
    const size_t failed = outcomes.total() - outcomes[grpc::StatusCode::OK];
    return std::to_string(outcomes.total()) + " calls, " + std::to_string(failed) + " failed, on " +
           std::to_string(told_to_go + kClients) + " connections";
  });
}

TEST_P(LoadFaultTest, CallsWhoseDeadlinePassesAllEndWithItAndLeaveNoHandler) {
  const size_t calls = Rounds(2000, 10000);
  grpc::testing::StreamingOutputCallRequest request;
  request.add_response_parameters()->set_interval_us(60'000'000);
  const std::string message = Message(request.SerializeAsString());
  Attack("calls with a deadline of 1 ms", [&] {
    // A raw client: it opens every stream that it counts, while gRPC's C++ client gives up some calls before they are sent.
    RawConnection connection(address());
    connection.Start();
    std::vector<uint32_t> streams;
    size_t exceeded = 0;
    for (size_t i = 0; i < calls; ++i) {
      streams.push_back(connection.NextStream());
      connection.Send(CallFrames(streams[i], "/grpc.testing.TestService/StreamingOutputCall", {{"grpc-timeout", "1m"}}) +
                      DataFrames(streams[i], message, true));
      if (i >= kAtOnce) exceeded += connection.Await(streams[i - kAtOnce]).status() == kDeadlineExceeded ? 1 : 0;
    }
    for (size_t i = calls - kAtOnce; i < calls; ++i) exceeded += connection.Await(streams[i]).status() == kDeadlineExceeded ? 1 : 0;
    if (target() != Target::kLibraryAlone) EXPECT_EQ(exceeded, calls);
    return std::to_string(calls) + " calls, " + std::to_string(exceeded) + " DEADLINE_EXCEEDED";
  });
}

// As h2load does, and any client that has more to ask than it may ask at once.
TEST_P(LoadFaultTest, AClientThatKeepsAsManyStreamsOpenAsItMayIsNeverRefused) {
  constexpr size_t kMost = 1000;
  const size_t calls = Rounds(4000, 100000);
  grpc::testing::StreamingOutputCallRequest request;
  request.add_response_parameters()->set_size(10);
  request.mutable_response_parameters(0)->set_interval_us(5000);
  const std::string message = Message(request.SerializeAsString());
  Attack("1,000 calls under way on one connection", [&] {
    RawConnection connection(address());
    connection.Start();
    std::deque<uint32_t> open;
    size_t ok = 0, other = 0;
    for (size_t begun = 0; ok + other < calls && !connection.closed();) {
      for (; begun < calls && open.size() < kMost; ++begun) {
        open.push_back(connection.NextStream());
        connection.Send(CallFrames(open.back(), "/grpc.testing.TestService/StreamingOutputCall") + DataFrames(open.back(), message, true));
      }
      // The oldest has ended, and those behind it that have, too.
      connection.Await(open.front());
      std::erase_if(open, [&](uint32_t stream) {
        const Answer& answer = connection.Await(stream, RawConnection::Seconds(0));
        if (!answer.ended && !answer.reset) return false;
        ++(answer.status() == 0 ? ok : other);
        return true;
      });
    }
    EXPECT_EQ(ok, calls);
    return std::to_string(ok) + " calls OK, " + std::to_string(other) + " refused or failed";
  });
}

// As clients of the gRPC C++ library do when a call ends before its stream was opened.
TEST_P(LoadFaultTest, AResetOfAStreamThatWasNeverOpenedEndsNoOtherCall) {
  Attack("resets of streams that were never opened", [&] {
    RawConnection connection(address());
    connection.Start();
    EXPECT_EQ(connection.Call(kEmptyCall).status(), 0);
    connection.Send(RstStreamFrame(connection.NextStream(), kCancel));
    EXPECT_EQ(connection.Call(kEmptyCall).status(), 0);
    const std::string in_pieces = RstStreamFrame(connection.NextStream(), kCancel);
    for (const char byte : in_pieces) connection.Send(std::string_view(&byte, 1));
    EXPECT_EQ(connection.Call(kEmptyCall).status(), 0);
    EXPECT_FALSE(connection.go_away().has_value());
    return std::string("3 calls around 2 resets");
  });
}

TEST_P(LoadFaultTest, WithAllWorkersTakenHealthStillAnswersAndMoreWorkIsRefused) {
  StartServer({"--workers=2", "--worker-queue=10"}, "tests/framework/runtime/probe_service");
  const auto work = [this](int milliseconds) {
    LimitedContext context;
    test::v1::GreetRequest request;
    request.set_wait_ms(milliseconds);
    test::v1::GreetResponse response;
    // A channel each: ThreadSanitizer does not see how libgrpc hands a status from the thread that read it to another.
    return test::v1::Probe::NewStub(ChannelTo(address()))->Work(&context, request, &response);
  };
  const auto health = grpc::health::v1::Health::NewStub(ChannelTo(address()));
  const auto check = [&health] {
    LimitedContext context;
    grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status = health->Check(&context, {}, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
    return status.ok();
  };
  // The code of both is in memory from here on.
  ASSERT_TRUE(work(0).ok() && check());
  const Held before = Settled();
  Outcomes outcomes;
  std::vector<double> health_ms;
  constexpr size_t kCallers = 40;
  {
    const Threads threads(kCallers, [&] { outcomes.Add(work(LongForm() ? 500 : 100)); });
    while (outcomes.total() < kCallers) {
      const auto start = Clock::now();
      ASSERT_TRUE(check());
      health_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    }
  }
  ExpectRecovered("workers saturated", before);
  std::sort(health_ms.begin(), health_ms.end());
  const double p99 = health_ms[health_ms.size() * 99 / 100];
  // Two run and ten wait; fewer where the queue was full before the workers took the first ones out.
  EXPECT_GE(outcomes[grpc::StatusCode::OK], 10u) << outcomes.Text();
  if (TimeCounts()) EXPECT_LE(outcomes[grpc::StatusCode::OK], 24u) << outcomes.Text();
  EXPECT_EQ(outcomes[grpc::StatusCode::OK] + outcomes[grpc::StatusCode::RESOURCE_EXHAUSTED], outcomes.total()) << outcomes.Text();
  if (TimeCounts()) EXPECT_LE(p99, 20);
  Figure("workers saturated", std::to_string(health_ms.size()) + " health checks, all SERVING, p99 " + std::to_string(p99) + " ms; jobs: " + outcomes.Text());
}

ROTA_FAULTS_ON_EVERY_TRANSPORT(LoadFaultTest);

}  // namespace
}  // namespace rota::faults
