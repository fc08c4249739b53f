#include "services/files/folders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "services/files/names.h"

namespace files {
namespace {

constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

bool IsLink(const Fd& parent, const std::string& part) {
  struct stat status;
  return fstatat(parent.get(), part.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

rota::Status NoSuchFile(std::string_view name) { return rota::NotFoundError("there is no file " + Quoted(name)); }

rota::Status LinkInTheWay(std::string_view name) {
  return rota::PermissionDeniedError("the file name " + Quoted(name) + " leads through a symbolic link");
}

rota::StatusOr<Fd> MakeFolder(const Fd& parent, const std::string& part, std::string_view name) {
  if (mkdirat(parent.get(), part.c_str(), 0777) != 0 && errno != EEXIST) {
    return rota::ErrnoToStatus(errno, "cannot make the folder of " + Quoted(name));
  }
  ROTA_RETURN_IF_ERROR(Sync(parent, name));
  Fd made(openat(parent.get(), part.c_str(), kOpenFolder));
  if (!made.is_open()) return rota::ErrnoToStatus(errno, "cannot open the folder of " + Quoted(name));
  return made;
}

rota::StatusOr<Fd> OpenFolder(const Fd& parent, const std::string& part, std::string_view name, Missing missing) {
  Fd folder(openat(parent.get(), part.c_str(), kOpenFolder));
  if (folder.is_open()) return folder;
  const int error = errno;
  if (error == ENOENT) return missing == Missing::kIsMade ? MakeFolder(parent, part, name) : NoSuchFile(name);
  if (error != ENOTDIR && error != ELOOP) return rota::ErrnoToStatus(error, "cannot open the folder of " + Quoted(name));
  if (IsLink(parent, part)) return LinkInTheWay(name);
  if (missing == Missing::kFails) return NoSuchFile(name);
  return rota::FailedPreconditionError(Quoted(part) + " in the file name " + Quoted(name) + " is a file, not a folder");
}

}  // namespace

Fd::~Fd() {
  if (is_open()) close(number_);
}

rota::StatusOr<Fd> OpenParent(const Fd& root, std::string_view name, Missing missing) {
  Fd folder(openat(root.get(), ".", kOpenFolder));
  if (!folder.is_open()) return rota::ErrnoToStatus(errno, "cannot open the root folder");
  std::vector<std::string_view> parts = NameParts(name);
  parts.pop_back();
  for (const std::string_view part : parts) {
    rota::StatusOr<Fd> next = OpenFolder(folder, std::string(part), name, missing);
    if (!next.ok()) return next;
    folder = *std::move(next);
  }
  return folder;
}

rota::StatusOr<StoredFile> StatIn(const Fd& parent, std::string_view name) {
  struct stat status;
  if (fstatat(parent.get(), LastPart(name).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? NoSuchFile(name) : rota::ErrnoToStatus(errno, "cannot look at " + Quoted(name));
  }
  if (S_ISLNK(status.st_mode)) return LinkInTheWay(name);
  if (S_ISDIR(status.st_mode)) return rota::NotFoundError(Quoted(name) + " is a folder, not a file");
  if (!S_ISREG(status.st_mode)) return rota::FailedPreconditionError(Quoted(name) + " is not a regular file");
  return StoredFile{.name = std::string(name),
                    .size = static_cast<uint64_t>(status.st_size),
                    .modified_ns = int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

std::string LastPart(std::string_view name) { return std::string(NameParts(name).back()); }

rota::Status Sync(const Fd& file, std::string_view what) {
  if (fsync(file.get()) == 0) return rota::OkStatus();
  return rota::ErrnoToStatus(errno, "cannot write " + Quoted(what) + " to the disk");
}

}  // namespace files
