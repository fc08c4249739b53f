#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "tests/framework/runtime/probe.grpc.pb.h"
#include "tests/framework/runtime/service_process.h"

// The program is started as a user starts it, and called by a client that is not ours.
namespace rota {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kBinary[] = "tests/framework/runtime/probe_service";

class Client {
 public:
  explicit Client(const std::string& target, const grpc::ChannelArguments& arguments = {})
      : stub_(test::v1::Probe::NewStub(grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments))) {}

  // "hello", or the code and the message of the error.
  std::string Greet(uint32_t wait_ms = 0) { return Call(&test::v1::Probe::Stub::Greet, wait_ms); }
  std::string Work(uint32_t wait_ms) { return Call(&test::v1::Probe::Stub::Work, wait_ms); }
  std::string Break() { return Call(&test::v1::Probe::Stub::Break, 0); }

 private:
  using Method = grpc::Status (test::v1::Probe::Stub::*)(grpc::ClientContext*, const test::v1::GreetRequest&, test::v1::GreetResponse*);
  std::string Call(Method method, uint32_t wait_ms) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + ServiceProcess::kLimit);
    test::v1::GreetRequest request;
    request.set_wait_ms(wait_ms);
    test::v1::GreetResponse response;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    return status.ok() ? response.greeting() : std::to_string(status.error_code()) + " " + status.error_message();
  }

  const std::unique_ptr<test::v1::Probe::Stub> stub_;
};

class AppTest : public ::testing::Test {
 protected:
  static std::unique_ptr<ServiceProcess> Start(std::vector<std::string> arguments = {}, std::vector<std::string> environment = {}) {
    arguments.insert(arguments.begin(), {"--listen=127.0.0.1:0", "--admin=127.0.0.1:0"});
    return std::make_unique<ServiceProcess>(kBinary, std::move(arguments), std::move(environment));
  }
  // Runs it to its end, which should come by itself.
  static int ExitCode(const std::vector<std::string>& arguments, std::string* log) {
    ServiceProcess probe(kBinary, arguments);
    const int code = probe.Wait();
    *log = probe.log() + probe.output();
    return code;
  }
  // Asks /metrics until `sample` is `value`.
  static bool WaitForMetric(const std::string& admin, const std::string& sample, const std::string& value) {
    const auto limit = std::chrono::steady_clock::now() + ServiceProcess::kLimit;
    while (std::chrono::steady_clock::now() < limit) {
      if (HttpGet(admin, "/metrics").find("\n" + sample + " " + value + "\n") != std::string::npos) return true;
    }
    return false;
  }
  static constexpr char kGreetsInFlight[] = "rota_rpc_server_calls_in_flight{service=\"rota.test.v1.Probe\",method=\"Greet\"}";
};

TEST_F(AppTest, ItSaysWhereItListensAnswersAndStopsBySigterm) {
  const auto probe = Start();
  Client client(probe->Address("grpc"));
  EXPECT_EQ(client.Greet(), "hello");
  EXPECT_EQ(client.Work(0), "hello");
  EXPECT_THAT(HttpGet(probe->Address("admin"), "/readyz"), StartsWith("HTTP/1.1 200 "));
  probe->Signal(SIGTERM);
  EXPECT_EQ(probe->Wait(), 0) << probe->log();
  EXPECT_THAT(probe->log(), ContainsRegex("event=listening service=probe endpoint=grpc address=127.0.0.1:[0-9]+\n"));
  EXPECT_THAT(probe->log(), ContainsRegex("event=drain_started service=probe(.|\n)*event=probe_stopped(.|\n)*event=stopped service=probe code=0\n"));
}

TEST_F(AppTest, LinesOfARequestCarryItsIdOnTheLoopAndOnWorkers) {
  const auto probe = Start();
  Client client(probe->Address("grpc"));
  EXPECT_EQ(client.Greet(), "hello");
  EXPECT_EQ(client.Work(0), "hello");
  EXPECT_THAT(probe->WaitForLine("event=greeting"), ContainsRegex("request_id=[^ ]+ trace_id=[0-9a-f]+$"));
  EXPECT_THAT(probe->WaitForLine("event=working"), ContainsRegex("request_id=[^ ]+ trace_id=[0-9a-f]+$"));
  EXPECT_THAT(probe->WaitForLine("event=listening"), Not(HasSubstr("request_id")));
}

