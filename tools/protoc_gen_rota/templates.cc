#include "tools/protoc_gen_rota/templates.h"

#include <cctype>
#include <cstddef>
#include <map>

#include "google/protobuf/compiler/cpp/names.h"

namespace rota::protoc {
namespace {

using google::protobuf::io::Printer;
using Variables = std::map<std::string, std::string>;

// "protos/files/v1/files.proto" -> "protos/files/v1/files".
std::string Stem(const std::string& proto_file) { return google::protobuf::compiler::cpp::StripProto(proto_file); }

std::string Guard(const std::string& proto_file) {
  std::string guard;
  for (const char c : Stem(proto_file)) guard += std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : '_';
  return guard + "_ROTA_H_";
}

Variables VariablesOf(const ServiceModel& service) {
  return {{"service", service.name}, {"service_full_name", service.full_name}};
}

Variables VariablesOf(const ServiceModel& service, const MethodModel& method, size_t index) {
  Variables variables = VariablesOf(service);
  variables["method"] = method.name;
  variables["method_full_name"] = method.full_name;
  variables["request"] = method.request;
  variables["response"] = method.response;
  variables["index"] = std::to_string(index);
  variables["result"] = method.server_streams ? "void" : method.response;
  // "&A::M, &Q::key": what Method<> and AskMethod<> take.
  variables["handler"] = "&" + service.name + "Actor::" + method.name + ", " +
                         (method.key_field.empty() ? "nullptr" : "&" + method.request + "::" + method.key_accessor);
  variables["row"] = "\"" + method.full_name + "\"" + (method.key_field.empty() ? "" : ", \"" + method.key_field + "\"");
  return variables;
}

// "::rota::RequestContext& context, const Q& request"; without the names where there is no use for them.
std::string Parameters(const MethodModel& method, bool named) {
  std::string text = std::string("::rota::RequestContext&") + (named ? " context" : "");
  text += method.client_streams ? ", ::rota::Reader<" + method.request + ">&" + (named ? " in" : "")
                                : ", const " + method.request + "&" + (named ? " request" : "");
  if (method.server_streams) text += ", ::rota::Writer<" + method.response + ">&" + std::string(named ? " out" : "");
  return text;
}

void OpenScope(const ServiceModel& service, Printer& out) {
  if (!service.cpp_scope.empty()) out.Print("\nnamespace $scope$ {\n", "scope", service.cpp_scope);
}

void CloseScope(const ServiceModel& service, Printer& out) {
  if (!service.cpp_scope.empty()) out.Print("\n}  // namespace $scope$\n", "scope", service.cpp_scope);
}

void PrintActorClass(const ServiceModel& service, Printer& out) {
  out.Print(VariablesOf(service),
            "\n"
            "// Base of the actors that serve $service_full_name$. What they do not override is UNIMPLEMENTED.\n"
            "class $service$Actor : public ::rota::Actor {\n"
            " public:\n");
  for (const auto& [name, type] : service.aliases) out.Print("  using $name$ = $type$;\n", "name", name, "type", type);
  if (!service.aliases.empty()) out.Print("\n");
  for (size_t i = 0; i < service.methods.size(); ++i) {
    Variables variables = VariablesOf(service, service.methods[i], i);
    variables["parameters"] = Parameters(service.methods[i], true);
    out.Print(variables, "  virtual ::rota::Task<$result$> $method$($parameters$);\n");
  }
  if (!service.methods.empty()) out.Print("\n");
  out.Print(
      "  static const ::rota::ServiceTable& Table();\n"
      "};\n");
}

void PrintRefClass(const ServiceModel& service, Printer& out) {
  out.Print(VariablesOf(service),
            "\n"
            "// $service_full_name$ for other actors of this process: its unary methods, with no transport between. Each call goes to\n"
            "// the actor that a call from outside would go to, and has a deadline of at most `timeout`.\n"
            "// Thread: loop. A value; must not outlive the actor system, and neither must the tasks.\n"
            "class $service$Ref {\n"
            " public:\n"
            "  explicit $service$Ref(::rota::ActorSystem& system, ::std::string_view kind = \"$service_full_name$\")\n"
            "      : system_(&system), kind_(kind) {}\n"
            "\n");
  bool any = false;
  for (size_t i = 0; i < service.methods.size(); ++i) {
    if (!service.methods[i].unary()) continue;
    any = true;
    out.Print(VariablesOf(service, service.methods[i], i),
              "  ::rota::Task<$response$> $method$($request$ request, ::rota::Duration timeout) const;\n");
  }
  if (any) out.Print("\n");
  out.Print(
      "  ::rota::ActorSystem& system() const { return *system_; }\n"
      "  const ::std::string& kind() const { return kind_; }\n"
      "\n"
      " private:\n"
      "  ::rota::ActorSystem* system_;\n"
      "  ::std::string kind_;\n"
      "};\n");
}

void PrintActorMembers(const ServiceModel& service, Printer& out) {
  for (size_t i = 0; i < service.methods.size(); ++i) {
    Variables variables = VariablesOf(service, service.methods[i], i);
    variables["parameters"] = Parameters(service.methods[i], false);
    out.Print(variables,
              "\n"
              "::rota::Task<$result$> $service$Actor::$method$($parameters$) {\n"
              "  return ::rota::UnimplementedError(\"method $method_full_name$ is not implemented\");\n"
              "}\n");
  }
}

void PrintTable(const ServiceModel& service, Printer& out) {
  out.Print(VariablesOf(service), "\nconst ::rota::ServiceTable& $service$Actor::Table() {\n");
  if (!service.methods.empty()) {
    out.Print("  static constexpr ::rota::MethodInfo kMethods[] = {\n");
    for (size_t i = 0; i < service.methods.size(); ++i) {
      out.Print(VariablesOf(service, service.methods[i], i), "      ::rota::Method<$handler$>($row$),\n");
    }
    out.Print("  };\n");
  }
  Variables variables = VariablesOf(service);
  variables["methods"] = service.methods.empty() ? "{}" : "kMethods";
  out.Print(variables,
            "  static constexpr ::rota::ServiceTable kTable{\"$service_full_name$\", $methods$};\n"
            "  return kTable;\n"
            "}\n");
}

void PrintRefMembers(const ServiceModel& service, Printer& out) {
  for (size_t i = 0; i < service.methods.size(); ++i) {
    if (!service.methods[i].unary()) continue;
    out.Print(VariablesOf(service, service.methods[i], i),
              "\n"
              "::rota::Task<$response$> $service$Ref::$method$($request$ request, ::rota::Duration timeout) const {\n"
              "  return ::rota::AskMethod<$handler$>($service$Actor::Table().methods[$index$], *system_, kind_, ::std::move(request), timeout);\n"
              "}\n");
  }
}

}  // namespace

void PrintHeader(const std::string& proto_file, const std::vector<ServiceModel>& services, Printer& out) {
  out.Print(
      "// Generated by protoc-gen-rota from $file$. Do not edit.\n"
      "#ifndef $guard$\n"
      "#define $guard$\n"
      "\n"
      "#include \"framework/rpc/service.h\"\n"
      "#include \"$stem$.pb.h\"\n"
      "\n"
      "namespace rota {\n"
      "class ActorSystem;\n"
      "}  // namespace rota\n",
      "file", proto_file, "guard", Guard(proto_file), "stem", Stem(proto_file));
  if (!services.empty()) OpenScope(services.front(), out);
  for (const ServiceModel& service : services) {
    PrintActorClass(service, out);
    PrintRefClass(service, out);
  }
  if (!services.empty()) CloseScope(services.front(), out);
  out.Print("\n#endif  // $guard$\n", "guard", Guard(proto_file));
}

void PrintSource(const std::string& proto_file, const std::vector<ServiceModel>& services, Printer& out) {
  out.Print(
      "// Generated by protoc-gen-rota from $file$. Do not edit.\n"
      "#include \"$stem$.rota.h\"\n"
      "\n"
      "#include <utility>\n"
      "\n"
      "#include \"framework/rpc/ask_method.h\"\n"
      "#include \"framework/rpc/typed_call.h\"\n",
      "file", proto_file, "stem", Stem(proto_file));
  if (!services.empty()) OpenScope(services.front(), out);
  for (const ServiceModel& service : services) {
    PrintActorMembers(service, out);
    PrintTable(service, out);
    PrintRefMembers(service, out);
  }
  if (!services.empty()) CloseScope(services.front(), out);
}

}  // namespace rota::protoc
