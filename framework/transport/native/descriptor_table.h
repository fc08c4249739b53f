#ifndef ROTA_TRANSPORT_NATIVE_DESCRIPTOR_TABLE_H_
#define ROTA_TRANSPORT_NATIVE_DESCRIPTOR_TABLE_H_

#include <cstddef>

namespace rota::native {

// 8 bytes each, in the system.
inline constexpr size_t kReservedDescriptors = 16 << 10;

// Has the system make room for kReservedDescriptors in the table of this process, or as many as it may open, before connections come.
// Otherwise the table doubles whenever a descriptor finds no place, and where the process has threads the one that opens it is held
// up until every processor has gone through its scheduler: 7 to 17 ms each time, seen at 64, 128, 256 and 512 connections. Blocks
// for as long, once. Without a free descriptor it does nothing.
// Thread: any.
// Source: expand_fdtable() in fs/file.c of Linux, synchronize_rcu().
void ReserveDescriptors();

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_DESCRIPTOR_TABLE_H_