TEST_F(AppTest, HealthAndReflectionAreServed) {
  const auto probe = Start();
  const auto channel = grpc::CreateChannel(probe->Address("grpc"), grpc::InsecureChannelCredentials());
  const auto health = grpc::health::v1::Health::NewStub(channel);
  for (const char* service : {"", "rota.test.v1.Probe"}) {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    grpc::health::v1::HealthCheckResponse response;
    EXPECT_TRUE(health->Check(&context, request, &response).ok());
    EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING) << service;
  }
  grpc::ClientContext context;
  auto stream = grpc::reflection::v1alpha::ServerReflection::NewStub(channel)->ServerReflectionInfo(&context);
  grpc::reflection::v1alpha::ServerReflectionRequest request;
  request.set_list_services("*");
  stream->Write(request);
  grpc::reflection::v1alpha::ServerReflectionResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_THAT(response.DebugString(), HasSubstr("rota.test.v1.Probe"));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(AppTest, HealthSaysNoWhileRunningCallsFinish) {
  const auto probe = Start();
  const auto channel = grpc::CreateChannel(probe->Address("grpc"), grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  auto watch = grpc::health::v1::Health::NewStub(channel)->Watch(&context, {});
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  Client client(probe->Address("grpc"));
  auto call = std::async(std::launch::async, [&] { return client.Greet(1000); });
  ASSERT_TRUE(WaitForMetric(probe->Address("admin"), kGreetsInFlight, "1"));
  probe->Signal(SIGTERM);
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(call.get(), "hello");
  EXPECT_EQ(probe->Wait(), 0) << probe->log();
}

TEST_F(AppTest, SigintStopsItToo) {
  const auto probe = Start();
  probe->Address("grpc");
  probe->Signal(SIGINT);
  EXPECT_EQ(probe->Wait(), 0);
}

TEST_F(AppTest, ItListensOnEveryAddressAndWithoutAnAdminServer) {
  ServiceProcess probe(kBinary, {"--listen=127.0.0.1:0", "--listen=localhost:0", "--admin=off"});
  EXPECT_EQ(Client(probe.Address("grpc")).Greet(), "hello");
  probe.Signal(SIGTERM);
  EXPECT_EQ(probe.Wait(), 0);
  const std::string log = probe.log();
  size_t count = 0;
  for (size_t at = 0; (at = log.find("endpoint=grpc", at)) != std::string::npos; ++at) ++count;
  EXPECT_EQ(count, 2u) << log;
  EXPECT_THAT(log, Not(HasSubstr("endpoint=admin")));
}

TEST_F(AppTest, OptionsOfTheServiceComeFromFlagsEnvironmentAndFile) {
  const std::string config = testing::TempDir() + "/probe.toml";
  std::ofstream(config) << "greeting = \"from the file\"\n";
  const auto file = Start({"--config=" + config});
  EXPECT_EQ(Client(file->Address("grpc")).Greet(), "from the file");
  const auto environment = Start({"--config=" + config}, {"ROTA_GREETING=from the environment"});
  EXPECT_EQ(Client(environment->Address("grpc")).Greet(), "from the environment");
  const auto flag = Start({"--config=" + config, "--greeting=from the flag"}, {"ROTA_GREETING=from the environment"});
  EXPECT_EQ(Client(flag->Address("grpc")).Greet(), "from the flag");
}

TEST_F(AppTest, AWrongOptionIsASentenceAndExitCode2) {
  std::string log;
  EXPECT_EQ(ExitCode({"--listen=here"}, &log), 2);
  EXPECT_EQ(log, "probe: --listen: 'here' is not HOST:PORT with a port from 0 to 65535\n");
  EXPECT_EQ(ExitCode({"--greting=hi"}, &log), 2);
  EXPECT_THAT(log, HasSubstr("--greting"));
  EXPECT_EQ(ExitCode({"--transport=pigeon"}, &log), 2);
  EXPECT_THAT(log, AllOf(HasSubstr("pigeon"), HasSubstr("grpcpp")));
}

TEST_F(AppTest, HelpNamesTheOptionsOfTheServiceToo) {
  std::string output;
  EXPECT_EQ(ExitCode({"--help"}, &output), 0);
  EXPECT_THAT(output, AllOf(HasSubstr("Greets, for tests."), HasSubstr("--greeting"), HasSubstr("--listen")));
}

TEST_F(AppTest, APortInUseIsNamedAndExitCode1) {
  const auto first = Start();
  const std::string grpc = first->Address("grpc"), admin = first->Address("admin");
  std::string log;
  EXPECT_EQ(ExitCode({"--listen=" + grpc, "--admin=off"}, &log), 1);
  EXPECT_THAT(log, ContainsRegex("level=error event=start_failed service=probe reason=.*" + grpc));
  EXPECT_EQ(ExitCode({"--listen=127.0.0.1:0", "--admin=" + admin}, &log), 1);
  EXPECT_THAT(log, AllOf(HasSubstr("event=start_failed"), HasSubstr(admin), Not(HasSubstr("event=listening"))));
}

TEST_F(AppTest, AStartThatIsRefusedOrThrowsIsToldAndExitCode1) {
  std::string log;
  EXPECT_EQ(ExitCode({"--greeting=none"}, &log), 1);
  EXPECT_THAT(log, AllOf(HasSubstr("event=start_failed"), HasSubstr("there is no greeting"), Not(HasSubstr("event=listening"))));
  EXPECT_EQ(ExitCode({"--greeting=throw"}, &log), 1);
  EXPECT_THAT(log, AllOf(HasSubstr("event=start_failed"), HasSubstr("the greeting threw")));
}

TEST_F(AppTest, AnExceptionThatReachesTheLoopIsLoggedAndExitCode1) {
  const auto probe = Start();
  Client(probe->Address("grpc")).Break();
  EXPECT_EQ(probe->Wait(), 1);
  EXPECT_THAT(probe->log(), AllOf(HasSubstr("event=uncaught_exception"), HasSubstr("probe broke"), HasSubstr("event=stopped service=probe code=1")));
}

TEST_F(AppTest, AnExceptionThatReachesTheLoopEndsTheCallsAndJobsThatRun) {
  const auto probe = Start();
  Client client(probe->Address("grpc"));
  std::vector<std::future<std::string>> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(std::async(std::launch::async, [&] { return client.Greet(3'600'000); }));
  for (int i = 0; i < 4; ++i) calls.push_back(std::async(std::launch::async, [&] { return client.Work(200); }));
  ASSERT_TRUE(WaitForMetric(probe->Address("admin"), kGreetsInFlight, "4"));
  EXPECT_NE(probe->WaitForLine("event=working"), "");
  client.Break();
  EXPECT_EQ(probe->Wait(), 1) << probe->log();
  for (auto& call : calls) call.get();
}

TEST_F(AppTest, AFullQueueOfTheWorkersRefusesTheCallAndNamesItsCapacity) {
  const auto probe = Start({"--workers=1", "--worker-queue=1"});
  Client client(probe->Address("grpc"));
  std::vector<std::future<std::string>> calls;
  for (int i = 0; i < 8; ++i) calls.push_back(std::async(std::launch::async, [&] { return client.Work(500); }));
  std::map<std::string, int> answers;
  for (auto& call : calls) ++answers[call.get()];
  // The first one for sure; a second one only where the worker has taken it off the queue by then.
  EXPECT_GE(answers["hello"], 1);
  EXPECT_GE(answers["8 worker queue is full (capacity 1)"], 1);
  EXPECT_EQ(answers.size(), 2u);
}

TEST_F(AppTest, CallsThatRunFinishWhileItDrains) {
  const auto probe = Start();
  Client client(probe->Address("grpc"));
  std::vector<std::future<std::string>> calls;
  for (int i = 0; i < 8; ++i) calls.push_back(std::async(std::launch::async, [&] { return client.Greet(1000); }));
  ASSERT_TRUE(WaitForMetric(probe->Address("admin"), kGreetsInFlight, "8"));
  probe->Signal(SIGTERM);
  EXPECT_NE(probe->WaitForLine("event=drain_started"), "");
  EXPECT_THAT(HttpGet(probe->Address("admin"), "/readyz"), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("probe is draining")));
  EXPECT_THAT(HttpGet(probe->Address("admin"), "/healthz"), StartsWith("HTTP/1.1 200 "));
  for (auto& call : calls) EXPECT_EQ(call.get(), "hello");
  EXPECT_EQ(probe->Wait(), 0) << probe->log();
}

