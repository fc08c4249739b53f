#include "tools/protoc_gen_rota/generator.h"

#include <memory>
#include <vector>

#include "google/protobuf/compiler/cpp/names.h"
#include "google/protobuf/io/printer.h"
#include "google/protobuf/io/zero_copy_stream.h"
#include "tools/protoc_gen_rota/service_model.h"
#include "tools/protoc_gen_rota/templates.h"

namespace rota::protoc {

using google::protobuf::FileDescriptor;
using google::protobuf::compiler::GeneratorContext;
using google::protobuf::io::Printer;
using google::protobuf::io::ZeroCopyOutputStream;

bool RotaGenerator::Generate(const FileDescriptor* file, const std::string& parameter, GeneratorContext* context, std::string* error) const {
  if (!parameter.empty()) {
    *error = file->name() + ": protoc-gen-rota takes no parameter, but got '" + parameter + "'";
    return false;
  }
  std::vector<ServiceModel> services;
  for (int i = 0; i < file->service_count(); ++i) {
    if (!ReadService(*file->service(i), &services.emplace_back(), error)) return false;
  }
  const std::string stem = google::protobuf::compiler::cpp::StripProto(file->name());
  const std::unique_ptr<ZeroCopyOutputStream> header_file(context->Open(stem + ".rota.h"));
  Printer header(header_file.get(), '$');
  PrintHeader(file->name(), services, header);
  const std::unique_ptr<ZeroCopyOutputStream> source_file(context->Open(stem + ".rota.cc"));
  Printer source(source_file.get(), '$');
  PrintSource(file->name(), services, source);
  return true;
}

}  // namespace rota::protoc
