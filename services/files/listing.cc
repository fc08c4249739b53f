#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "services/files/folders.h"
#include "services/files/names.h"

namespace files {
namespace {

constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

// Goes through the tree in the order of the names: within a folder, another folder stands where its name with a slash
// behind it does, so that "a.txt" comes before "a/b".
class Walk {
 public:
  Walk(std::string_view prefix, std::string_view after, size_t limit) : prefix_(prefix), after_(after), limit_(limit) {}

  rota::Status Visit(const Fd& parent, const std::string& folder_name, const std::string& path) {
    rota::StatusOr<std::vector<std::string>> entries = Entries(parent, folder_name, path);
    if (!entries.ok()) return std::move(entries).status();
    const Fd folder(openat(parent.get(), folder_name.c_str(), kOpenFolder));
    for (const std::string& entry : *entries) {
      if (found_.size() == limit_) break;
      if (!entry.ends_with('/')) {
        AddFile(folder, path + entry);
      } else if (MayHold(path + entry)) {
        ROTA_RETURN_IF_ERROR(Visit(folder, entry.substr(0, entry.size() - 1), path + entry));
      }
    }
    return rota::OkStatus();
  }

  std::vector<StoredFile> TakeFound() { return std::move(found_); }

 private:
  // Sorted; folders end in a slash.
  static rota::StatusOr<std::vector<std::string>> Entries(const Fd& parent, const std::string& name, const std::string& path) {
    std::vector<std::string> entries;
    const int fd = openat(parent.get(), name.c_str(), kOpenFolder);
    // Gone since its parent was read, or replaced by a file.
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return entries;
    const std::unique_ptr<DIR, CloseFolder> folder(fd < 0 ? nullptr : fdopendir(fd));
    if (folder == nullptr) return rota::ErrnoToStatus(errno, "cannot read the folder " + Quoted(path));
    while (const dirent* entry = readdir(folder.get())) {
      const std::string entry_name = entry->d_name;
      if (CheckName(path + entry_name).ok()) entries.push_back(IsFolder(fd, *entry) ? entry_name + "/" : entry_name);
    }
    std::sort(entries.begin(), entries.end());
    return entries;
  }

  static bool IsFolder(int parent, const dirent& entry) {
    if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
    struct stat status;
    return fstatat(parent, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
  }

  bool MayHold(const std::string& folder) const {
    const bool on_the_way = prefix_.starts_with(folder) || folder.starts_with(prefix_);
    return on_the_way && (folder > after_ || after_.starts_with(folder));
  }

  void AddFile(const Fd& folder, const std::string& name) {
    if (!name.starts_with(prefix_) || name <= after_) return;
    // Links and the like are left out, and so is what was removed meanwhile.
    if (rota::StatusOr<StoredFile> file = StatIn(folder, name); file.ok()) found_.push_back(*std::move(file));
  }

  const std::string_view prefix_;
  const std::string_view after_;
  const size_t limit_;
  std::vector<StoredFile> found_;
};

}  // namespace

rota::StatusOr<std::vector<StoredFile>> ListFiles(const Fd& root, std::string_view prefix, std::string_view after, size_t limit) {
  Walk walk(prefix, after, limit);
  ROTA_RETURN_IF_ERROR(walk.Visit(root, ".", ""));
  return walk.TakeFound();
}

}  // namespace files
