#ifndef ROTA_SERVICES_FILES_NAMES_H_
#define ROTA_SERVICES_FILES_NAMES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "framework/rota.h"

namespace files {

// The folder below the root in which uploads grow. No name leads into it.
inline constexpr std::string_view kUploadFolder = ".rota-tmp";
inline constexpr size_t kMaxNameBytes = 1024;
inline constexpr size_t kMaxPartBytes = 255;  // NAME_MAX of Linux
inline constexpr size_t kMaxParts = 32;

// All of this works on text alone. Thread: any.

// OK when `name` says where a file lies below the root, by its text alone; symbolic links on the way are the business of
// Store. Otherwise INVALID_ARGUMENT with a message that shows the name and says what is wrong with it.
rota::Status CheckName(std::string_view name);

// "a/b/c" to {"a", "b", "c"}. The views last as long as `name`.
std::vector<std::string_view> NameParts(std::string_view name);

// 'name' in quotes, for messages: what is no printable ASCII character as \x1f, long names shortened.
std::string Quoted(std::string_view name);

}  // namespace files

#endif  // ROTA_SERVICES_FILES_NAMES_H_
