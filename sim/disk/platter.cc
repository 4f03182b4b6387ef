#include "sim/disk/platter.h"

#include <algorithm>
#include <set>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "sim/disk/crash_points.h"

namespace edge::sim {
namespace {

using Kind = DirectoryEntry::Kind;

absl::Status NotFound(std::string_view path) { return absl::NotFoundError(StrCat(path, ": no such file or folder")); }
absl::Status NoFolder(std::string_view path) { return absl::InvalidArgumentError(StrCat(path, ": a part of it is a file, not a folder")); }
absl::Status IsFolder(std::string_view path) { return absl::InvalidArgumentError(StrCat(path, ": a folder")); }

}  // namespace

Platter::Platter(PlatterLimits limits)
    : limits_(limits),
      budget_(std::make_shared<PageBudget>(PageBudget{0, limits.bytes_max.bytes() / kPageBytes})),
      root_(std::make_shared<PlatterNode>(Kind::kDirectory, StableHash("/"), budget_)) {}

// Durable and current names may lead in a circle (a folder moved into one that was in it): the pointers are cut by hand.
Platter::~Platter() {
  for (const PlatterNodePtr& node : Reachable()) {
    node->names.clear();
    node->durable.clear();
    node->waiting.clear();
  }
}

// --- paths ---

absl::StatusOr<Platter::Path> Platter::Parse(std::string_view path) const {
  Path parts;
  for (std::string_view rest = path; !rest.empty();) {
    const size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (part.empty() || part == ".") continue;
    if (part.size() > limits_.name_bytes_max) return absl::InvalidArgumentError(StrCat(part.substr(0, 40), "...: a name too long"));
    if (part.find('\0') != std::string_view::npos) return absl::InvalidArgumentError("a path with a zero byte");
    if (part != "..") {
      parts.emplace_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return parts;
}

PlatterNodePtr Platter::Find(const Path& path, size_t components) const {
  PlatterNodePtr node = root_;
  for (size_t i = 0; i < components && node != nullptr; ++i) {
    const auto found = node->names.find(path[i]);
    node = found == node->names.end() ? nullptr : found->second;
  }
  return node;
}

absl::StatusOr<PlatterNodePtr> Platter::FindFolder(const Path& path, size_t components, std::string_view shown) const {
  PlatterNodePtr node = root_;
  for (size_t i = 0; i < components; ++i) {
    const auto found = node->names.find(path[i]);
    if (found == node->names.end()) return NotFound(shown);
    node = found->second;
    if (node->kind != Kind::kDirectory) return NoFolder(shown);
  }
  return node;
}

// --- names ---

PlatterNodePtr Platter::Make(Kind kind, const PlatterNode& folder, std::string_view name) {
  const Key place = CombineHash(folder.key, StableHash(name));
  return std::make_shared<PlatterNode>(kind, CombineHash(place, made_[place]++), budget_);
}

void Platter::Put(const PlatterNodePtr& folder, uint64_t number, std::string_view name, PlatterNodePtr target,
                  const PlatterNodePtr& other) {
  if (target == nullptr) {
    folder->names.erase(folder->names.find(name));
  } else {
    folder->names[std::string(name)] = target;
  }
  folder->waiting.push_back({number, std::string(name), std::move(target), other});
}

absl::StatusOr<PlatterNodePtr> Platter::Open(std::string_view shown, OpenMode mode) {
  EDGE_ASSIGN_OR_RETURN(const Path path, Parse(shown));
  const bool may_create = mode == OpenMode::kCreate || mode == OpenMode::kCreateNew;
  if (path.empty()) return mode == OpenMode::kCreateNew ? absl::AlreadyExistsError(StrCat(shown, ": exists")) : IsFolder(shown);
  PlatterNodePtr folder = root_;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    const auto found = folder->names.find(path[i]);
    if (found == folder->names.end()) {
      if (!may_create) return NotFound(shown);
      PlatterNodePtr made = Make(Kind::kDirectory, *folder, path[i]);
      Put(folder, next_operation_++, path[i], made);
      folder = std::move(made);
      continue;
    }
    folder = found->second;
    if (folder->kind != Kind::kDirectory) return NoFolder(shown);
  }
  const auto found = folder->names.find(path.back());
  if (found != folder->names.end()) {
    if (mode == OpenMode::kCreateNew) return absl::AlreadyExistsError(StrCat(shown, ": exists"));
    if (found->second->kind == Kind::kDirectory) return IsFolder(shown);
    return found->second;
  }
  if (!may_create) return NotFound(shown);
  PlatterNodePtr made = Make(Kind::kFile, *folder, path.back());
  Put(folder, next_operation_++, path.back(), made);
  return made;
}

// The inner names go first, each by an operation of its own: a crash may leave a part.
void Platter::RemoveAllIn(const PlatterNodePtr& folder) {
  while (!folder->names.empty()) {
    const std::string name = folder->names.begin()->first;
    const PlatterNodePtr node = folder->names.begin()->second;
    if (node->kind == Kind::kDirectory) RemoveAllIn(node);
    Put(folder, next_operation_++, name, nullptr);
  }
}

absl::Status Platter::Remove(std::string_view shown) {
  EDGE_ASSIGN_OR_RETURN(const Path path, Parse(shown));
  if (path.empty()) return absl::InvalidArgumentError("the root cannot be removed");
  const PlatterNodePtr folder = Find(path, path.size() - 1);
  if (folder == nullptr) return absl::OkStatus();
  const auto found = folder->names.find(path.back());
  if (found == folder->names.end()) return absl::OkStatus();
  if (found->second->kind == Kind::kDirectory) RemoveAllIn(PlatterNodePtr(found->second));
  Put(folder, next_operation_++, path.back(), nullptr);
  return absl::OkStatus();
}

absl::Status Platter::Rename(std::string_view shown_from, std::string_view shown_to) {
  EDGE_ASSIGN_OR_RETURN(const Path from, Parse(shown_from));
  EDGE_ASSIGN_OR_RETURN(const Path to, Parse(shown_to));
  if (from.empty() || to.empty()) return absl::InvalidArgumentError("the root cannot be renamed");
  EDGE_ASSIGN_OR_RETURN(const PlatterNodePtr from_folder, FindFolder(from, from.size() - 1, shown_from));
  const auto source = from_folder->names.find(from.back());
  if (source == from_folder->names.end()) return NotFound(shown_from);
  EDGE_ASSIGN_OR_RETURN(const PlatterNodePtr to_folder, FindFolder(to, to.size() - 1, shown_to));
  if (from == to) return absl::OkStatus();
  const PlatterNodePtr node = source->second;
  if (to.size() > from.size() && std::equal(from.begin(), from.end(), to.begin())) {
    return absl::InvalidArgumentError(StrCat(shown_to, ": within ", shown_from));
  }
  const auto target = to_folder->names.find(to.back());
  if (target != to_folder->names.end()) {
    if (target->second->kind == Kind::kDirectory) {
      if (node->kind != Kind::kDirectory) return IsFolder(shown_to);
      if (!target->second->names.empty()) return absl::AlreadyExistsError(StrCat(shown_to, ": a folder that is not empty"));
    } else if (node->kind == Kind::kDirectory) {
      return absl::InvalidArgumentError(StrCat(shown_to, ": a file, not a folder"));
    }
  }
  const uint64_t number = next_operation_++;
  const bool one_folder = from_folder == to_folder;
  Put(from_folder, number, from.back(), nullptr, one_folder ? nullptr : to_folder);
  Put(to_folder, number, to.back(), node, one_folder ? nullptr : from_folder);
  return absl::OkStatus();
}

absl::StatusOr<PlatterNodePtr> Platter::Folder(std::string_view shown) const {
  EDGE_ASSIGN_OR_RETURN(const Path path, Parse(shown));
  return FindFolder(path, path.size(), shown);
}

absl::StatusOr<std::vector<DirectoryEntry>> Platter::List(std::string_view shown) const {
  EDGE_ASSIGN_OR_RETURN(const PlatterNodePtr folder, Folder(shown));
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, node] : folder->names) entries.push_back({name, node->kind});
  return entries;
}

