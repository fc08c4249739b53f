#include "framework/observe/open_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace rota::observe {
namespace {

TEST(OpenFilesTest, BothWaysCountTheDescriptorsThatAreOpen) {
  const std::optional<size_t> before = CountOpenFiles();
  ASSERT_TRUE(before.has_value());
  EXPECT_EQ(ListOpenFiles(), before);
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(CountOpenFiles(), *before + 1);
  EXPECT_EQ(ListOpenFiles(), *before + 1);
  close(fd);
  EXPECT_EQ(CountOpenFiles(), before);
  EXPECT_EQ(ListOpenFiles(), before);
}

}  // namespace
}  // namespace rota::observe
