#include "runtime/worker/isolate_nursery.h"

#include <algorithm>
#include <utility>

namespace edge::worker {

std::optional<ParkedIsolate> WarmNursery::Take(const WorkerCode& code) {
  const auto shelf = std::find_if(shelves_.begin(), shelves_.end(), [&](const Shelf& s) { return s.code.get() == &code; });
  if (shelf == shelves_.end() || shelf->parked.empty()) {
    ++missed_;
    return std::nullopt;
  }
  ++taken_;
  ParkedIsolate parked = std::move(shelf->parked.back());
  shelf->parked.pop_back();
  std::rotate(shelf, shelf + 1, shelves_.end());
  return parked;
}

void WarmNursery::GiveBack(std::shared_ptr<const WorkerCode> code, ParkedIsolate parked) {
  auto shelf = std::find_if(shelves_.begin(), shelves_.end(), [&](const Shelf& s) { return s.code == code; });
  if (shelf == shelves_.end()) {
    if (shelves_.size() >= limits_.codes_max) shelves_.erase(shelves_.begin());
    shelves_.push_back({.code = std::move(code), .parked = {}});
  } else {
    std::rotate(shelf, shelf + 1, shelves_.end());
  }
  std::vector<ParkedIsolate>& waiting = shelves_.back().parked;
  if (waiting.size() < limits_.parked_max) waiting.push_back(std::move(parked));
}

void WarmNursery::OnNotKept(const WorkerCode&, std::string_view reason) { not_kept_reason_ = reason; }

size_t WarmNursery::parked() const {
  size_t count = 0;
  for (const Shelf& shelf : shelves_) count += shelf.parked.size();
  return count;
}

}  // namespace edge::worker
