#ifndef ROTA_RPC_TYPED_CALL_H_
#define ROTA_RPC_TYPED_CALL_H_

#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "framework/actor/task.h"
#include "framework/context/request_context.h"
#include "framework/rpc/codec.h"
#include "framework/rpc/method_table.h"
#include "framework/rpc/reader.h"
#include "framework/rpc/server_call.h"
#include "framework/rpc/writer.h"

// The calls of each kind of method, and the row of the method table that makes them. For generated sources.
namespace rota {
namespace internal {

// `key` is the accessor of the field that names the actor, or null.
template <auto key, typename Q>
std::string_view KeyOf(const Q& request) {
  if constexpr (std::is_null_pointer_v<decltype(key)>) {
    return {};
  } else {
    return (request.*key)();
  }
}

// A call of one request of type Q, which lies in the call itself.
template <typename Q, auto key>
class OneRequestCall : public ServerCall {
 protected:
  using ServerCall::ServerCall;
  const Q& request() const { return request_; }

 private:
  Status TakeRequest(const Payload& message) final { return Decode(stream().method(), message, request_); }
  std::string_view Key() const final { return KeyOf<key>(request_); }

  Q request_;
};

// A call of many requests of type Q. Only the first one, which may have the key, is decoded before the handler reads it.
template <typename Q, auto key>
class ManyRequestsCall : public ServerCall {
 protected:
  using ServerCall::ServerCall;
  std::optional<Q> TakeFirst() { return std::exchange(first_, std::nullopt); }

 private:
  Status TakeRequest(const Payload& message) final { return Decode(stream().method(), message, first_.emplace()); }
  std::string_view Key() const final { return KeyOf<key>(*first_); }

  std::optional<Q> first_;
};

// What the signature of `handler`, a pointer to a method of an actor, says: the kind of the method, and the call.
template <auto handler, auto key>
struct MethodOf;

template <typename A, typename Q, typename R, Task<R> (A::*handler)(RequestContext&, const Q&), auto key>
struct MethodOf<handler, key> {
  static constexpr MethodKind kKind = MethodKind::kUnary;
  using Actor = A;
  using Request = Q;
  using Response = R;

  class CallType final : public OneRequestCall<Q, key> {
   public:
    using OneRequestCall<Q, key>::OneRequestCall;
    Task<void> Handle(rota::Actor& actor, RequestContext& context) override {
      try {
        Task<R> task = (static_cast<A&>(actor).*handler)(context, this->request());
        co_await this->Send(co_await internal::Refer(task));
      } catch (...) {
        this->NoteException();
        throw;
      }
    }
  };
};

template <typename A, typename Q, typename R, Task<void> (A::*handler)(RequestContext&, const Q&, Writer<R>&), auto key>
struct MethodOf<handler, key> {
  static constexpr MethodKind kKind = MethodKind::kServerStream;

  class CallType final : public OneRequestCall<Q, key> {
   public:
    using OneRequestCall<Q, key>::OneRequestCall;
    Task<void> Handle(rota::Actor& actor, RequestContext& context) override {
      try {
        Writer<R> out(this->stream());
        co_await (static_cast<A&>(actor).*handler)(context, this->request(), out);
      } catch (...) {
        this->NoteException();
        throw;
      }
    }
  };
};

template <typename A, typename Q, typename R, Task<R> (A::*handler)(RequestContext&, Reader<Q>&), auto key>
struct MethodOf<handler, key> {
  static constexpr MethodKind kKind = MethodKind::kClientStream;

  class CallType final : public ManyRequestsCall<Q, key> {
   public:
    using ManyRequestsCall<Q, key>::ManyRequestsCall;
    Task<void> Handle(rota::Actor& actor, RequestContext& context) override {
      try {
        Reader<Q> in(this->stream(), this->TakeFirst());
        Task<R> task = (static_cast<A&>(actor).*handler)(context, in);
        co_await this->Send(co_await internal::Refer(task));
      } catch (...) {
        this->NoteException();
        throw;
      }
    }
  };
};

template <typename A, typename Q, typename R, Task<void> (A::*handler)(RequestContext&, Reader<Q>&, Writer<R>&), auto key>
struct MethodOf<handler, key> {
  static constexpr MethodKind kKind = MethodKind::kBidi;

  class CallType final : public ManyRequestsCall<Q, key> {
   public:
    using ManyRequestsCall<Q, key>::ManyRequestsCall;
    Task<void> Handle(rota::Actor& actor, RequestContext& context) override {
      try {
        Reader<Q> in(this->stream(), this->TakeFirst());
        Writer<R> out(this->stream());
        co_await (static_cast<A&>(actor).*handler)(context, in, out);
      } catch (...) {
        this->NoteException();
        throw;
      }
    }
  };
};

}  // namespace internal

// A row of a method table. `handler` is the method of the generated actor, `key` the accessor of the field of the request
// that names the actor: Method<&FilesActor::Stat, &StatRequest::name>("files.v1.Files/Stat", "name").
template <auto handler, auto key = nullptr>
constexpr MethodInfo Method(std::string_view full_name, std::string_view key_field = {}) {
  using Row = internal::MethodOf<handler, key>;
  return MethodInfo{.full_name = full_name, .kind = Row::kKind, .key_field = key_field, .make_call = [](const CallParts& parts) -> ServerCall* {
                      return new typename Row::CallType(parts);
                    }};
}

}  // namespace rota

#endif  // ROTA_RPC_TYPED_CALL_H_
