#include <string>
#include <string_view>

#include "framework/base/check.h"
#include "framework/context/metadata.h"
#include "framework/transport/native/metadata_codec.h"
#include "tests/fuzz/targets.h"

namespace rota::fuzz {
namespace {

std::string DecodePercent(std::string_view text) {
  std::string bytes;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      bytes.push_back(text[at]);
      continue;
    }
    ROTA_CHECK(at + 2 < text.size(), "a '%' without two digits");
    bytes.push_back(static_cast<char>(std::stoi(std::string(text.substr(at + 1, 2)), nullptr, 16)));
    at += 2;
  }
  return bytes;
}

void CheckRoundTrips(std::string_view bytes) {
  std::string decoded;
  ROTA_CHECK(native::DecodeBase64(native::EncodeBase64(bytes), decoded) && decoded == bytes, "base64 does not come back as it was");
  const std::string percent = native::EncodePercent(bytes);
  for (const char c : percent) ROTA_CHECK(c >= ' ' && c <= '~', "a status message is not printable");
  ROTA_CHECK(DecodePercent(percent) == bytes, "a status message does not come back as it was");
  ROTA_CHECK(native::IsPlain(bytes) == (percent == bytes), "IsPlain() and EncodePercent() disagree");
}

}  // namespace

// "key\nvalue".
void CodeMetadata(const uint8_t* input, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(input), size);
  const std::string_view key = text.substr(0, text.find('\n'));
  const std::string_view value = key.size() < text.size() ? text.substr(key.size() + 1) : std::string_view();
  CheckRoundTrips(value);
  Metadata received;
  const bool good = native::AddReceived(key, value, received);
  ROTA_CHECK(good || native::IsBinaryKey(key), "a value that is no base64, of a key that wants none");
  for (const auto& [name, bytes] : received) {
    static_cast<void>(native::IsReservedKey(name));
    if (native::WhyNotSendable(name, bytes) != nullptr || !native::IsBinaryKey(name)) continue;
    Metadata again;
    ROTA_CHECK(native::AddReceived(name, native::EncodeBase64(bytes), again) && again.Get(name) == bytes, "metadata does not come back as it was");
  }
}

std::vector<std::string> MetadataCorpus() {
  std::vector<std::string> corpus;
  for (const char* key : {"x-key", "x-key-bin", "grpc-trace-bin", "grpc-timeout", ":path", "-bin", "X-Upper", ""}) {
    for (const char* value : {"", "plain", "AAEC", "AAECAw==", "AAECAw", "q6ur,AAEC,,YQ", "YQ=", "!", "100 % \xc3\xa9\xff\r\n\t", ",", "="}) {
      corpus.push_back(std::string(key) + "\n" + value);
    }
  }
  return corpus;
}

}  // namespace rota::fuzz
