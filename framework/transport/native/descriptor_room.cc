#include "framework/transport/native/descriptor_room.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include "framework/loop/asio.h"

namespace rota::native {

void DescriptorRoom::Reserve() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const int last = fcntl(fd, F_DUPFD_CLOEXEC, static_cast<int>(std::min<rlim_t>(limit.rlim_cur, kReserved)) - 1);
  if (last >= 0) close(last);
  close(fd);
}

void DescriptorRoom::Make() {
  // Nobody can wait for /dev/null, which Asio takes for a descriptor that is always ready: so one serves for all of them, and
  // epoll hears of none.
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const size_t count = std::clamp(made_, kAtOnce, kMostAtOnce);
  std::vector<boost::asio::posix::stream_descriptor> descriptors;
  descriptors.reserve(count);
  boost::system::error_code error;
  while (descriptors.size() < count && !error) descriptors.emplace_back(IoContext(loop_)).assign(fd, error);
  for (auto& descriptor : descriptors) {
    if (descriptor.is_open()) descriptor.release();
  }
  close(fd);
  made_ += count;
}

}  // namespace rota::native
