#ifndef ROTA_BASE_REF_H_
#define ROTA_BASE_REF_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "framework/base/check.h"

namespace rota {

// Base of objects that count their own references with a plain integer.
// Thread: the loop thread only. That is the point: no atomic operation on the path of a request.
// Owner: whoever holds a Ref; the last one deletes the object.
class RefCounted {
 public:
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  // For Ref; not for other code.
  void Acquire() const noexcept { ++references_; }
  void Release() const noexcept {
    ROTA_DCHECK(references_ > 0, "released more often than acquired");
    if (--references_ == 0) delete this;
  }
  uint32_t references() const noexcept { return references_; }

 protected:
  RefCounted() = default;
  virtual ~RefCounted() = default;

 private:
  mutable uint32_t references_ = 0;
};

// As RefCounted, for a class `T` that nothing derives from: without a virtual destructor, which costs a pointer an object and a
// call that the compiler cannot see through.
template <typename T>
class CountedAs {
 public:
  CountedAs(const CountedAs&) = delete;
  CountedAs& operator=(const CountedAs&) = delete;

  // For Ref; not for other code.
  void Acquire() const noexcept { ++references_; }
  void Release() const noexcept {
    ROTA_DCHECK(references_ > 0, "released more often than acquired");
    if (--references_ == 0) Delete();
  }
  uint32_t references() const noexcept { return references_; }

 protected:
  CountedAs() = default;
  ~CountedAs() = default;

 private:
  // Out of the way of the many releases that are not the last.
  [[gnu::noinline]] void Delete() const noexcept { delete static_cast<const T*>(this); }

  mutable uint32_t references_ = 0;
};

// An intrusive reference to an object that counts its references, or null.
template <typename T>
class Ref {
 public:
  Ref() noexcept = default;
  Ref(std::nullptr_t) noexcept {}  // NOLINT: implicit, as in smart pointers
  explicit Ref(T* object) noexcept : object_(object) {
    if (object_ != nullptr) object_->Acquire();
  }
  Ref(const Ref& other) noexcept : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <typename U>
    requires(std::is_convertible_v<U*, T*>)
  Ref(Ref<U> other) noexcept : object_(other.Detach()) {}  // NOLINT: implicit, as in smart pointers
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) object_->Release();
  }

  T* get() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.object_ == b.object_; }

  // Gives the reference away without releasing it; pair with Adopt().
  T* Detach() noexcept { return std::exchange(object_, nullptr); }
  static Ref Adopt(T* object) noexcept {
    Ref ref;
    ref.object_ = object;
    return ref;
  }

 private:
  T* object_ = nullptr;
};

template <typename T, typename... Args>
Ref<T> MakeRef(Args&&... args) {
  return Ref<T>(new T(std::forward<Args>(args)...));
}

}  // namespace rota

#endif  // ROTA_BASE_REF_H_
