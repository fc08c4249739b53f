// Every target of @system compiles, links and answers.

#include <benchmark/benchmark.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <google/protobuf/compiler/plugin.pb.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <uv.h>
#include <zlib.h>

#include <CLI/CLI.hpp>
#include <boost/asio.hpp>
#include <boost/beast/http.hpp>
#include <boost/context/fiber.hpp>
#include <boost/fiber/all.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "grpc/testing/benchmark_service.grpc.pb.h"

namespace {

TEST(SystemTest, AsioRunsAPostedCallback) {
  boost::asio::io_context io;
  int ran = 0;
  boost::asio::post(io, [&ran] { ++ran; });
  io.run();
  EXPECT_EQ(ran, 1);
}

TEST(SystemTest, BeastParsesARequest) {
  namespace http = boost::beast::http;
  http::request_parser<http::empty_body> parser;
  boost::system::error_code error;
  parser.put(boost::asio::buffer(std::string("GET /metrics HTTP/1.1\r\n\r\n")), error);
  EXPECT_FALSE(error) << error.message();
  EXPECT_EQ(parser.get().target(), "/metrics");
}

TEST(SystemTest, FibersHandOverAValue) {
  // Shared: the promise must outlive its set_value.
  auto promise = std::make_shared<boost::fibers::promise<int>>();
  boost::fibers::future<int> future = promise->get_future();
  boost::fibers::fiber([promise] { promise->set_value(7); }).join();
  EXPECT_EQ(future.get(), 7);
}

TEST(SystemTest, ContextSwitchesThereAndBack) {
  int value = 0;
  boost::context::fiber fiber([&value](boost::context::fiber&& caller) {
    value = 3;
    return std::move(caller);
  });
  std::move(fiber).resume();
  EXPECT_EQ(value, 3);
}

TEST(SystemTest, HealthServiceAnswersOverGrpc) {
  struct Health final : grpc::health::v1::Health::Service {
    grpc::Status Check(grpc::ServerContext*, const grpc::health::v1::HealthCheckRequest*,
                       grpc::health::v1::HealthCheckResponse* response) override {
      response->set_status(grpc::health::v1::HealthCheckResponse::SERVING);
      return grpc::Status::OK;
    }
  };
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  Health service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);

  const auto stub = grpc::health::v1::Health::NewStub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckResponse response;
  const grpc::Status status = stub->Check(&context, {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  server->Shutdown();
}

TEST(SystemTest, ReflectionAndTestingProtosAreLinked) {
  EXPECT_STREQ(grpc::reflection::v1::ServerReflection::service_full_name(), "grpc.reflection.v1.ServerReflection");
  EXPECT_STREQ(grpc::reflection::v1alpha::ServerReflection::service_full_name(),
               "grpc.reflection.v1alpha.ServerReflection");
  EXPECT_STREQ(grpc::testing::BenchmarkService::service_full_name(), "grpc.testing.BenchmarkService");
}

TEST(SystemTest, ProtobufKnowsTheProtocPlugin) {
  google::protobuf::compiler::CodeGeneratorRequest request;
  request.add_file_to_generate("files.proto");
  std::string json;
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(request, &json).ok());
  EXPECT_THAT(json, testing::HasSubstr("files.proto"));
}

TEST(SystemTest, PrometheusWritesAFamily) {
  prometheus::Registry registry;
  prometheus::BuildCounter().Name("calls_total").Register(registry).Add({}).Increment();
  EXPECT_THAT(prometheus::TextSerializer().Serialize(registry.Collect()), testing::HasSubstr("calls_total 1"));
}

TEST(SystemTest, SpdlogWritesALine) {
  std::ostringstream out;
  spdlog::logger logger("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  logger.info("event={}", "started");
  EXPECT_THAT(out.str(), testing::HasSubstr("event=started"));
  EXPECT_EQ(fmt::format("{:03}", 7), "007");
}

TEST(SystemTest, Cli11ReadsAFlag) {
  CLI::App app;
  int workers = 0;
  app.add_option("--workers", workers);
  app.parse("--workers=3");
  EXPECT_EQ(workers, 3);
}

TEST(SystemTest, JsonRoundTrips) { EXPECT_EQ(nlohmann::json::parse(R"({"a":1})").dump(), R"({"a":1})"); }

TEST(SystemTest, Nghttp2HasTheSecurityFixesOfDebian) { EXPECT_GE(nghttp2_version(0)->version_num, 0x013400); }

TEST(SystemTest, TheCLibrariesAreLinked) {
  EXPECT_STREQ(zlibVersion(), ZLIB_VERSION);
  EXPECT_GT(OPENSSL_VERSION_NUMBER, 0x30000000L);
  EXPECT_NE(TLS_method(), nullptr);
  EXPECT_EQ(uv_version(), static_cast<unsigned>(UV_VERSION_HEX));
  int sink = 1;
  benchmark::DoNotOptimize(sink);
  EXPECT_GT(benchmark::CPUInfo::Get().num_cpus, 0);
}

}  // namespace
