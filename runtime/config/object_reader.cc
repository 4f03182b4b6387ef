// ConfigReader's part for Durable Objects: durable_objects.bindings and migrations.
//
// Migrations are read from first to last, and what they leave is the list of classes. Where a class keeps its objects (its space) follows
// from the list alone: the name it was created with; a class that is created again after its deletion gets a new one ("chat/ChatRoom.2").
// So nothing has to be remembered about which migration has been applied, and applying them again changes nothing.
#include <algorithm>

#include "runtime/base/str_cat.h"
#include "runtime/config/config_reader.h"

namespace edge::config {

namespace {

std::string Quote(std::string_view text) { return StrCat("\"", text, "\""); }

// An exported class: what JavaScript takes for a name, without the letters beyond ASCII (the name is part of paths).
bool IsClassName(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$'; };
  return !name.empty() && name.size() <= 128 && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

// In a path: letters, digits and _.
std::string SpaceOf(std::string_view script, std::string_view class_name) {
  std::string space = StrCat(script, "/", class_name);
  std::replace(space.begin(), space.end(), '$', '-');
  return space;
}

}  // namespace

const Value* ConfigReader::RequireText(const Value& object, std::string_view member, std::string_view example) {
  const Value* value = object.Find(member);
  if (value != nullptr && value->IsString() && !value->text().empty()) return value;
  Error(value != nullptr ? value->line() : object.line(),
        StrCat(object.Path(), ".", member, value == nullptr ? " is missing" : " must be a string that is not empty", "; write for example ",
               member, " = ", Quote(example)));
  return nullptr;
}

std::vector<ObjectClass>::iterator ConfigReader::FindClass(std::string_view name) {
  return std::find_if(config_.object_classes.begin(), config_.object_classes.end(),
                      [&](const ObjectClass& existing) { return existing.name == name; });
}

void ConfigReader::AddClass(int line, std::string_view name, std::string space, ObjectClass::Storage storage) {
  if (!IsClassName(name)) return Error(line, StrCat(Quote(name), " is no name of a class: letters, digits, _ and $, at most 128"));
  if (FindClass(name) != config_.object_classes.end()) {
    return Error(line,
                 StrCat("the class ", name,
                        " exists already at this point of the migrations; remove it here, or delete or rename it in a migration before"));
  }
  // Of a class that was deleted: its objects must not come back in this one.
  std::string fresh = space;
  for (int number = 2; std::find(config_.deleted_spaces.begin(), config_.deleted_spaces.end(), fresh) != config_.deleted_spaces.end();
       ++number) {
    fresh = StrCat(space, ".", number);
  }
  config_.object_classes.push_back({.name = std::string(name), .space = std::move(fresh), .storage = storage});
}

void ConfigReader::CreateClass(const Value& name, ObjectClass::Storage storage) {
  if (!name.IsString()) return TypeError(name, "the name of a class");
  AddClass(name.line(), name.text(), SpaceOf(config_.name, name.text()), storage);
}

void ConfigReader::DeleteClass(const Value& name) {
  if (!name.IsString()) return TypeError(name, "the name of a class");
  const auto found = FindClass(name.text());
  if (found == config_.object_classes.end()) {
    return Error(name.line(), StrCat(name.Path(), ": there is no class ", Quote(name.text()), " at this point of the migrations"));
  }
  config_.deleted_spaces.push_back(found->space);
  config_.object_classes.erase(found);
}

void ConfigReader::RenameClass(const Value& rename) {
  if (!rename.IsObject()) return TypeError(rename, "a table with from and to");
  const Value* from = RequireText(rename, "from", "OldName");
  const Value* to = RequireText(rename, "to", "NewName");
  if (from == nullptr || to == nullptr) return;
  const auto found = FindClass(from->text());
  if (found == config_.object_classes.end()) {
    return Error(from->line(), StrCat(from->Path(), ": there is no class ", Quote(from->text()), " at this point of the migrations"));
  }
  const ObjectClass renamed = *found;
  config_.object_classes.erase(found);
  AddClass(to->line(), to->text(), renamed.space, renamed.storage);
}

void ConfigReader::TransferClass(const Value& transfer) {
  if (!transfer.IsObject()) return TypeError(transfer, "a table with from, from_script and to");
  const Value* from = RequireText(transfer, "from", "ClassName");
  const Value* script = RequireText(transfer, "from_script", "other-worker");
  const Value* to = RequireText(transfer, "to", "ClassName");
  if (from == nullptr || script == nullptr || to == nullptr) return;
  AddClass(to->line(), to->text(), SpaceOf(script->text(), from->text()), ObjectClass::Storage::kSqlite);
}

void ConfigReader::ReadMigration(const Value& migration, std::set<std::string_view>& tags) {
  if (!migration.IsObject()) return TypeError(migration, "a table with a tag and what changes");
  constexpr std::string_view kKnown[] = {
      "tag", "new_classes", "new_sqlite_classes", "renamed_classes", "deleted_classes", "transferred_classes"};
  WarnOfUnknownMembers(migration, kKnown);
  if (const Value* tag = RequireText(migration, "tag", "v1"); tag != nullptr && !tags.insert(tag->text()).second) {
    Error(tag->line(), StrCat("the tag ", Quote(tag->text()), " is used by an earlier migration; each needs its own"));
  }
  for (const std::string_view member : kKnown) {
    const Value* list = migration.Find(member);
    if (member == "tag" || list == nullptr) continue;
    if (!list->IsArray()) {
      TypeError(*list, "an array");
      continue;
    }
    for (const Value* item : list->children()) {
      if (member == "new_classes") CreateClass(*item, ObjectClass::Storage::kKeyValue);
      if (member == "new_sqlite_classes") CreateClass(*item, ObjectClass::Storage::kSqlite);
      if (member == "renamed_classes") RenameClass(*item);
      if (member == "deleted_classes") DeleteClass(*item);
      if (member == "transferred_classes") TransferClass(*item);
    }
  }
}

void ConfigReader::ReadMigrations() {
  const Value* migrations = Get("migrations");
  if (migrations == nullptr) return;
  std::set<std::string_view> tags;
  for (const Value* migration : migrations->children()) ReadMigration(*migration, tags);
}

void ConfigReader::ReadObjectBindings() {
  const Value* objects = Get("durable_objects");
  if (objects == nullptr) return;
  constexpr std::string_view kKnown[] = {"bindings"};
  WarnOfUnknownMembers(*objects, kKnown);
  const Value* bindings = objects->Find("bindings");
  if (bindings == nullptr) return;
  if (!bindings->IsArray()) return TypeError(*bindings, "an array of bindings");
  for (const Value* binding : bindings->children()) ReadObjectBinding(*binding);
}

void ConfigReader::ReadObjectBinding(const Value& binding) {
  if (!binding.IsObject()) return TypeError(binding, "a table with name and class_name");
  constexpr std::string_view kKnown[] = {"name", "class_name", "script_name", "environment"};
  WarnOfUnknownMembers(binding, kKnown);
  const Value* name = RequireText(binding, "name", "ROOMS");
  const Value* class_name = RequireText(binding, "class_name", "ChatRoom");
  if (name == nullptr || class_name == nullptr) return;
  const Value* script = binding.Find("script_name");
  if (script != nullptr && !script->IsString()) return TypeError(*script, "the name of a worker");
  const std::string worker = script == nullptr || script->text().empty() ? std::string() : WorkerOf(binding, *script);
  const auto same_name = [&](const ObjectBinding& other) { return other.name == name->text(); };
  if (std::any_of(config_.object_bindings.begin(), config_.object_bindings.end(), same_name)) {
    return Error(name->line(), StrCat(name->Path(), ": another binding is called ", Quote(name->text()), " already"));
  }
  const bool own = worker.empty() || worker == config_.name;
  if (own && FindClass(class_name->text()) == config_.object_classes.end()) {
    Warn(class_name->line(), StrCat("no migration creates the class ", class_name->text(),
                                    "; it gets key-value storage here. Write it down before you deploy: a migration with ",
                                    "new_sqlite_classes = [", Quote(class_name->text()), "]"));
    AddClass(class_name->line(), class_name->text(), SpaceOf(config_.name, class_name->text()), ObjectClass::Storage::kKeyValue);
  }
  config_.object_bindings.push_back(
      {.name = name->text(), .class_name = class_name->text(), .script_name = own ? "" : worker, .line = binding.line()});
}

}  // namespace edge::config
