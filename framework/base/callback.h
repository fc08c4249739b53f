#ifndef ROTA_BASE_CALLBACK_H_
#define ROTA_BASE_CALLBACK_H_

#include <cstddef>
#include <functional>
#include <new>
#include <type_traits>
#include <utility>

namespace rota {

template <typename Signature>
class UniqueFunction;

// A move-only std::function: owns a callable, may hold move-only captures, and keeps callables of up to
// kInlineBytes inside of itself, so that the usual closure of a few pointers costs no allocation.
// Thread: a value. Calling an empty one is undefined; test it with operator bool.
template <typename R, typename... Args>
class UniqueFunction<R(Args...)> {
 public:
  static constexpr size_t kInlineBytes = 48;

  UniqueFunction() noexcept = default;
  UniqueFunction(std::nullptr_t) noexcept {}  // NOLINT: implicit, as in std::function
  template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> && std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  UniqueFunction(F&& callable) {  // NOLINT: implicit, as in std::function
    using Callable = std::decay_t<F>;
    if constexpr (FitsInline<Callable>()) {
      ::new (static_cast<void*>(storage_)) Callable(std::forward<F>(callable));
      operations_ = &kInline<Callable>;
    } else {
      ::new (static_cast<void*>(storage_)) Callable*(new Callable(std::forward<F>(callable)));
      operations_ = &kOnHeap<Callable>;
    }
  }
  UniqueFunction(UniqueFunction&& other) noexcept { MoveFrom(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      Reset();
      MoveFrom(other);
    }
    return *this;
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { Reset(); }

  explicit operator bool() const noexcept { return operations_ != nullptr; }
  R operator()(Args... args) { return operations_->call(storage_, std::forward<Args>(args)...); }

 private:
  struct Operations {
    R (*call)(void* storage, Args&&... args);
    void (*relocate)(void* from, void* to) noexcept;
    void (*destroy)(void* storage) noexcept;
  };

  template <typename Callable>
  static constexpr bool FitsInline() {
    return sizeof(Callable) <= kInlineBytes && alignof(Callable) <= alignof(std::max_align_t) &&
           std::is_nothrow_move_constructible_v<Callable>;
  }

  template <typename Callable>
  static constexpr Operations kInline = {
      [](void* storage, Args&&... args) -> R {
        return std::invoke(*static_cast<Callable*>(storage), std::forward<Args>(args)...);
      },
      [](void* from, void* to) noexcept {
        ::new (to) Callable(std::move(*static_cast<Callable*>(from)));
        static_cast<Callable*>(from)->~Callable();
      },
      [](void* storage) noexcept { static_cast<Callable*>(storage)->~Callable(); },
  };

  template <typename Callable>
  static constexpr Operations kOnHeap = {
      [](void* storage, Args&&... args) -> R {
        return std::invoke(**static_cast<Callable**>(storage), std::forward<Args>(args)...);
      },
      [](void* from, void* to) noexcept { ::new (to) Callable*(*static_cast<Callable**>(from)); },
      [](void* storage) noexcept { delete *static_cast<Callable**>(storage); },
  };

  void MoveFrom(UniqueFunction& other) noexcept {
    operations_ = std::exchange(other.operations_, nullptr);
    if (operations_ != nullptr) operations_->relocate(other.storage_, storage_);
  }
  void Reset() noexcept {
    // Cleared first: the destructor of the callable may look at this function again.
    if (const Operations* operations = std::exchange(operations_, nullptr)) operations->destroy(storage_);
  }

  alignas(std::max_align_t) std::byte storage_[kInlineBytes];
  const Operations* operations_ = nullptr;
};

// What the loop runs: takes nothing, returns nothing.
using Callback = UniqueFunction<void()>;

}  // namespace rota

#endif  // ROTA_BASE_CALLBACK_H_
