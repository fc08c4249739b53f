#ifndef ROTA_SERVICES_FILES_STORE_H_
#define ROTA_SERVICES_FILES_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "framework/rota.h"
#include "services/files/folders.h"
#include "services/files/sha256.h"

namespace files {

class Store;

// A file that grows out of sight until it is committed. Destroyed without that, it leaves nothing.
// Thread: any, one at a time; blocks, also in the destructor.
// Owner:  whoever uploads. Must not outlive its store.
class Upload {
 public:
  ~Upload();
  Upload(const Upload&) = delete;

  rota::Status Write(std::string_view bytes);
  // Puts the file under its name in one step, in place of what was there. On success it is on disk. Once.
  rota::StatusOr<StoredFile> Commit();
  // SHA-256 of what was written, after Commit().
  const std::string& sha256() const { return sha256_; }

 private:
  friend class Store;
  Upload(Store& store, std::string name, std::string temporary_name, Fd file);

  Store& store_;
  const std::string name_;
  std::string temporary_name_;  // empty once committed
  Fd file_;
  Sha256 hash_;
  std::string sha256_;
};

// A file as it was when it was opened: one that is stored anew or removed later is another file.
struct OpenedFile {
  Fd fd;
  StoredFile file;

  // The bytes from `offset` on, at most `limit`; none at the end.
  rota::StatusOr<std::string> Read(uint64_t offset, size_t limit) const;
};

// The files below one folder. Names must have passed CheckName().
// Thread: any; every function blocks. Belongs on workers.
// Owner:  main().
// Errors: see folders.h.
class Store {
 public:
  // What changed: the file that was stored, or the name of one that was removed.
  struct Change {
    bool removed = false;
    StoredFile file;
  };

  // Locks `root` against other processes and removes what broken uploads left there.
  // Errors: name `root`; FAILED_PRECONDITION when another process serves it.
  static rota::StatusOr<std::unique_ptr<Store>> Open(const std::string& root);

  rota::StatusOr<StoredFile> Stat(std::string_view name) const;
  rota::StatusOr<OpenedFile> OpenFile(std::string_view name) const;
  rota::StatusOr<std::vector<StoredFile>> List(std::string_view prefix, std::string_view after, size_t limit) const;
  rota::StatusOr<std::unique_ptr<Upload>> BeginUpload(std::string_view name);
  // The folders that this leaves empty go, too.
  rota::Status Remove(std::string_view name);

  // Hears of every change, in the order in which they happen, on the thread that makes it: it must be quick. Null hears
  // nothing any more once this returns.
  void SetListener(std::function<void(const Change&)> listener);

 private:
  friend class Upload;
  Store(Fd root, Fd uploads) : root_(std::move(root)), uploads_(std::move(uploads)) {}

  rota::StatusOr<StoredFile> Publish(const Upload& upload);
  void RemoveEmptyFolders(std::string_view name);
  void Tell(const Change& change) {
    if (listener_) listener_(change);
  }

  // Constant after construction.
  const Fd root_;
  const Fd uploads_;

  // Held while the tree changes, so that changes have an order and a folder is not removed under a file that goes there.
  std::mutex mutex_;
  std::function<void(const Change&)> listener_;  // Guarded by mutex_.
  uint64_t next_upload_ = 1;                     // Guarded by mutex_.
};

}  // namespace files

#endif  // ROTA_SERVICES_FILES_STORE_H_
