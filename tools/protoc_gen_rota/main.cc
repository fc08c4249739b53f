#include "google/protobuf/compiler/plugin.h"
#include "tools/protoc_gen_rota/generator.h"

int main(int argc, char** argv) {
  const rota::protoc::RotaGenerator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