void Platter::SyncNames(PlatterNode& folder, uint64_t up_to) {
  size_t count = 0;
  while (count < folder.waiting.size() && folder.waiting[count].number <= up_to) ++count;
  std::vector<NameOperation> done(std::make_move_iterator(folder.waiting.begin()), std::make_move_iterator(folder.waiting.begin() + count));
  folder.waiting.erase(folder.waiting.begin(), folder.waiting.begin() + count);
  for (NameOperation& operation : done) {
    if (operation.target == nullptr) {
      folder.durable.erase(operation.name);
    } else {
      folder.durable[operation.name] = std::move(operation.target);
    }
    // The other half of a rename, with what came before it there.
    if (const PlatterNodePtr other = operation.other_folder.lock()) SyncNames(*other, operation.number);
  }
}

// --- crashes ---

std::vector<PlatterNodePtr> Platter::Reachable() const {
  std::vector<PlatterNodePtr> found = {root_};
  std::set<Key> seen = {root_->key};
  for (size_t i = 0; i < found.size(); ++i) {
    const PlatterNodePtr node = found[i];
    const auto add = [&](const PlatterNodePtr& child) {
      if (child != nullptr && seen.insert(child->key).second) found.push_back(child);
    };
    for (const auto& [name, child] : node->names) add(child);
    for (const auto& [name, child] : node->durable) add(child);
    for (const NameOperation& operation : node->waiting) add(operation.target);
  }
  return found;
}

