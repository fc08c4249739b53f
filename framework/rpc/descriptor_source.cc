#include "framework/rpc/descriptor_source.h"

#include <algorithm>
#include <set>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace rota {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;

const DescriptorPool& Pool() { return *DescriptorPool::generated_pool(); }

// `file`, then what it imports, depth first, each once.
void Collect(const FileDescriptor& file, std::set<const FileDescriptor*>& seen, std::vector<const FileDescriptor*>& files) {
  if (!seen.insert(&file).second) return;
  files.push_back(&file);
  for (int i = 0; i < file.dependency_count(); ++i) Collect(*file.dependency(i), seen, files);
}

std::vector<const FileDescriptor*> WithImports(const FileDescriptor& file) {
  std::set<const FileDescriptor*> seen;
  std::vector<const FileDescriptor*> files;
  Collect(file, seen, files);
  return files;
}

std::vector<std::string> Serialize(const FileDescriptor& file) {
  std::vector<std::string> result;
  for (const FileDescriptor* const each : WithImports(file)) {
    google::protobuf::FileDescriptorProto proto;
    each->CopyTo(&proto);
    result.push_back(proto.SerializeAsString());
  }
  return result;
}

}  // namespace

std::vector<std::string> DescriptorSource::Services() const {
  std::vector<std::string> names;
  for (const ServiceTable* const service : registry_.services()) names.emplace_back(service->name);
  std::sort(names.begin(), names.end());
  return names;
}

bool DescriptorSource::IsServed(const FileDescriptor& file) const {
  for (const ServiceTable* const service : registry_.services()) {
    const ServiceDescriptor* const descriptor = Pool().FindServiceByName(std::string(service->name));
    if (descriptor == nullptr) continue;
    const std::vector<const FileDescriptor*> files = WithImports(*descriptor->file());
    if (std::find(files.begin(), files.end(), &file) != files.end()) return true;
  }
  return false;
}

StatusOr<std::vector<std::string>> DescriptorSource::FileByName(const std::string& name) const {
  const FileDescriptor* const file = Pool().FindFileByName(name);
  if (file == nullptr || !IsServed(*file)) return NotFoundError("no file '" + name + "'");
  return Serialize(*file);
}

StatusOr<std::vector<std::string>> DescriptorSource::FileContainingSymbol(const std::string& symbol) const {
  const FileDescriptor* const file = Pool().FindFileContainingSymbol(symbol);
  if (file == nullptr || !IsServed(*file)) return NotFoundError("no symbol '" + symbol + "'");
  return Serialize(*file);
}

StatusOr<std::vector<std::string>> DescriptorSource::FileContainingExtension(const std::string& type, int number) const {
  const Descriptor* const extended = Pool().FindMessageTypeByName(type);
  const FieldDescriptor* const field = extended == nullptr ? nullptr : Pool().FindExtensionByNumber(extended, number);
  if (field == nullptr || !IsServed(*field->file())) {
    return NotFoundError("no extension " + std::to_string(number) + " of '" + type + "'");
  }
  return Serialize(*field->file());
}

StatusOr<std::vector<int>> DescriptorSource::ExtensionNumbers(const std::string& type) const {
  const Descriptor* const extended = Pool().FindMessageTypeByName(type);
  if (extended == nullptr || !IsServed(*extended->file())) return NotFoundError("no message type '" + type + "'");
  std::vector<const FieldDescriptor*> fields;
  Pool().FindAllExtensions(extended, &fields);
  std::vector<int> numbers;
  for (const FieldDescriptor* const field : fields) {
    if (IsServed(*field->file())) numbers.push_back(field->number());
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace rota
