// IntrusiveList: a doubly linked list whose links live in the elements, so that joining, leaving and walking never allocate.
//
// An element has one ListHook per list it can be in. The list owns nothing.
#ifndef EDGE_RUNTIME_FIBER_INTRUSIVE_LIST_H_
#define EDGE_RUNTIME_FIBER_INTRUSIVE_LIST_H_

#include <cstddef>

#include "runtime/base/check.h"

namespace edge {

template <typename T>
struct ListHook {
  T* next = nullptr;
  T* previous = nullptr;
};

template <typename T, ListHook<T> T::*Hook>
class IntrusiveList {
 public:
  IntrusiveList() = default;
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool empty() const { return head_ == nullptr; }
  size_t size() const { return size_; }
  T* front() const { return head_; }
  static T* Next(const T* element) { return (element->*Hook).next; }

  // REQUIRES: not in a list of this hook.
  void PushBack(T* element) {
    ListHook<T>& hook = element->*Hook;
    hook.next = nullptr;
    hook.previous = tail_;
    (tail_ != nullptr ? (tail_->*Hook).next : head_) = element;
    tail_ = element;
    ++size_;
  }

  // REQUIRES: not in a list of this hook.
  void PushFront(T* element) {
    ListHook<T>& hook = element->*Hook;
    hook.next = head_;
    hook.previous = nullptr;
    (head_ != nullptr ? (head_->*Hook).previous : tail_) = element;
    head_ = element;
    ++size_;
  }

  // REQUIRES: in this list.
  void Remove(T* element) {
    ListHook<T>& hook = element->*Hook;
    (hook.previous != nullptr ? (hook.previous->*Hook).next : head_) = hook.next;
    (hook.next != nullptr ? (hook.next->*Hook).previous : tail_) = hook.previous;
    hook = {};
    --size_;
  }

  // Null if empty.
  T* PopFront() {
    T* element = head_;
    if (element != nullptr) Remove(element);
    return element;
  }

 private:
  T* head_ = nullptr;
  T* tail_ = nullptr;
  size_t size_ = 0;
};

}  // namespace edge

#endif  // EDGE_RUNTIME_FIBER_INTRUSIVE_LIST_H_
