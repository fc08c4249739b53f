#include "tools/protoc_gen_rota/service_model.h"

#include <set>

#include "google/protobuf/compiler/cpp/names.h"
#include "protos/rota/v1/options.pb.h"

namespace rota::protoc {
namespace {

namespace cpp = google::protobuf::compiler::cpp;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

std::string ReplaceDots(const std::string& text) {
  std::string result;
  for (const char c : text) c == '.' ? result += "::" : result += c;
  return result;
}

// A method of one of these names would hide or override a member that the actor needs.
const std::set<std::string>& ReservedNames() {
  static const std::set<std::string> names = {"OnStart", "OnStop", "Table", "key", "kind", "loop", "system"};
  return names;
}

const std::set<std::string>& CppWords() {
  static const std::set<std::string> words = {
      "alignas",   "alignof",  "and",       "asm",           "auto",      "bool",        "break",    "case",         "catch",
      "char",      "class",    "co_await",  "co_return",     "co_yield",  "concept",     "const",    "const_cast",   "constexpr",
      "continue",  "decltype", "default",   "delete",        "do",        "double",      "else",     "enum",         "explicit",
      "export",    "extern",   "false",     "float",         "for",       "friend",      "goto",     "if",           "inline",
      "int",       "long",     "mutable",   "namespace",     "new",       "noexcept",    "not",      "nullptr",      "operator",
      "or",        "private",  "protected", "public",        "register",  "requires",    "return",   "short",        "signed",
      "sizeof",    "static",   "struct",    "switch",        "template",  "this",        "throw",    "true",         "try",
      "typedef",   "typeid",   "typename",  "union",         "unsigned",  "using",       "virtual",  "void",         "volatile",
      "while",     "xor"};
  return words;
}

// "protos/files/v1/files.proto: service files.v1.Files: ".
std::string Where(const ServiceDescriptor& service) { return service.file()->name() + ": service " + service.full_name() + ": "; }

bool IsKey(const FieldDescriptor& field) { return field.options().GetExtension(rota::v1::key); }

bool ReadKey(const ServiceDescriptor& service, const Descriptor& request, MethodModel* method, std::string* error) {
  for (int i = 0; i < request.field_count(); ++i) {
    const FieldDescriptor& field = *request.field(i);
    if (!IsKey(field)) continue;
    const std::string where = Where(service) + "field " + field.full_name() + ": ";
    if (field.type() != FieldDescriptor::TYPE_STRING || field.is_repeated()) {
      *error = where + "the option (rota.v1.key) is for a single string";
      return false;
    }
    if (!method->key_field.empty()) {
      *error = where + "the message has a key already, the field " + method->key_field;
      return false;
    }
    method->key_field = field.name();
    method->key_accessor = cpp::FieldName(&field);
  }
  return true;
}

bool ReadMethod(const MethodDescriptor& descriptor, MethodModel* method, std::string* error) {
  const ServiceDescriptor& service = *descriptor.service();
  method->name = descriptor.name();
  if (ReservedNames().count(method->name) > 0 || method->name == service.name() + "Actor" || method->name == service.name() + "Ref") {
    *error = Where(service) + "method " + method->name + ": the generated class needs this name itself";
    return false;
  }
  if (CppWords().count(method->name) > 0) method->name += '_';
  method->full_name = service.full_name() + "/" + descriptor.name();
  method->request = cpp::QualifiedClassName(descriptor.input_type());
  method->response = cpp::QualifiedClassName(descriptor.output_type());
  method->client_streams = descriptor.client_streaming();
  method->server_streams = descriptor.server_streaming();
  return ReadKey(service, *descriptor.input_type(), method, error);
}

// A message gets a short name unless something else in the class has it.
void AddAliases(const ServiceDescriptor& service, ServiceModel* model) {
  std::set<std::string> taken = ReservedNames();
  taken.insert({model->name + "Actor", model->name + "Ref"});
  for (const MethodModel& method : model->methods) taken.insert(method.name);
  for (int i = 0; i < service.method_count(); ++i) {
    for (const Descriptor* message : {service.method(i)->input_type(), service.method(i)->output_type()}) {
      const std::string name = cpp::ClassName(message);
      const std::string type = cpp::QualifiedClassName(message);
      const auto [alias, added] = model->aliases.emplace(name, type);
      if (alias->second != type) taken.insert(name);  // two packages have it
    }
  }
  for (const std::string& name : taken) model->aliases.erase(name);
}

}  // namespace

bool ReadService(const ServiceDescriptor& service, ServiceModel* model, std::string* error) {
  model->name = service.name();
  model->full_name = service.full_name();
  model->cpp_scope = ReplaceDots(service.file()->package());
  for (int i = 0; i < service.method_count(); ++i) {
    if (!ReadMethod(*service.method(i), &model->methods.emplace_back(), error)) return false;
  }
  AddAliases(service, model);
  return true;
}

}  // namespace rota::protoc
