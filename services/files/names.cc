#include "services/files/names.h"

namespace files {
namespace {

constexpr size_t kMaxShownBytes = 128;

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

// The length of the character that begins `text` in UTF-8, or 0 when it is none (RFC 3629, section 4).
size_t CharacterBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const size_t bytes = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < bytes) return 0;
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  if (byte(0) == 0xe0 && byte(1) < 0xa0) return 0;
  if (byte(0) == 0xed && byte(1) > 0x9f) return 0;
  if (byte(0) == 0xf0 && byte(1) < 0x90) return 0;
  if (byte(0) == 0xf4 && byte(1) > 0x8f) return 0;
  return bytes;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t bytes = CharacterBytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::string_view ProblemOfPart(std::string_view part) {
  if (part.empty()) return "has an empty part";
  if (part == "." || part == "..") return "has a part '.' or '..'";
  if (part.size() > kMaxPartBytes) return "has a part of more than 255 bytes";
  return "";
}

std::string_view ProblemOfName(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > kMaxNameBytes) return "has more than 1024 bytes";
  if (name.front() == '/') return "begins with a slash";
  for (const char c : name) {
    if (IsControl(c)) return "has a control character";
  }
  if (!IsUtf8(name)) return "is not UTF-8";
  const std::vector<std::string_view> parts = NameParts(name);
  if (parts.size() > kMaxParts) return "has more than 32 parts";
  if (parts.front() == kUploadFolder) return "lies in the folder of uploads";
  for (const std::string_view part : parts) {
    if (const std::string_view problem = ProblemOfPart(part); !problem.empty()) return problem;
  }
  return "";
}

}  // namespace

rota::Status CheckName(std::string_view name) {
  const std::string_view problem = ProblemOfName(name);
  if (problem.empty()) return rota::OkStatus();
  return rota::InvalidArgumentError("the file name " + Quoted(name) + " " + std::string(problem));
}

std::vector<std::string_view> NameParts(std::string_view name) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t slash = name.find('/');
    parts.push_back(name.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    name.remove_prefix(slash + 1);
  }
}

std::string Quoted(std::string_view name) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "'";
  for (const char c : name.substr(0, kMaxShownBytes)) {
    if (IsControl(c) || static_cast<unsigned char>(c) >= 0x80) {
      const auto byte = static_cast<unsigned char>(c);
      text += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      text += c;
    }
  }
  return text + (name.size() > kMaxShownBytes ? "...'" : "'");
}

}  // namespace files