void Platter::ProcessCrash(Oracle& oracle, ActorId actor) {
  ++crashes_;
  for (const PlatterNodePtr& node : Reachable()) {
    if (!node->content.has_forgotten()) continue;
    if (oracle.Chance(kCrashEvict, actor, CombineHash(node->key, crashes_), {1, 2})) node->content.EvictForgotten();
  }
}

void Platter::PowerLoss(Oracle& oracle, ActorId actor) {
  ++crashes_;
  const std::vector<PlatterNodePtr> nodes = Reachable();
  // Of each folder, up to which operation it is kept.
  std::map<Key, uint64_t> kept;
  for (const PlatterNodePtr& folder : nodes) {
    if (folder->waiting.empty()) continue;
    const Key key = CombineHash(folder->key, crashes_);
    uint64_t up_to = UINT64_MAX;
    switch (static_cast<NamesFate>(oracle.Draw(kCrashNames, actor, key, Distribution::Weighted(kNamesFates)))) {
      case NamesFate::kKept:
        break;
      case NamesFate::kLost:
        up_to = 0;
        break;
      case NamesFate::kCut: {
        const auto last = static_cast<int64_t>(folder->waiting.size()) - 1;
        const int64_t lost = oracle.Draw(kCrashNamesCut, actor, key, Distribution::Uniform(0, last));
        up_to = folder->waiting[last - lost].number - 1;
        break;
      }
    }
    kept[folder->key] = up_to;
  }
  // A rename between two folders that one of them has lost, the other has not seen either; nor what came after it there.
  for (bool changed = true; changed;) {
    changed = false;
    for (const PlatterNodePtr& folder : nodes) {
      for (const NameOperation& operation : folder->waiting) {
        const PlatterNodePtr other = operation.other_folder.lock();
        if (other == nullptr || operation.number <= kept[folder->key]) continue;
        const auto limit = kept.find(other->key);
        if (limit == kept.end() || limit->second < operation.number) continue;
        limit->second = operation.number - 1;
        changed = true;
      }
    }
  }
  for (const PlatterNodePtr& folder : nodes) {
    if (!folder->waiting.empty()) SyncNames(*folder, kept[folder->key]);
  }
  for (const PlatterNodePtr& folder : nodes) {
    folder->names = folder->durable;
    folder->waiting.clear();
  }
  // What no name leads to any more is gone; of the rest, the bytes are decided.
  const std::vector<PlatterNodePtr> survivors = Reachable();
  std::set<Key> alive;
  for (const PlatterNodePtr& node : survivors) {
    alive.insert(node->key);
    if (node->kind == Kind::kFile) node->content.PowerLoss(oracle, actor, crashes_);
  }
  for (const PlatterNodePtr& node : nodes) {
    if (alive.contains(node->key)) continue;
    node->names.clear();
    node->durable.clear();
  }
}

bool Platter::clean() const {
  for (const PlatterNodePtr& node : Reachable()) {
    if (!node->waiting.empty() || !node->content.clean()) return false;
  }
  return true;
}

}  // namespace edge::sim
