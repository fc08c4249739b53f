#include "tests/conformance/interop/client.h"

#include <fstream>
#include <iterator>

// Of libgrpc, but in none of the headers that it installs.
uint32_t grpc_call_test_only_get_message_flags(grpc_call* call);

namespace grpc::testing {

// gRPC lets a class of this name look into a context, for this purpose.
class InteropClientContextInspector {
 public:
  static grpc_call* Call(const grpc::ClientContext& context) { return context.call_; }
};

}  // namespace grpc::testing

namespace interop {
namespace {

std::string ReadFile(const std::string& path) {
  if (path.empty()) return "";
  std::ifstream file(path, std::ios::binary);
  Expect(file.good(), "cannot read " + path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::shared_ptr<grpc::Channel> Connect(const Target& target) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  if (target.ca.empty()) return grpc::CreateCustomChannel(target.address, grpc::InsecureChannelCredentials(), arguments);
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = ReadFile(target.ca);
  ssl.pem_private_key = ReadFile(target.key);
  ssl.pem_cert_chain = ReadFile(target.certificate);
  return grpc::CreateCustomChannel(target.address, grpc::SslCredentials(ssl), arguments);
}

}  // namespace

void Expect(bool good, const std::string& what) {
  if (!good) throw Failure(what);
}

void ExpectStatus(const grpc::Status& status, grpc::StatusCode code, const std::string& message_part) {
  const std::string got = "status " + std::to_string(status.error_code()) + " '" + status.error_message() + "'";
  Expect(status.error_code() == code, got + " instead of " + std::to_string(code));
  Expect(status.error_message().find(message_part) != std::string::npos, got + " without '" + message_part + "'");
}

Client::Client(const Target& target)
    : target_(target), channel_(Connect(target)), stub_(TestService::NewStub(channel_)) {}

std::string Zeros(size_t size) { return std::string(size, '\0'); }

grpc::testing::SimpleRequest LargeRequest() {
  grpc::testing::SimpleRequest request;
  request.set_response_size(kLargeResponse);
  request.mutable_payload()->set_body(Zeros(kLargeRequest));
  return request;
}

grpc::testing::StreamingOutputCallRequest StreamRequest(int32_t response_bytes, size_t payload_bytes) {
  grpc::testing::StreamingOutputCallRequest request;
  request.add_response_parameters()->set_size(response_bytes);
  if (payload_bytes > 0) request.mutable_payload()->set_body(Zeros(payload_bytes));
  return request;
}

bool CameCompressed(const grpc::ClientContext& context) {
  // Set as it came, and by gRPC once it has unpacked it.
  constexpr uint32_t kCompressed = 0x80000000u;
  constexpr uint32_t kWasCompressed = 0x40000000u;
  const uint32_t flags = grpc_call_test_only_get_message_flags(grpc::testing::InteropClientContextInspector::Call(context));
  return (flags & (kCompressed | kWasCompressed)) != 0;
}

}  // namespace interop
