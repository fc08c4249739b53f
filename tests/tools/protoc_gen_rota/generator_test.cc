#include "tools/protoc_gen_rota/generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>

#include "google/protobuf/compiler/code_generator.h"
#include "google/protobuf/compiler/parser.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "protos/rota/v1/options.pb.h"
#include "tests/tools/protoc_gen_rota/testdata/library.rota.h"

namespace rota::protoc {
namespace {

constexpr char kTestdata[] = "tests/tools/protoc_gen_rota/testdata/";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

class MemoryContext final : public google::protobuf::compiler::GeneratorContext {
 public:
  google::protobuf::io::ZeroCopyOutputStream* Open(const std::string& name) override {
    return new google::protobuf::io::StringOutputStream(&files[name]);
  }
  std::map<std::string, std::string> files;
};

class GeneratorTest : public ::testing::Test {
 protected:
  // Generates from `text` as the file `name`; gives back the error, or nothing.
  std::string Generate(const std::string& name, const std::string& text, const std::string& parameter = "") {
    // Linked in, so that the pool finds what the file imports.
    google::protobuf::Empty::descriptor();
    rota::v1::key.number();
    google::protobuf::io::ArrayInputStream input(text.data(), static_cast<int>(text.size()));
    google::protobuf::io::Tokenizer tokenizer(&input, nullptr);
    google::protobuf::FileDescriptorProto proto;
    proto.set_name(name);
    EXPECT_TRUE(google::protobuf::compiler::Parser().Parse(&tokenizer, &proto));
    google::protobuf::DescriptorPool pool(google::protobuf::DescriptorPool::generated_pool());
    const google::protobuf::FileDescriptor* const file = pool.BuildFile(proto);
    EXPECT_NE(file, nullptr);
    std::string error;
    const bool done = RotaGenerator().Generate(file, parameter, &context_, &error);
    EXPECT_EQ(done, error.empty());
    return error;
  }
  // For one service with the method `Get(Request)` and a Request of `fields`.
  std::string GenerateWithRequest(const std::string& fields, const std::string& method = "Get") {
    return Generate("a/b.proto", "syntax = 'proto3'; package a.v1; import 'protos/rota/v1/options.proto';"
                                 "message Request {" + fields + "} service Shop { rpc " + method + "(Request) returns (Request); }");
  }
  const std::string& Output(const std::string& name) { return context_.files[name]; }

