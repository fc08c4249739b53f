// Every method of the files service, called over a socket by the C++ library of gRPC.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "protos/files/v1/files.grpc.pb.h"
#include "tests/integration/service_under_test.h"

namespace files::v1 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kService[] = "services/files/files";

class FilesTest : public ::testing::Test {
 protected:
  FilesTest() { Start(); }
  void Start() {
    process_.emplace(kService, std::vector<std::string>{"--root=" + root_.path().string(), "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"});
    address_ = process_->Address("grpc");
    stub_ = Files::NewStub(rota::ChannelTo(address_));
  }

  grpc::Status Put(const std::string& name, const std::string& content, FileInfo* info = nullptr, size_t chunk_bytes = 100'000) {
    rota::LimitedContext context;
    FileInfo unused;
    const auto writer = stub_->Put(&context, info == nullptr ? &unused : info);
    PutRequest request;
    request.set_name(name);
    size_t sent = 0;
    do {
      request.set_chunk(content.substr(sent, chunk_bytes));
      sent += request.chunk().size();
      if (!writer->Write(request)) break;
      request.clear_name();
    } while (sent < content.size());
    writer->WritesDone();
    return writer->Finish();
  }
  grpc::Status Get(const std::string& name, std::string* content, int* chunks = nullptr) {
    rota::LimitedContext context;
    GetRequest request;
    request.set_name(name);
    const auto reader = stub_->Get(&context, request);
    for (GetResponse response; reader->Read(&response);) {
      *content += response.chunk();
      if (chunks != nullptr) ++*chunks;
    }
    return reader->Finish();
  }
  grpc::Status Stat(const std::string& name, FileInfo* info, bool checksum = false) {
    rota::LimitedContext context;
    StatRequest request;
    request.set_name(name);
    request.set_checksum(checksum);
    return stub_->Stat(&context, request, info);
  }
  grpc::Status Remove(const std::string& name) {
    rota::LimitedContext context;
    RemoveRequest request;
    request.set_name(name);
    RemoveResponse response;
    return stub_->Remove(&context, request, &response);
  }
  size_t Uploads() { return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(root_.path() / ".rota-tmp"), {})); }

  rota::TemporaryFolder root_;
  std::optional<rota::ServiceProcess> process_;
  std::string address_;
  std::unique_ptr<Files::Stub> stub_;
};

std::string LargeContent() {
  std::string content;
  for (uint32_t i = 0; content.size() < 5'000'000; ++i) content += std::to_string(i * 2654435761u);
  return content;
}

TEST_F(FilesTest, AFileGoesThereAndComesBackTheSame) {
  const std::string content = LargeContent();
  FileInfo stored, seen;
  ASSERT_TRUE(Put("folder/large", content, &stored).ok());
  EXPECT_EQ(stored.size(), content.size());
  std::string back;
  int chunks = 0;
  ASSERT_TRUE(Get("folder/large", &back, &chunks).ok());
  EXPECT_TRUE(back == content);
  EXPECT_GT(chunks, 10);
  ASSERT_TRUE(Stat("folder/large", &seen, true).ok());
  EXPECT_EQ(seen.sha256(), stored.sha256());
  EXPECT_EQ(seen.sha256().size(), 64u);
  EXPECT_EQ(seen.modified().seconds(), stored.modified().seconds());
}

TEST_F(FilesTest, AnEmptyFileIsAFile) {
  ASSERT_TRUE(Put("empty", "").ok());
  std::string back;
  int chunks = 0;
  ASSERT_TRUE(Get("empty", &back, &chunks).ok());
  EXPECT_EQ(back, "");
  EXPECT_EQ(chunks, 1);
}