TEST_F(AppTest, CallsThatOutlastTheGraceAreUnavailable) {
  // gRPC C++ closes the connection, and its client finds a sentence for that.
  for (const auto& [transport, answer] : {std::pair{"native", "14 the server is shutting down"}, std::pair{"grpcpp", "14 "}}) {
    const auto probe = Start({"--grace=0.1", std::string("--transport=") + transport});
    Client client(probe->Address("grpc"));
    auto call = std::async(std::launch::async, [&] { return client.Greet(3'600'000); });
    ASSERT_TRUE(WaitForMetric(probe->Address("admin"), kGreetsInFlight, "1"));
    probe->Signal(SIGTERM);
    EXPECT_THAT(call.get(), StartsWith(answer)) << transport;
    EXPECT_EQ(probe->Wait(), 0) << probe->log();
  }
}

TEST_F(AppTest, AJobThatRunsIsWaitedForEvenWhenItsCallIsCancelled) {
  const auto probe = Start({"--grace=0"});
  Client client(probe->Address("grpc"));
  auto call = std::async(std::launch::async, [&] { return client.Work(500); });
  EXPECT_NE(probe->WaitForLine("event=working"), "");
  probe->Signal(SIGTERM);
  EXPECT_EQ(probe->Wait(), 0) << probe->log();
  EXPECT_THAT(probe->log(), HasSubstr("event=probe_stopped"));
  call.get();
}

