#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "services/files/names.h"
#include "services/files/store.h"

namespace files {

rota::StatusOr<std::unique_ptr<Upload>> Store::BeginUpload(std::string_view name) {
  std::string temporary;
  {
    const std::lock_guard lock(mutex_);
    temporary = std::to_string(next_upload_++);
  }
  Fd file(openat(uploads_.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!file.is_open()) return rota::ErrnoToStatus(errno, "cannot begin the upload of " + Quoted(name));
  return std::unique_ptr<Upload>(new Upload(*this, std::string(name), std::move(temporary), std::move(file)));
}

rota::StatusOr<StoredFile> Store::Publish(const Upload& upload) {
  rota::StatusOr<Fd> parent = rota::InternalError("not opened yet");
  rota::StatusOr<StoredFile> stored = rota::InternalError("not stored yet");
  {
    const std::lock_guard lock(mutex_);
    parent = OpenParent(root_, upload.name_, Missing::kIsMade);
    if (!parent.ok()) return std::move(parent).status();
    struct stat there;
    const std::string last = LastPart(upload.name_);
    if (fstatat(parent->get(), last.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(there.st_mode)) {
      if (S_ISDIR(there.st_mode)) return rota::FailedPreconditionError(Quoted(upload.name_) + " is a folder");
      // A link is told as it is told to those who read it.
      return StatIn(*parent, upload.name_);
    }
    if (renameat(uploads_.get(), upload.temporary_name_.c_str(), parent->get(), last.c_str()) != 0) {
      const int error = errno;
      RemoveEmptyFolders(upload.name_);
      return rota::ErrnoToStatus(error, "cannot store " + Quoted(upload.name_));
    }
    stored = StatIn(*parent, upload.name_);
    if (stored.ok()) Tell({.removed = false, .file = *stored});
  }
  ROTA_RETURN_IF_ERROR(Sync(*parent, upload.name_));
  return stored;
}

Upload::Upload(Store& store, std::string name, std::string temporary_name, Fd file)
    : store_(store), name_(std::move(name)), temporary_name_(std::move(temporary_name)), file_(std::move(file)) {}

Upload::~Upload() {
  if (!temporary_name_.empty()) unlinkat(store_.uploads_.get(), temporary_name_.c_str(), 0);
}

rota::Status Upload::Write(std::string_view bytes) {
  hash_.Add(bytes);
  while (!bytes.empty()) {
    const ssize_t n = write(file_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return rota::ErrnoToStatus(errno, "cannot write " + Quoted(name_));
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return rota::OkStatus();
}

rota::StatusOr<StoredFile> Upload::Commit() {
  // The content first: a crash after the rename must not leave a name without it.
  ROTA_RETURN_IF_ERROR(Sync(file_, name_));
  rota::StatusOr<StoredFile> stored = store_.Publish(*this);
  if (!stored.ok()) return stored;
  temporary_name_.clear();
  sha256_ = hash_.Finish();
  return stored;
}

}  // namespace files
