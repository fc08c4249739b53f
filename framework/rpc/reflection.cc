#include "framework/rpc/reflection.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "framework/actor/task.h"
#include "framework/rpc/descriptor_source.h"
#include "grpc/reflection/v1/reflection.rota.h"
#include "grpc/reflection/v1alpha/reflection.rota.h"

namespace rota {
namespace {

template <typename Response>
void SetError(const Status& status, Response& response) {
  response.mutable_error_response()->set_error_code(static_cast<int>(status.code()));
  response.mutable_error_response()->set_error_message(std::string(status.message()));
}

template <typename Response>
void SetFiles(const StatusOr<std::vector<std::string>>& files, Response& response) {
  if (!files.ok()) return SetError(files.status(), response);
  for (const std::string& file : *files) response.mutable_file_descriptor_response()->add_file_descriptor_proto(file);
}

template <typename Response>
void SetNumbers(const std::string& type, const StatusOr<std::vector<int>>& numbers, Response& response) {
  if (!numbers.ok()) return SetError(numbers.status(), response);
  response.mutable_all_extension_numbers_response()->set_base_type_name(type);
  for (const int number : *numbers) response.mutable_all_extension_numbers_response()->add_extension_number(number);
}

// v1 and v1alpha differ in the name of their package and in nothing else.
template <typename Request, typename Response>
Response Answer(const DescriptorSource& source, const Request& request) {
  Response response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kListServices:
      response.mutable_list_services_response();
      for (const std::string& name : source.Services()) response.mutable_list_services_response()->add_service()->set_name(name);
      break;
    case Request::kFileByFilename:
      SetFiles(source.FileByName(request.file_by_filename()), response);
      break;
    case Request::kFileContainingSymbol:
      SetFiles(source.FileContainingSymbol(request.file_containing_symbol()), response);
      break;
    case Request::kFileContainingExtension: {
      const auto& extension = request.file_containing_extension();
      SetFiles(source.FileContainingExtension(extension.containing_type(), extension.extension_number()), response);
      break;
    }
    case Request::kAllExtensionNumbersOfType: {
      const std::string& type = request.all_extension_numbers_of_type();
      SetNumbers(type, source.ExtensionNumbers(type), response);
      break;
    }
    case Request::MESSAGE_REQUEST_NOT_SET:
      SetError(InvalidArgumentError("the reflection request asks for nothing that this server knows"), response);
      break;
  }
  return response;
}

template <typename Base, typename Request, typename Response>
class ReflectionService final : public Base {
 public:
  explicit ReflectionService(const ServiceRegistry& registry) : source_(registry) {}

  Task<void> ServerReflectionInfo(RequestContext&, Reader<Request>& in, Writer<Response>& out) override {
    while (std::optional<Request> request = co_await in.Next()) {
      co_await out.Write(Answer<Request, Response>(source_, *request));
    }
  }

 private:
  const DescriptorSource source_;
};

template <typename Service>
KindOptions KindOf(const ServiceRegistry& registry) {
  KindOptions kind;
  kind.name = std::string(Service::Table().name);
  kind.factory = [&registry](const std::string&) { return std::make_unique<Service>(registry); };
  // A stream lasts as long as its peer likes.
  kind.interleave = true;
  return kind;
}

using Service = ReflectionService<grpc::reflection::v1::ServerReflectionActor, grpc::reflection::v1::ServerReflectionRequest,
                                  grpc::reflection::v1::ServerReflectionResponse>;
using AlphaService = ReflectionService<grpc::reflection::v1alpha::ServerReflectionActor, grpc::reflection::v1alpha::ServerReflectionRequest,
                                       grpc::reflection::v1alpha::ServerReflectionResponse>;

}  // namespace

KindOptions ReflectionKind(const ServiceRegistry& registry) { return KindOf<Service>(registry); }
const ServiceTable& ReflectionTable() { return Service::Table(); }
KindOptions ReflectionAlphaKind(const ServiceRegistry& registry) { return KindOf<AlphaService>(registry); }
const ServiceTable& ReflectionAlphaTable() { return AlphaService::Table(); }

}  // namespace rota
