#ifndef ROTA_TOOLS_PROTOC_GEN_ROTA_SERVICE_MODEL_H_
#define ROTA_TOOLS_PROTOC_GEN_ROTA_SERVICE_MODEL_H_

#include <map>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace rota::protoc {

// What the templates say about one method, in C++.
struct MethodModel {
  std::string name;       // "Stat"; with a trailing '_' where that is a word of C++
  std::string full_name;  // "files.v1.Files/Stat"
  std::string request;    // "::files::v1::StatRequest"
  std::string response;
  bool client_streams = false;
  bool server_streams = false;
  // Empty where the request names no actor.
  std::string key_field;     // "name", as in the .proto
  std::string key_accessor;  // "name", as in C++

  bool unary() const { return !client_streams && !server_streams; }
};

// What the templates say about one service.
struct ServiceModel {
  std::string name;        // "Files"
  std::string full_name;   // "files.v1.Files"
  std::string cpp_scope;   // "files::v1"; empty without a package
  std::vector<MethodModel> methods;
  // Short names for the messages of the methods: "StatRequest" -> "::files::v1::StatRequest".
  std::map<std::string, std::string> aliases;
};

// Reads `service`. False, with the file, the service and the field or method in `*error`, when it cannot be generated.
bool ReadService(const google::protobuf::ServiceDescriptor& service, ServiceModel* model, std::string* error);

}  // namespace rota::protoc

#endif  // ROTA_TOOLS_PROTOC_GEN_ROTA_SERVICE_MODEL_H_
