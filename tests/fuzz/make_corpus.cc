// Writes the corpus of a target into a folder, one file an input. usage: make_corpus byte_stream|metadata_codec FOLDER

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "tests/fuzz/targets.h"

int main(int argc, char** argv) {
  const std::string target = argc == 3 ? argv[1] : "";
  if (target != "byte_stream" && target != "metadata_codec") {
    std::fputs("usage: make_corpus byte_stream|metadata_codec FOLDER\n", stderr);
    return 2;
  }
  const std::vector<std::string> corpus = target == "byte_stream" ? rota::fuzz::ByteStreamCorpus() : rota::fuzz::MetadataCorpus();
  for (size_t i = 0; i < corpus.size(); ++i) {
    std::ofstream file(std::string(argv[2]) + "/seed-" + std::to_string(i), std::ios::binary);
    file << corpus[i];
    if (!file.flush()) return 1;
  }
  return 0;
}
