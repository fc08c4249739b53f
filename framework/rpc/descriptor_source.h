#ifndef ROTA_RPC_DESCRIPTOR_SOURCE_H_
#define ROTA_RPC_DESCRIPTOR_SOURCE_H_

#include <string>
#include <string_view>
#include <vector>

#include "framework/base/status.h"
#include "framework/base/status_or.h"
#include "framework/rpc/service_registry.h"

namespace google::protobuf {
class FileDescriptor;
}  // namespace google::protobuf

namespace rota {

// What reflection may tell: the .proto files that the registered services come from, with all that they import, and
// nothing else that is linked into the process.
// Thread: loop. `registry` must outlive it; services that are registered later are seen.
class DescriptorSource {
 public:
  explicit DescriptorSource(const ServiceRegistry& registry) : registry_(registry) {}

  // The names of the registered services, in order.
  std::vector<std::string> Services() const;
  // The serialized FileDescriptorProto of one file, followed by those of the files that it imports, without repetition.
  // Errors: NOT_FOUND, naming what was asked for.
  StatusOr<std::vector<std::string>> FileByName(const std::string& name) const;
  // The file that defines a service, method, message, field, enum, ...
  StatusOr<std::vector<std::string>> FileContainingSymbol(const std::string& symbol) const;
  StatusOr<std::vector<std::string>> FileContainingExtension(const std::string& type, int number) const;
  StatusOr<std::vector<int>> ExtensionNumbers(const std::string& type) const;

 private:
  // Whether a registered service needs `file`.
  bool IsServed(const google::protobuf::FileDescriptor& file) const;

  const ServiceRegistry& registry_;
};

}  // namespace rota

#endif  // ROTA_RPC_DESCRIPTOR_SOURCE_H_