TEST_F(FilesTest, ListsPageByPage) {
  for (const char* name : {"c", "a/1", "b", "a/2"}) ASSERT_TRUE(Put(name, name).ok());
  std::vector<std::string> pages;
  ListRequest request;
  request.set_page_size(3);
  do {
    rota::LimitedContext context;
    ListResponse response;
    ASSERT_TRUE(stub_->List(&context, request, &response).ok());
    std::string page;
    for (const FileInfo& file : response.files()) page += file.name() + " ";
    pages.push_back(page);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(pages, ElementsAre("a/1 a/2 b ", "c "));

  rota::LimitedContext context;
  request.set_page_size(1001);
  ListResponse response;
  EXPECT_EQ(stub_->List(&context, request, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(FilesTest, AWatcherHearsOfPutsAndRemovalsThatConcernIt) {
  rota::LimitedContext context;
  WatchRequest request;
  request.set_prefix("in/");
  const auto reader = stub_->Watch(&context, request);
  WatchResponse event;
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.event(), WatchResponse::EVENT_WATCHING);
  ASSERT_TRUE(Put("out", "x").ok());
  ASSERT_TRUE(Put("in/a", "xyz").ok());
  ASSERT_TRUE(Remove("in/a").ok());
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.event(), WatchResponse::EVENT_PUT);
  EXPECT_EQ(event.file().name(), "in/a");
  EXPECT_EQ(event.file().size(), 3u);
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.event(), WatchResponse::EVENT_REMOVED);
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(FilesTest, NamesThatWouldLeaveTheRootAreRefusedByEveryMethod) {
  for (const char* name : {"", "..", "../x", "/etc/passwd", "a/../../x", ".rota-tmp/1"}) {
    FileInfo info;
    std::string content;
    EXPECT_EQ(Put(name, "x").error_code(), grpc::StatusCode::INVALID_ARGUMENT) << name;
    EXPECT_EQ(Get(name, &content).error_code(), grpc::StatusCode::INVALID_ARGUMENT) << name;
    EXPECT_EQ(Stat(name, &info).error_code(), grpc::StatusCode::INVALID_ARGUMENT) << name;
    EXPECT_EQ(Remove(name).error_code(), grpc::StatusCode::INVALID_ARGUMENT) << name;
  }
  std::filesystem::create_symlink("/etc", root_.path() / "link");
  std::string content;
  EXPECT_EQ(Get("link/passwd", &content).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  FileInfo info;
  EXPECT_THAT(Stat("../x", &info).error_message(), HasSubstr("'../x'"));
}

TEST_F(FilesTest, WhatIsNotThereIsNotFoundAndNamed) {
  std::string content;
  FileInfo info;
  for (const grpc::Status& status : {Get("none", &content), Stat("none", &info), Remove("none")}) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
    EXPECT_EQ(status.error_message(), "there is no file 'none'");
  }
}

TEST_F(FilesTest, AnUploadThatBreaksOffLeavesNothing) {
  {
    rota::LimitedContext context;
    FileInfo info;
    const auto writer = stub_->Put(&context, &info);
    PutRequest request;
    request.set_name("broken");
    request.set_chunk(std::string(600'000, 'x'));
    ASSERT_TRUE(writer->Write(request));
    context.TryCancel();
    EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  // The server hears of it in its own time; a later put that is answered shows that it is alive.
  const auto limit = std::chrono::steady_clock::now() + rota::ServiceProcess::kLimit;
  do {
    ASSERT_TRUE(Put("other", "x").ok());
  } while (Uploads() > 0 && std::chrono::steady_clock::now() < limit);
  EXPECT_EQ(Uploads(), 0u);
  FileInfo info;
  EXPECT_EQ(Stat("broken", &info).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(FilesTest, ADeadlineThatPassesEndsAnUploadThatWaits) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
  FileInfo info;
  const auto writer = stub_->Put(&context, &info);
  PutRequest request;
  request.set_name("late");
  ASSERT_TRUE(writer->Write(request));
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(Stat("late", &info).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(FilesTest, AMessageThatIsTooLargeIsRefusedWithItsSize) {
  const grpc::Status status = Put("large", std::string(5 << 20, 'x'), nullptr, 5 << 20);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("larger than"));
  FileInfo info;
  EXPECT_EQ(Stat("large", &info).error_code(), grpc::StatusCode::NOT_FOUND);
}

// So large that gRPC itself cuts it off: the part that came before must not pass for the whole file.
TEST_F(FilesTest, AnUploadWithAMessageThatIsCutOffLeavesNothing) {
  rota::LimitedContext context;
  FileInfo info;
  const auto writer = stub_->Put(&context, &info);
  PutRequest request;
  request.set_name("cut");
  request.set_chunk("the first half, ");
  ASSERT_TRUE(writer->Write(request));
  request.clear_name();
  request.set_chunk(std::string(20 << 20, 'x'));
  writer->Write(request);
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
  const auto limit = std::chrono::steady_clock::now() + rota::ServiceProcess::kLimit;
  do {
    ASSERT_TRUE(Put("other", "x").ok());
  } while (Uploads() > 0 && std::chrono::steady_clock::now() < limit);
  EXPECT_EQ(Uploads(), 0u);
  EXPECT_EQ(Stat("cut", &info).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(FilesTest, AFileIsThereAfterAKillOnceItsPutWasAnswered) {
  const std::string content = LargeContent();
  ASSERT_TRUE(Put("kept/file", content).ok());
  process_->Signal(SIGKILL);
  EXPECT_EQ(process_->Wait(), -SIGKILL);
  Start();
  std::string back;
  ASSERT_TRUE(Get("kept/file", &back).ok());
  EXPECT_TRUE(back == content);
  EXPECT_EQ(Uploads(), 0u);
}

TEST_F(FilesTest, SigtermUnderLoadFailsNoCallThatHasBegun) {
  ASSERT_TRUE(Put("a", "content").ok());
  const char* const transport = std::getenv("ROTA_TRANSPORT");
  const bool grpcpp = transport != nullptr && std::string(transport) == "grpcpp";
  std::atomic<int> answered{0};
  std::vector<std::string> errors[4];
  std::vector<std::thread> callers;
  for (auto& mine : errors) {
    callers.emplace_back([&] {
      while (true) {
        FileInfo info;
        const grpc::Status status = Stat("a", &info);
        if (status.ok()) {
          ++answered;
          continue;
        }
        // The listener is gone: the call never reached the service, which a client may try elsewhere.
        const bool refused = status.error_code() == grpc::StatusCode::UNAVAILABLE;
        // The gRPC C++ library cancels what comes in the moment of its own shutdown.
        const bool cut_off = grpcpp && status.error_code() == grpc::StatusCode::CANCELLED;
        if (!refused && !cut_off) mine.push_back(status.error_message());
        return;
      }
    });
  }
  while (answered < 50) std::this_thread::yield();
  process_->Signal(SIGTERM);
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(process_->Wait(), 0) << process_->log();
  for (const auto& mine : errors) EXPECT_THAT(mine, ::testing::IsEmpty());
}

TEST_F(FilesTest, AnUploadThatRunsWhenSigtermComesIsFinished) {
  rota::LimitedContext context;
  FileInfo info;
  const auto writer = stub_->Put(&context, &info);
  PutRequest request;
  request.set_name("slow");
  request.set_chunk("first ");
  ASSERT_TRUE(writer->Write(request));
  // Answered, so the connection works and the service is up.
  ASSERT_TRUE(Put("other", "x").ok());
  process_->Signal(SIGTERM);
  ASSERT_NE(process_->WaitForLine("event=drain_started"), "");
  request.set_chunk("second");
  ASSERT_TRUE(writer->Write(request));
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(process_->Wait(), 0);
  std::ifstream file(root_.path() / "slow");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "first second");
}

TEST_F(FilesTest, TheCommandLineClientSaysPlainlyWhatHappened) {
  const std::string server = "--server=" + address_;
  const std::string local = (root_.path() / ".rota-tmp" / "local").string();
  std::ofstream(local) << "hello";
  rota::ServiceProcess put("services/files/client", {server, "put", local, "greeting"});
  EXPECT_EQ(put.Wait(), 0) << put.log();
  EXPECT_THAT(put.output(), HasSubstr("greeting  sha256=2cf24dba"));
  rota::ServiceProcess list("services/files/client", {server, "list"});
  EXPECT_EQ(list.Wait(), 0);
  EXPECT_THAT(list.output(), HasSubstr("greeting"));
  rota::ServiceProcess get("services/files/client", {server, "get", "none", local});
  EXPECT_EQ(get.Wait(), 1);
  EXPECT_THAT(get.log(), HasSubstr("get none: NOT_FOUND: there is no file 'none'"));
  rota::ServiceProcess wrong("services/files/client", {server, "dance"});
  EXPECT_EQ(wrong.Wait(), 2);
  EXPECT_THAT(wrong.log(), HasSubstr("usage:"));
}

TEST(FilesStartTest, ARootThatIsMissingOrTakenEndsTheStartAndIsNamed) {
  rota::ServiceProcess missing(kService, {"--root=/no/such/folder", "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"});
  EXPECT_EQ(missing.Wait(), 1);
  EXPECT_THAT(missing.log(), HasSubstr("root folder '/no/such/folder': No such file or directory"));

  const rota::TemporaryFolder root;
  const std::vector<std::string> arguments = {"--root=" + root.path().string(), "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"};
  rota::ServiceProcess first(kService, arguments);
  ASSERT_NE(first.Address("grpc"), "");
  rota::ServiceProcess second(kService, arguments);
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(second.log(), HasSubstr("is served by another process"));
}

}  // namespace
}  // namespace files::v1
