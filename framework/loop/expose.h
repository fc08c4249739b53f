#ifndef ROTA_LOOP_EXPOSE_H_
#define ROTA_LOOP_EXPOSE_H_

namespace rota {

// Names a private member of a class of Asio: an explicit instantiation may ([temp.spec.general] in C++20, paragraph 6). With
//
//     struct AsioQueue {
//       friend constexpr auto MemberOf(AsioQueue);
//     };
//     template struct Expose<AsioQueue, &scheduler::op_queue_>;
//
// in namespace rota, the queue is `asio.*MemberOf(AsioQueue())`. docs/adr/0009-asio-driven-from-its-queue.md says what this is for.
template <typename Tag, auto Member>
struct Expose {
  friend constexpr auto MemberOf(Tag) { return Member; }
};

}  // namespace rota

#endif  // ROTA_LOOP_EXPOSE_H_
