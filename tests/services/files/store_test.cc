#include "services/files/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace files {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    std::string name = ::testing::TempDir() + "/store-XXXXXX";
    root_ = mkdtemp(name.data());
    store_ = *Store::Open(root_.string());
  }
  ~StoreTest() override {
    store_.reset();
    std::filesystem::remove_all(root_);
  }

  rota::StatusOr<StoredFile> Put(const std::string& name, std::string_view content) {
    rota::StatusOr<std::unique_ptr<Upload>> upload = store_->BeginUpload(name);
    if (!upload.ok()) return std::move(upload).status();
    ROTA_RETURN_IF_ERROR((*upload)->Write(content));
    return (*upload)->Commit();
  }
  std::string OnDisk(const std::string& name) {
    std::ifstream file(root_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  size_t Leftovers() {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(root_ / ".rota-tmp"), {}));
  }
  std::vector<std::string> Names(std::string_view prefix = "", std::string_view after = "", size_t limit = 100) {
    std::vector<std::string> names;
    const std::vector<StoredFile> files = *store_->List(prefix, after, limit);
    for (const StoredFile& file : files) names.push_back(file.name);
    return names;
  }

  std::filesystem::path root_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, AFileIsThereOnceItsUploadIsCommittedAndNotBefore) {
  std::unique_ptr<Upload> upload = *store_->BeginUpload("a");
  ASSERT_TRUE(upload->Write("hello ").ok());
  ASSERT_TRUE(upload->Write("world").ok());
  EXPECT_EQ(store_->Stat("a").status().code(), rota::StatusCode::kNotFound);
  EXPECT_THAT(Names(), IsEmpty());

  const rota::StatusOr<StoredFile> stored = upload->Commit();
  ASSERT_TRUE(stored.ok()) << stored.status().ToString();
  EXPECT_EQ(stored->size, 11u);
  EXPECT_EQ(upload->sha256(), "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
  EXPECT_EQ(OnDisk("a"), "hello world");
  EXPECT_EQ(store_->Stat("a")->size, 11u);
  EXPECT_EQ(Leftovers(), 0u);
}

TEST_F(StoreTest, AnUploadThatIsDroppedLeavesNothing) {
  {
    const std::unique_ptr<Upload> upload = *store_->BeginUpload("folder/a");
    ASSERT_TRUE(upload->Write("half").ok());
    EXPECT_EQ(Leftovers(), 1u);
  }
  EXPECT_EQ(Leftovers(), 0u);
  EXPECT_FALSE(std::filesystem::exists(root_ / "folder"));
}

TEST_F(StoreTest, WhatACrashLeftIsRemovedAtTheStart) {
  store_.reset();
  std::ofstream(root_ / ".rota-tmp" / "7") << "half of a file";
  store_ = *Store::Open(root_.string());
  EXPECT_EQ(Leftovers(), 0u);
  EXPECT_TRUE(Put("a", "x").ok());
}

TEST_F(StoreTest, AReaderKeepsTheFileItOpened) {
  ASSERT_TRUE(Put("a", "old").ok());
  const OpenedFile opened = *store_->OpenFile("a");
  ASSERT_TRUE(Put("a", "new content").ok());
  EXPECT_EQ(*opened.Read(0, 100), "old");
  ASSERT_TRUE(store_->Remove("a").ok());
  EXPECT_EQ(*opened.Read(1, 1), "l");
  EXPECT_EQ(*opened.Read(3, 10), "");
  EXPECT_EQ(opened.file.size, 3u);
}

TEST_F(StoreTest, FoldersComeWithTheirFirstFileAndGoWithTheirLast) {
  ASSERT_TRUE(Put("a/b/one", "1").ok());
  ASSERT_TRUE(Put("a/two", "2").ok());
  ASSERT_TRUE(store_->Remove("a/b/one").ok());
  EXPECT_FALSE(std::filesystem::exists(root_ / "a/b"));
  EXPECT_THAT(Names(), ElementsAre("a/two"));
  ASSERT_TRUE(store_->Remove("a/two").ok());
  EXPECT_FALSE(std::filesystem::exists(root_ / "a"));
  EXPECT_TRUE(Put("a", "now a file").ok());
}

TEST_F(StoreTest, WhatIsNotThereIsNamed) {
  EXPECT_EQ(store_->Stat("no/such").status(), rota::NotFoundError("there is no file 'no/such'"));
  EXPECT_EQ(store_->OpenFile("none").status(), rota::NotFoundError("there is no file 'none'"));
  EXPECT_EQ(store_->Remove("none"), rota::NotFoundError("there is no file 'none'"));
}

TEST_F(StoreTest, AFileInPlaceOfAFolderIsNamed) {
  ASSERT_TRUE(Put("a", "x").ok());
  EXPECT_EQ(Put("a/b", "y").status(), rota::FailedPreconditionError("'a' in the file name 'a/b' is a file, not a folder"));
  EXPECT_EQ(store_->Stat("a/b").status().code(), rota::StatusCode::kNotFound);
  ASSERT_TRUE(Put("f/b", "y").ok());
  EXPECT_EQ(Put("f", "z").status(), rota::FailedPreconditionError("'f' is a folder"));
  EXPECT_EQ(store_->Remove("f"), rota::NotFoundError("'f' is a folder, not a file"));
  EXPECT_EQ(Leftovers(), 0u);
}

TEST_F(StoreTest, SymbolicLinksLeadNowhere) {
  const std::string outside = ::testing::TempDir() + "/outside-" + std::to_string(getpid());
  std::filesystem::create_directory(outside);
  std::ofstream(outside + "/secret") << "secret";
  std::filesystem::create_symlink(outside, root_ / "folder");
  std::filesystem::create_symlink(outside + "/secret", root_ / "file");

  for (const char* name : {"folder/secret", "file"}) {
    EXPECT_EQ(store_->Stat(name).status().code(), rota::StatusCode::kPermissionDenied) << name;
    EXPECT_EQ(store_->OpenFile(name).status().code(), rota::StatusCode::kPermissionDenied) << name;
    EXPECT_EQ(store_->Remove(name).code(), rota::StatusCode::kPermissionDenied) << name;
    EXPECT_EQ(Put(name, "x").status().code(), rota::StatusCode::kPermissionDenied) << name;
  }
  EXPECT_THAT(store_->Stat("folder/secret").status().ToString(), HasSubstr("'folder/secret' leads through a symbolic link"));
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(outside), {}), 1);
  std::filesystem::remove_all(outside);
}

