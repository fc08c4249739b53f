#ifndef ROTA_TESTS_FUZZ_TARGETS_H_
#define ROTA_TESTS_FUZZ_TARGETS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// What is fuzzed, apart from what drives it: libFuzzer (byte_stream_fuzz, metadata_codec_fuzz) or a test that changes the
// inputs of the corpus at random (corpus_test).
namespace rota::fuzz {

// Gives `input` to a server of the native transport as what a peer sends on one connection, which then goes away. The first
// byte says how: whether a valid preface comes before, how it is cut, whether time passes. Stops the process when a call is
// left afterwards; the rest is for the sanitizers to find.
void ServeBytes(const uint8_t* input, size_t size);
// How many calls that made so far: inputs that never get past the first frame find nothing.
uint64_t CallsBegun();
// And how many the transport refused by itself.
uint64_t CallsRefused();
// Of the corpus: a call with a field above 64 KiB, which the transport cuts and whose call it refuses, and one more call behind it,
// which only begins if the end of that field was found.
std::string CutFieldInput();
std::vector<std::string> ByteStreamCorpus();

// Decodes and encodes metadata and status messages. Stops the process when something does not come back as it was.
void CodeMetadata(const uint8_t* input, size_t size);
std::vector<std::string> MetadataCorpus();

}  // namespace rota::fuzz

#endif  // ROTA_TESTS_FUZZ_TARGETS_H_
