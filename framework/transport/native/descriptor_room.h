#ifndef ROTA_TRANSPORT_NATIVE_DESCRIPTOR_ROOM_H_
#define ROTA_TRANSPORT_NATIVE_DESCRIPTOR_ROOM_H_

#include <cstddef>

#include "framework/loop/event_loop.h"

namespace rota::native {

// Room for descriptors, made before connections come.
// Thread: loop.
// Owner:  the server.
class DescriptorRoom {
 public:
  // How many states are made at once: as many as there are, within these. The ends of a row share their pages with others.
  static constexpr size_t kAtOnce = 64;
  static constexpr size_t kMostAtOnce = 512;
  // 8 bytes each, in the system.
  static constexpr size_t kReserved = 16 << 10;

  explicit DescriptorRoom(EventLoop& loop) : loop_(loop) {}

  // Has the system make room for kReserved descriptors, or as many as the process may open. Otherwise its table doubles whenever
  // a descriptor finds no place, and where the process has threads the one that opens it is held up until every processor has
  // gone through its scheduler: 7 to 17 ms each time, seen at 64, 128, 256 and 512 connections. Blocks for as long, once.
  // Source: expand_fdtable() in fs/file.c of Linux, synchronize_rcu().
  void Reserve();

  // Has Asio make its states of descriptors side by side. Asio keeps the state of every descriptor that it has ever watched,
  // less than 200 bytes each, for the next one, and frees none. Made one by one, as connections come, each lies between the
  // memory of two connections, and when those are gone it keeps a page of 4 KiB from going back to the system.
  // Source: boost/asio/detail/object_pool.hpp and epoll_reactor.hpp (1.81).
  // `open` descriptors are about to be watched at once. Costs something only when there were never that many. Without a free
  // descriptor it does nothing.
  void Ensure(size_t open) {
    if (open > made_) Make();
  }

 private:
  void Make();

  EventLoop& loop_;
  size_t made_ = 0;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_DESCRIPTOR_ROOM_H_
