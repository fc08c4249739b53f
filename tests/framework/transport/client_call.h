#ifndef ROTA_TESTS_FRAMEWORK_TRANSPORT_CLIENT_CALL_H_
#define ROTA_TESTS_FRAMEWORK_TRANSPORT_CLIENT_CALL_H_

#include <grpcpp/grpcpp.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "framework/base/sanitizers.h"

// Of the runtime of ThreadSanitizer.
extern "C" void AnnotateIgnoreReadsBegin(const char* file, int line);
extern "C" void AnnotateIgnoreReadsEnd(const char* file, int line);

namespace rota {

inline grpc::ByteBuffer Bytes(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

inline std::string Text(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  std::string text;
  // A thread of gRPC may have unpacked them, which ThreadSanitizer does not see: the library is not instrumented.
  if constexpr (kThreadSanitizer) AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
  if (bytes.Valid() && bytes.Dump(&slices).ok()) {
    for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  if constexpr (kThreadSanitizer) AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  return text;
}

// A channel with a connection of its own.
inline std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// One call of the gRPC C++ client, any kind, where every step waits for its result. It has a deadline, so each wait ends.
// Thread: one of the test's, not the loop's.
class ClientCall {
 public:
  ClientCall(std::shared_ptr<grpc::Channel> channel, std::string path) : stub_(std::move(channel)), path_(std::move(path)) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  }
  ~ClientCall() {
    if (stream_ != nullptr && !finished_) {
      context_.TryCancel();
      Finish();
    }
    queue_.Shutdown();
    void* tag;
    for (bool ok; queue_.Next(&tag, &ok);) {
    }
  }

  grpc::ClientContext& context() { return context_; }
  bool Start() {
    stream_ = stub_.PrepareCall(&context_, path_, &queue_);
    stream_->StartCall(this);
    return Wait();
  }
  bool Write(const std::string& message) {
    stream_->Write(Bytes(message), this);
    return Wait();
  }
  bool WritesDone() {
    stream_->WritesDone(this);
    return Wait();
  }
  bool ReadHeaders() {
    stream_->ReadInitialMetadata(this);
    return Wait();
  }
  std::optional<std::string> Read() {
    grpc::ByteBuffer message;
    stream_->Read(&message, this);
    if (!Wait()) return std::nullopt;
    return Text(message);
  }
  grpc::Status Finish() {
    grpc::Status status;
    stream_->Finish(&status, this);
    Wait();
    finished_ = true;
    return status;
  }

  struct Answer {
    std::vector<std::string> messages;
    grpc::Status status;
  };
  // Sends `requests`, half-closes and reads to the end.
  Answer Exchange(const std::vector<std::string>& requests) {
    Answer answer;
    bool alive = Start();
    for (size_t i = 0; alive && i < requests.size(); ++i) alive = Write(requests[i]);
    if (alive) WritesDone();
    while (std::optional<std::string> message = Read()) answer.messages.push_back(*std::move(message));
    answer.status = Finish();
    return answer;
  }

 private:
  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::GenericStub stub_;
  const std::string path_;
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool finished_ = false;
};

}  // namespace rota

#endif  // ROTA_TESTS_FRAMEWORK_TRANSPORT_CLIENT_CALL_H_
