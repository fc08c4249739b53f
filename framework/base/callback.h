#ifndef ROTA_BASE_CALLBACK_H_
#define ROTA_BASE_CALLBACK_H_

#include <cstddef>
#include <cstring>
#include <functional>
#include <new>
#include <type_traits>
#include <utility>

namespace rota {

template <typename Signature>
class UniqueFunction;

// A move-only std::function: owns a callable, may hold move-only captures, and keeps callables of up to
// kInlineBytes inside of itself, so that the usual closure of a few pointers costs no allocation. Moving one whose callable
// is trivially copyable, or lies on the heap, copies bytes and calls nothing.
// Thread: a value. Calling an empty one is undefined; test it with operator bool.
template <typename R, typename... Args>
class UniqueFunction<R(Args...)> {
 public:
  static constexpr size_t kInlineBytes = 48;
  // What asks for more lies on the heap. A callback with its context is 64 bytes so: one line of the cache.
  static constexpr size_t kAlignment = alignof(void*);

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
  UniqueFunction& operator=(std::nullptr_t) noexcept {
    Reset();
    return *this;
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { Reset(); }

  explicit operator bool() const noexcept { return operations_ != nullptr; }
  R operator()(Args... args) { return operations_->call(storage_, std::forward<Args>(args)...); }

 private:
  static constexpr size_t kWord = sizeof(void*);

  struct Operations {
    R (*call)(void* storage, Args&&... args);
    // Null: `words` words are copied.
    void (*relocate)(void* from, void* to) noexcept;
    size_t words;
    // Null: there is nothing to destroy.
    void (*destroy)(void* storage) noexcept;
  };

  template <typename Callable>
  static constexpr bool FitsInline() {
    return sizeof(Callable) <= kInlineBytes && alignof(Callable) <= kAlignment &&
           std::is_nothrow_move_constructible_v<Callable>;
  }

  template <typename Callable>
  static void Relocate(void* from, void* to) noexcept {
    ::new (to) Callable(std::move(*static_cast<Callable*>(from)));
    static_cast<Callable*>(from)->~Callable();
  }
  template <typename Callable>
  static void Destroy(void* storage) noexcept {
    static_cast<Callable*>(storage)->~Callable();
  }

  template <typename Callable>
  static constexpr Operations kInline = {
      [](void* storage, Args&&... args) -> R {
        return std::invoke(*static_cast<Callable*>(storage), std::forward<Args>(args)...);
      },
      std::is_trivially_copyable_v<Callable> ? nullptr : &Relocate<Callable>,
      (sizeof(Callable) + kWord - 1) / kWord,
      std::is_trivially_destructible_v<Callable> ? nullptr : &Destroy<Callable>,
  };

  template <typename Callable>
  static constexpr Operations kOnHeap = {
      [](void* storage, Args&&... args) -> R {
        return std::invoke(**static_cast<Callable**>(storage), std::forward<Args>(args)...);
      },
      nullptr,
      1,
      [](void* storage) noexcept { delete *static_cast<Callable**>(storage); },
  };

  void MoveFrom(UniqueFunction& other) noexcept {
    operations_ = std::exchange(other.operations_, nullptr);
    if (operations_ == nullptr) return;
    if (operations_->relocate == nullptr) {
      // One word after the other: they were just written so, and the processor forwards what is read as it was written.
#pragma clang loop vectorize(disable) unroll(disable)
      for (size_t i = 0; i < operations_->words; ++i) std::memcpy(storage_ + i * kWord, other.storage_ + i * kWord, kWord);
    } else {
      operations_->relocate(other.storage_, storage_);
    }
  }
  void Reset() noexcept {
    // Cleared first: the destructor of the callable may look at this function again.
    const Operations* const operations = std::exchange(operations_, nullptr);
    if (operations != nullptr && operations->destroy != nullptr) operations->destroy(storage_);
  }

  // First, so that a small callable lies beside it in one line of the cache.
  const Operations* operations_ = nullptr;
  alignas(kAlignment) std::byte storage_[kInlineBytes];
};

// What the loop runs: takes nothing, returns nothing.
using Callback = UniqueFunction<void()>;

}  // namespace rota

#endif  // ROTA_BASE_CALLBACK_H_
