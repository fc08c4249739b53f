#ifndef ROTA_BASE_EXPOSE_H_
#define ROTA_BASE_EXPOSE_H_

namespace rota {

// Names a private member of a class of a library: an explicit instantiation may ([temp.spec.general] in C++20, paragraph 6). With
//
//     struct AsioQueue {
//       friend constexpr auto MemberOf(AsioQueue);
//     };
//     template struct Expose<AsioQueue, &scheduler::op_queue_>;
//
// in namespace rota, the queue is `asio.*MemberOf(AsioQueue())`. For what a library offers in no other way (docs/adr, 0009 and 0013); a test of
// each place shows that the member still means the same.
template <typename Tag, auto Member>
struct Expose {
  friend constexpr auto MemberOf(Tag) { return Member; }
};

}  // namespace rota

#endif  // ROTA_BASE_EXPOSE_H_
