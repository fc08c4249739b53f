#ifndef ROTA_TOOLS_PROTOC_GEN_ROTA_GENERATOR_H_
#define ROTA_TOOLS_PROTOC_GEN_ROTA_GENERATOR_H_

#include <string>

#include "google/protobuf/compiler/code_generator.h"
#include "google/protobuf/descriptor.h"

namespace rota::protoc {

// The plugin: makes NAME.rota.h and NAME.rota.cc from NAME.proto, with the base class of the actors, the typed reference
// and the method table of each service. A file without services gives files without content.
// Errors: one sentence that names the file, the service and the field or method; protoc shows it and fails.
class RotaGenerator final : public google::protobuf::compiler::CodeGenerator {
 public:
  bool Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                google::protobuf::compiler::GeneratorContext* context, std::string* error) const override;
  uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }
};

}  // namespace rota::protoc

#endif  // ROTA_TOOLS_PROTOC_GEN_ROTA_GENERATOR_H_
