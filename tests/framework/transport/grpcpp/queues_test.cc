#include "framework/transport/grpcpp/queues.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "framework/base/cores.h"

namespace rota::grpcpp {
namespace {

using Next = grpc::CompletionQueue::NextStatus;

class QueuesTest : public testing::Test {
 protected:
  // By default all of a process wait in one set of descriptors (epoll1), so that the client would read for the server.
  static void SetUpTestSuite() { setenv("GRPC_POLL_STRATEGY", "poll", 1); }
};

TEST_F(QueuesTest, OnASingleCoreThereIsOne) {
  std::thread([] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<size_t>(sched_getcpu()), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    grpc::ServerBuilder builder;
    const Queues queues = AddQueues(builder);
    EXPECT_NE(queues.completed, nullptr);
    EXPECT_EQ(queues.polled, nullptr);
    ShutDown(queues);
  }).join();
}

// A server without any thread of its own, and a client that makes one call.
TEST_F(QueuesTest, WhoWaitsForCompletionsReadsNothing) {
  if (UsableCores() < 2) GTEST_SKIP() << "on a single core there is one queue";
  grpc::ServerBuilder builder;
  grpc::AsyncGenericService service;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterAsyncGenericService(&service);
  const Queues queues = AddQueues(builder);
  const auto server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  grpc::GenericServerContext context;
  grpc::GenericServerAsyncReaderWriter stream(&context);
  int requested = 0, finished = 0;
  service.RequestCall(&context, &stream, queues.completed.get(), queues.completed.get(), &requested);
  std::thread client([address = "127.0.0.1:" + std::to_string(port)] {
    grpc::GenericStub stub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    grpc::ClientContext client_context;
    client_context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    grpc::CompletionQueue queue;
    const auto call = stub.PrepareCall(&client_context, "/a.B/C", &queue);
    void* tag = nullptr;
    bool ok = false;
    call->StartCall(nullptr);
    queue.Next(&tag, &ok);
    grpc::Status status;
    call->Finish(&status, nullptr);
    queue.Next(&tag, &ok);
    EXPECT_EQ(status.error_message(), "as told");
    queue.Shutdown();
    while (queue.Next(&tag, &ok)) {
    }
  });
  void* tag = nullptr;
  bool ok = false;
  EXPECT_EQ(queues.completed->AsyncNext(&tag, &ok, std::chrono::system_clock::now() + std::chrono::milliseconds(100)), Next::TIMEOUT);
  // Nothing completes where it is read.
  std::thread reader([&] {
    void* none = nullptr;
    bool never = false;
    EXPECT_FALSE(queues.polled->Next(&none, &never));
  });
  EXPECT_TRUE(queues.completed->Next(&tag, &ok) && ok && tag == &requested);
  stream.Finish(grpc::Status(grpc::StatusCode::NOT_FOUND, "as told"), &finished);
  EXPECT_TRUE(queues.completed->Next(&tag, &ok) && ok && tag == &finished);
  client.join();
  server->Shutdown();
  ShutDown(queues);
  reader.join();
  EXPECT_FALSE(queues.completed->Next(&tag, &ok));
}

}  // namespace
}  // namespace rota::grpcpp
