#include "services/files/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "services/files/names.h"

namespace files {
namespace {

// What a crash left of uploads. The folder is ours alone: it is locked.
rota::Status RemoveLeftovers(const Fd& uploads, const std::string& root) {
  DIR* const folder = fdopendir(openat(uploads.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder == nullptr) return rota::ErrnoToStatus(errno, "cannot read the folder of uploads in " + Quoted(root));
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] != '.') unlinkat(uploads.get(), entry->d_name, 0);
  }
  closedir(folder);
  return rota::OkStatus();
}

}  // namespace

rota::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& root) {
  // Whole: it was typed by the operator, who has to find the fault in it.
  const std::string what = "root folder '" + root + "'";
  Fd folder(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return rota::ErrnoToStatus(errno, what);
  const std::string uploads_name(kUploadFolder);
  if (mkdirat(folder.get(), uploads_name.c_str(), 0700) != 0 && errno != EEXIST) {
    return rota::ErrnoToStatus(errno, what + " cannot be written");
  }
  Fd uploads(openat(folder.get(), uploads_name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!uploads.is_open() || faccessat(folder.get(), uploads_name.c_str(), W_OK | X_OK, 0) != 0) {
    return rota::ErrnoToStatus(errno, what + ": its folder of uploads " + Quoted(uploads_name));
  }
  if (flock(uploads.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return rota::FailedPreconditionError(what + " is served by another process");
    return rota::ErrnoToStatus(errno, what + " cannot be locked");
  }
  ROTA_RETURN_IF_ERROR(RemoveLeftovers(uploads, root));
  return std::unique_ptr<Store>(new Store(std::move(folder), std::move(uploads)));
}

rota::StatusOr<StoredFile> Store::Stat(std::string_view name) const {
  const rota::StatusOr<Fd> parent = OpenParent(root_, name, Missing::kFails);
  if (!parent.ok()) return parent.status();
  return StatIn(*parent, name);
}

rota::StatusOr<OpenedFile> Store::OpenFile(std::string_view name) const {
  const rota::StatusOr<Fd> parent = OpenParent(root_, name, Missing::kFails);
  if (!parent.ok()) return parent.status();
  rota::StatusOr<StoredFile> file = StatIn(*parent, name);
  if (!file.ok()) return std::move(file).status();
  // O_NONBLOCK: should somebody put a FIFO here meanwhile, opening it must not hang.
  Fd fd(openat(parent->get(), LastPart(name).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status;
  if (!fd.is_open() || fstat(fd.get(), &status) != 0) return rota::ErrnoToStatus(errno, "cannot open " + Quoted(name));
  if (!S_ISREG(status.st_mode)) return rota::FailedPreconditionError(Quoted(name) + " is not a regular file");
  // Of the file that was opened, which may be a newer one than was looked at.
  file->size = static_cast<uint64_t>(status.st_size);
  file->modified_ns = int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  return OpenedFile{std::move(fd), *std::move(file)};
}

rota::StatusOr<std::string> OpenedFile::Read(uint64_t offset, size_t limit) const {
  std::string bytes(limit, '\0');
  size_t done = 0;
  while (done < limit) {
    const ssize_t n = pread(fd.get(), bytes.data() + done, limit - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return rota::ErrnoToStatus(errno, "cannot read " + Quoted(file.name));
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

rota::StatusOr<std::vector<StoredFile>> Store::List(std::string_view prefix, std::string_view after, size_t limit) const {
  return ListFiles(root_, prefix, after, limit);
}

rota::Status Store::Remove(std::string_view name) {
  rota::StatusOr<Fd> parent = OpenParent(root_, name, Missing::kFails);
  if (!parent.ok()) return std::move(parent).status();
  {
    const std::lock_guard lock(mutex_);
    if (rota::StatusOr<StoredFile> file = StatIn(*parent, name); !file.ok()) return std::move(file).status();
    if (unlinkat(parent->get(), LastPart(name).c_str(), 0) != 0) return rota::ErrnoToStatus(errno, "cannot remove " + Quoted(name));
    Tell({.removed = true, .file = {.name = std::string(name)}});
    RemoveEmptyFolders(name);
  }
  return Sync(*parent, name);
}

void Store::RemoveEmptyFolders(std::string_view name) {
  for (size_t slash; (slash = name.rfind('/')) != std::string_view::npos;) {
    name = name.substr(0, slash);
    const rota::StatusOr<Fd> parent = OpenParent(root_, name, Missing::kFails);
    // The first one that is not empty ends it.
    if (!parent.ok() || unlinkat(parent->get(), LastPart(name).c_str(), AT_REMOVEDIR) != 0) return;
  }
}

void Store::SetListener(std::function<void(const Change&)> listener) {
  const std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

}  // namespace files