 private:
  MemoryContext context_;
};

// To renew the golden files after a wanted change:
//   cp bazel-bin/tests/tools/protoc_gen_rota/testdata/library_rota_sources/tests/tools/protoc_gen_rota/testdata/library.rota.h
//      tests/tools/protoc_gen_rota/testdata/library.rota.h.golden        (and the .cc likewise)
TEST_F(GeneratorTest, TheTextIsThatOfTheGoldenFiles) {
  // Another name than the one that is compiled in, which would be in the pool twice.
  std::string text = ReadFile(std::string(kTestdata) + "library.proto");
  text.replace(text.find("package library.v1"), 18, "package library.v2");
  text.replace(text.find("rpc Delete(library.v1"), 21, "rpc Delete(library.v2");
  ASSERT_EQ(Generate("tests/library.proto", text), "");
  for (const std::string extension : {".rota.h", ".rota.cc"}) {
    std::string golden = ReadFile(std::string(kTestdata) + "library" + extension + ".golden");
    std::string made = Output("tests/library" + extension);
    auto replace_all = [](std::string& in, const std::string& from, const std::string& to) {
      for (size_t at = 0; (at = in.find(from, at)) != std::string::npos; at += to.size()) in.replace(at, from.size(), to);
    };
    replace_all(golden, "TESTS_TOOLS_PROTOC_GEN_ROTA_TESTDATA_", "TESTS_");
    replace_all(golden, kTestdata, "tests/");
    replace_all(golden, "library::v1", "library::v2");
    replace_all(golden, "library.v1", "library.v2");
    EXPECT_EQ(made, golden) << extension;
  }
}

// Overrides all that there is, as a service would, with the short names of the messages.
class AllOfIt final : public library::v1::LibraryActor {
  rota::Task<Book> Find(rota::RequestContext&, const ShelfRequest&) override { return Book(); }
  rota::Task<Empty> Add(rota::RequestContext&, rota::Reader<Book>&) override { return Empty(); }
  rota::Task<void> Read(rota::RequestContext&, const Book&, rota::Writer<Book_Page>&) override { return OkStatus(); }
  rota::Task<void> Exchange(rota::RequestContext&, rota::Reader<Book>&, rota::Writer<Book>&) override { return OkStatus(); }
  rota::Task<Empty> Delete(rota::RequestContext&, const library::v1::Delete&) override { return Empty(); }
  rota::Task<Empty> register_(rota::RequestContext&, const Book&) override { return Empty(); }
};

TEST_F(GeneratorTest, TheTableHasTheMethodsInOrderWithTheirKindsAndKeys) {
  [[maybe_unused]] const AllOfIt it_compiles;
  const ServiceTable& table = AllOfIt::Table();
  EXPECT_EQ(table.name, "library.v1.Library");
  ASSERT_EQ(table.methods.size(), 6u);
  const MethodKind kinds[] = {MethodKind::kUnary, MethodKind::kClientStream, MethodKind::kServerStream,
                              MethodKind::kBidi,  MethodKind::kUnary,        MethodKind::kUnary};
  const char* const names[] = {"Find", "Add", "Read", "Exchange", "Delete", "register"};
  const char* const keys[] = {"shelf_name", "class", "class", "class", "", "class"};
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(table.methods[i].name(), names[i]);
    EXPECT_EQ(table.methods[i].service(), "library.v1.Library");
    EXPECT_EQ(table.methods[i].kind, kinds[i]) << names[i];
    EXPECT_EQ(table.methods[i].key_field, keys[i]) << names[i];
  }
  EXPECT_EQ(library::v1::NothingActor::Table().methods.size(), 0u);
}

TEST_F(GeneratorTest, AFileWithoutServicesGivesFilesWithoutClasses) {
  EXPECT_EQ(Generate("a/b.proto", "syntax = 'proto3'; message M {}"), "");
  EXPECT_THAT(Output("a/b.rota.h"), ::testing::HasSubstr("#include \"a/b.pb.h\""));
  EXPECT_THAT(Output("a/b.rota.h"), ::testing::Not(::testing::HasSubstr("Actor :")));
  EXPECT_THAT(Output("a/b.rota.cc"), ::testing::HasSubstr("#include \"a/b.rota.h\""));
}

TEST_F(GeneratorTest, AFileWithoutPackageGeneratesIntoTheGlobalNamespace) {
  EXPECT_EQ(Generate("b.proto", "syntax = 'proto3'; message M {} service S { rpc Get(M) returns (M); }"), "");
  EXPECT_THAT(Output("b.rota.h"), ::testing::HasSubstr("const ::M& request"));
  EXPECT_THAT(Output("b.rota.cc"), ::testing::HasSubstr("\"S/Get\""));
}

TEST_F(GeneratorTest, AMessageNameThatTwoPackagesShareGetsNoAlias) {
  EXPECT_EQ(Generate("b.proto",
                     "syntax = 'proto3'; package b; import 'google/protobuf/empty.proto'; message Empty {}"
                     "service S { rpc Get(Empty) returns (google.protobuf.Empty); }"),
            "");
  EXPECT_THAT(Output("b.rota.h"), ::testing::Not(::testing::HasSubstr("using Empty")));
}

TEST_F(GeneratorTest, AKeyThatIsNoStringIsAnErrorThatNamesFileServiceAndField) {
  EXPECT_EQ(GenerateWithRequest("int32 id = 1 [(rota.v1.key) = true];"),
            "a/b.proto: service a.v1.Shop: field a.v1.Request.id: the option (rota.v1.key) is for a single string");
  EXPECT_EQ(GenerateWithRequest("bytes id = 1 [(rota.v1.key) = true];"),
            "a/b.proto: service a.v1.Shop: field a.v1.Request.id: the option (rota.v1.key) is for a single string");
  EXPECT_EQ(GenerateWithRequest("repeated string id = 1 [(rota.v1.key) = true];"),
            "a/b.proto: service a.v1.Shop: field a.v1.Request.id: the option (rota.v1.key) is for a single string");
}

TEST_F(GeneratorTest, ASecondKeyIsAnErrorThatNamesBoth) {
  EXPECT_EQ(GenerateWithRequest("string one = 1 [(rota.v1.key) = true]; string two = 2 [(rota.v1.key) = true];"),
            "a/b.proto: service a.v1.Shop: field a.v1.Request.two: the message has a key already, the field one");
}

TEST_F(GeneratorTest, AKeyThatIsSwitchedOffIsNone) {
  EXPECT_EQ(GenerateWithRequest("int32 id = 1 [(rota.v1.key) = false];"), "");
  EXPECT_THAT(Output("a/b.rota.cc"), ::testing::HasSubstr("Method<&ShopActor::Get, nullptr>(\"a.v1.Shop/Get\")"));
}

TEST_F(GeneratorTest, AMethodWithANameThatTheClassNeedsIsAnError) {
  EXPECT_EQ(GenerateWithRequest("", "OnStop"),
            "a/b.proto: service a.v1.Shop: method OnStop: the generated class needs this name itself");
  EXPECT_EQ(GenerateWithRequest("", "ShopActor"),
            "a/b.proto: service a.v1.Shop: method ShopActor: the generated class needs this name itself");
}

TEST_F(GeneratorTest, AParameterIsAnError) {
  EXPECT_EQ(Generate("b.proto", "syntax = 'proto3';", "fast"), "b.proto: protoc-gen-rota takes no parameter, but got 'fast'");
}

}  // namespace
}  // namespace rota::protoc
