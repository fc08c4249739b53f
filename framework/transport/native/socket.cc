#include "framework/transport/native/socket.h"

#include <sys/socket.h>

#include <cerrno>

namespace rota::native {
namespace {

bool IsForNow(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

Socket::Result Socket::Read(std::span<uint8_t> buffer) {
  const ssize_t size = recv(fd(), buffer.data(), buffer.size(), 0);
  // Less than there was room for: a stream socket has no more now.
  if (size < 0 ? errno == EAGAIN : static_cast<size_t>(size) < buffer.size()) Drained();
  if (size > 0) return {.bytes = static_cast<size_t>(size), .drained = static_cast<size_t>(size) < buffer.size()};
  if (size < 0 && IsForNow(errno)) return {.drained = true};
  return {.ended = true, .drained = true};
}

Socket::Result Socket::Write(std::span<const iovec> pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  // Not a signal when the peer is gone.
  const ssize_t size = sendmsg(fd(), &message, MSG_NOSIGNAL);
  if (size < 0) return {.ended = !IsForNow(errno), .full = true};
  size_t wanted = 0;
  for (const iovec& piece : pieces) wanted += piece.iov_len;
  return {.bytes = static_cast<size_t>(size), .full = static_cast<size_t>(size) < wanted};
}

void Socket::EndOutput() { shutdown(fd(), SHUT_WR); }

}  // namespace rota::native
