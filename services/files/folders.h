#ifndef ROTA_SERVICES_FILES_FOLDERS_H_
#define ROTA_SERVICES_FILES_FOLDERS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/rota.h"

namespace files {

// An open file descriptor, or none.
// Thread: a value.
// Owner:  closes it.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Fd();

  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

struct StoredFile {
  std::string name;
  uint64_t size = 0;
  int64_t modified_ns = 0;  // since 1970, UTC
};

// What a walk does where a folder of the name is missing.
enum class Missing { kFails, kIsMade };

// Opens the folder that holds the file `name`, going down from `root` part by part without following a symbolic link, so
// it cannot leave the root whatever happens to the tree meanwhile. A folder that is made is on disk when it returns.
// Thread: any; blocks. With kIsMade one at a time.
// Errors: NOT_FOUND, PERMISSION_DENIED for a link, FAILED_PRECONDITION where a file stands in place of a folder to be made.
rota::StatusOr<Fd> OpenParent(const Fd& root, std::string_view name, Missing missing);

// What `name`, the last part of which lies in `parent`, is.
// Errors: NOT_FOUND when nothing or a folder is there, PERMISSION_DENIED for a link, FAILED_PRECONDITION for other things.
rota::StatusOr<StoredFile> StatIn(const Fd& parent, std::string_view name);

// The regular files below `root` whose names begin with `prefix` and come after `after`, in the byte order of their names,
// at most `limit`. Leaves out what no name can address. Reads each folder on the way as a whole.
rota::StatusOr<std::vector<StoredFile>> ListFiles(const Fd& root, std::string_view prefix, std::string_view after, size_t limit);

// The last part of a name.
std::string LastPart(std::string_view name);

// Writes what changed in an open file or folder to the disk.
rota::Status Sync(const Fd& file, std::string_view what);

}  // namespace files

#endif  // ROTA_SERVICES_FILES_FOLDERS_H_