TEST_F(AppTest, AJobThatDoesNotEndIsNamedAndDoesNotKeepTheProcess) {
  const auto probe = Start({"--workers=1"});
  Client client(probe->Address("grpc"));
  auto call = std::async(std::launch::async, [&] { return client.Work(3'600'000); });
  EXPECT_NE(probe->WaitForLine("event=working"), "");
  // Ends the loop at once, so only the worker is left.
  client.Break();
  EXPECT_EQ(probe->Wait(), 1);
  EXPECT_THAT(probe->log(), AllOf(HasSubstr("event=job_stuck service=probe job="), HasSubstr("Probe::Work"),
                                  HasSubstr("event=stopped service=probe reason=jobs_did_not_end code=1")));
  call.get();
}

TEST_F(AppTest, ASecondSignalEndsItAtOnce) {
  const auto probe = Start({"--grace=3600"});
  Client client(probe->Address("grpc"));
  auto call = std::async(std::launch::async, [&] { return client.Greet(3'600'000); });
  ASSERT_TRUE(WaitForMetric(probe->Address("admin"), kGreetsInFlight, "1"));
  probe->Signal(SIGTERM);
  EXPECT_NE(probe->WaitForLine("event=drain_started"), "");
  probe->Signal(SIGTERM);
  EXPECT_EQ(probe->Wait(), 128 + SIGTERM);
  EXPECT_THAT(probe->log(), HasSubstr("event=stopped service=probe reason=second_signal code=143"));
  call.get();
}

TEST_F(AppTest, NoCallFailsWhenOneOfTwoServersStopsUnderLoad) {
  const auto stays = Start();
  const auto goes = Start();
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(R"({"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": "rota.test.v1.Probe"}})");
  Client client("ipv4:" + stays->Address("grpc") + "," + goes->Address("grpc"), arguments);
  std::atomic<bool> stop{false};
  std::atomic<int> calls{0};
  std::vector<std::future<std::string>> callers;
  for (int i = 0; i < 8; ++i) {
    callers.push_back(std::async(std::launch::async, [&] {
      while (!stop) {
        const std::string answer = client.Greet(1);
        if (answer != "hello") return answer;
        ++calls;
      }
      return std::string();
    }));
  }
  EXPECT_NE(goes->WaitForLine("event=greeting"), "");
  EXPECT_NE(stays->WaitForLine("event=greeting"), "");
  goes->Signal(SIGTERM);
  EXPECT_EQ(goes->Wait(), 0) << goes->log();
  const int calls_then = calls;
  const auto limit = std::chrono::steady_clock::now() + ServiceProcess::kLimit;
  while (calls < calls_then + 100 && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  stop = true;
  for (auto& caller : callers) EXPECT_EQ(caller.get(), "");
  EXPECT_GE(calls, calls_then + 100);
}

}  // namespace
}  // namespace rota
