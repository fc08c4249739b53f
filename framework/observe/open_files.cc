#include "framework/observe/open_files.h"

#include <dirent.h>
#include <sys/stat.h>

#include <memory>

namespace rota::observe {
namespace {

constexpr const char* kFolder = "/proc/self/fd";

}  // namespace

std::optional<size_t> CountOpenFiles() {
  struct stat folder{};
  if (stat(kFolder, &folder) != 0) return std::nullopt;
  // An older Linux says 0.
  return folder.st_size > 0 ? static_cast<size_t>(folder.st_size) : ListOpenFiles();
}

std::optional<size_t> ListOpenFiles() {
  struct Close {
    void operator()(DIR* folder) const { closedir(folder); }
  };
  const std::unique_ptr<DIR, Close> folder(opendir(kFolder));
  if (folder == nullptr) return std::nullopt;
  size_t count = 0;
  while (const dirent* const entry = readdir(folder.get())) count += entry->d_name[0] != '.' ? 1 : 0;
  // One of them is the folder.
  return count - 1;
}

}  // namespace rota::observe
