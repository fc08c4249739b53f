#ifndef ROTA_TOOLS_PROTOC_GEN_ROTA_TEMPLATES_H_
#define ROTA_TOOLS_PROTOC_GEN_ROTA_TEMPLATES_H_

#include <string>
#include <vector>

#include "google/protobuf/io/printer.h"
#include "tools/protoc_gen_rota/service_model.h"

namespace rota::protoc {

// The text of NAME.rota.h for `proto_file`, "protos/files/v1/files.proto".
void PrintHeader(const std::string& proto_file, const std::vector<ServiceModel>& services, google::protobuf::io::Printer& out);
// The text of NAME.rota.cc.
void PrintSource(const std::string& proto_file, const std::vector<ServiceModel>& services, google::protobuf::io::Printer& out);

}  // namespace rota::protoc

#endif  // ROTA_TOOLS_PROTOC_GEN_ROTA_TEMPLATES_H_