TEST_F(StoreTest, AFifoIsNoFileAndDoesNotHangItsReader) {
  ASSERT_EQ(mkfifo((root_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(store_->OpenFile("fifo").status(), rota::FailedPreconditionError("'fifo' is not a regular file"));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(StoreTest, ListsInTheOrderOfTheNamesPageByPage) {
  for (const char* name : {"b", "a/z", "a.txt", "a/b/c", "ab", "a-1"}) ASSERT_TRUE(Put(name, name).ok());
  EXPECT_THAT(Names(), ElementsAre("a-1", "a.txt", "a/b/c", "a/z", "ab", "b"));
  EXPECT_THAT(Names("", "", 2), ElementsAre("a-1", "a.txt"));
  EXPECT_THAT(Names("", "a.txt", 2), ElementsAre("a/b/c", "a/z"));
  EXPECT_THAT(Names("", "a/b/c", 100), ElementsAre("a/z", "ab", "b"));
  EXPECT_THAT(Names("a/"), ElementsAre("a/b/c", "a/z"));
  EXPECT_THAT(Names("a/b"), ElementsAre("a/b/c"));
  EXPECT_THAT(Names("x"), IsEmpty());
}

TEST_F(StoreTest, TheListenerHearsChangesInTheirOrder) {
  std::vector<std::string> heard;
  store_->SetListener([&](const Store::Change& change) { heard.push_back((change.removed ? "-" : "+") + change.file.name); });
  ASSERT_TRUE(Put("a", "x").ok());
  ASSERT_TRUE(Put("a", "y").ok());
  ASSERT_TRUE(store_->Remove("a").ok());
  EXPECT_FALSE(store_->Remove("a").ok());
  store_->SetListener(nullptr);
  ASSERT_TRUE(Put("b", "x").ok());
  EXPECT_THAT(heard, ElementsAre("+a", "+a", "-a"));
}

TEST_F(StoreTest, PutsAndRemovesFromManyThreadsDoNotDisturbEachOther) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([this, thread] {
      for (int i = 0; i < 25; ++i) {
        // All share the folders, which come and go.
        const std::string name = "shared/deep/" + std::to_string(thread);
        EXPECT_TRUE(Put(name, name).ok());
        EXPECT_TRUE(store_->Remove(name).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(root_ / "shared"));
}

TEST_F(StoreTest, ARootThatIsServedAlreadyIsRefused) {
  const rota::Status status = Store::Open(root_.string()).status();
  EXPECT_EQ(status, rota::FailedPreconditionError("root folder '" + root_.string() + "' is served by another process"));
}

TEST_F(StoreTest, ARootThatIsMissingOrNoFolderIsNamedWhole) {
  const std::string deep = "/no" + std::string(200, 'x') + "/such/folder";
  EXPECT_EQ(Store::Open(deep).status(), rota::NotFoundError("root folder '" + deep + "': No such file or directory"));
  EXPECT_EQ(Store::Open("/no/such/folder").status(), rota::NotFoundError("root folder '/no/such/folder': No such file or directory"));
  ASSERT_TRUE(Put("a", "x").ok());
  EXPECT_THAT(Store::Open((root_ / "a").string()).status().ToString(), HasSubstr((root_ / "a").string()));
}

// Somebody whom file permissions bind, while it lives: root may do everything.
class Unprivileged {
 public:
  Unprivileged() : was_(geteuid()) {
    if (was_ == 0 && seteuid(65534) != 0) ADD_FAILURE() << "root cannot become nobody here";
  }
  ~Unprivileged() {
    if (geteuid() != was_) EXPECT_EQ(seteuid(was_), 0);
  }

 private:
  const uid_t was_;
};

TEST_F(StoreTest, ARootThatMayNotBeReadOrWrittenIsNamed) {
  // By relative names, as the folders above may be closed to others.
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(root_);
  ASSERT_EQ(chmod(root_.c_str(), 0755), 0);
  ASSERT_EQ(mkdir("closed", 0000), 0);
  ASSERT_EQ(mkdir("locked", 0555), 0);
  ASSERT_EQ(chmod("locked", 0555), 0);
  {
    const Unprivileged nobody;
    EXPECT_EQ(Store::Open("closed").status(), rota::PermissionDeniedError("root folder 'closed': Permission denied"));
    EXPECT_EQ(Store::Open("locked").status(), rota::PermissionDeniedError("root folder 'locked' cannot be written: Permission denied"));
  }
  chmod("closed", 0700);
  chmod("locked", 0700);
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace files
