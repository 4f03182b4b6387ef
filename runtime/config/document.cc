#include "runtime/config/document.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"

namespace edge::config {

namespace {

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

}  // namespace

std::string_view SkipByteOrderMark(std::string_view text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  return text;
}

std::string Value::Path() const {
  std::vector<const Value*> chain;
  for (const Value* v = this; v->parent_ != nullptr; v = v->parent_) chain.push_back(v);
  std::string path;
  for (auto it = chain.rbegin(); it != chain.rend(); ++it) {
    if ((*it)->parent_->IsArray()) {
      StrAppend(&path, "[", (*it)->index_, "]");
    } else {
      StrAppend(&path, path.empty() ? "" : ".", (*it)->key_);
    }
  }
  return path;
}

std::string_view Value::KindName() const {
  switch (kind_) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return boolean_ ? "true" : "false";
    case Kind::kInteger:
    case Kind::kDouble:
      return "a number";
    case Kind::kString:
      return "a string";
    case Kind::kDate:
      return "a date";
    case Kind::kArray:
      return "an array";
    case Kind::kObject:
      return "a table";
  }
  return "unknown";
}

bool Value::boolean() const {
  EDGE_CHECK(kind_ == Kind::kBool) << Path();
  return boolean_;
}

int64_t Value::integer() const {
  EDGE_CHECK(kind_ == Kind::kInteger) << Path();
  return integer_;
}

double Value::number() const {
  EDGE_CHECK(kind_ == Kind::kInteger || kind_ == Kind::kDouble) << Path();
  return kind_ == Kind::kInteger ? static_cast<double>(integer_) : number_;
}

const std::string& Value::text() const {
  EDGE_CHECK(kind_ == Kind::kString || kind_ == Kind::kDate) << Path();
  return text_;
}

const Value* Value::Find(std::string_view key) const {
  if (!IsObject()) return nullptr;
  for (const Value* child : children_) {
    if (child->key_ == key) return child;
  }
  return nullptr;
}

absl::StatusOr<std::string> Value::ToJson() const {
  std::string out;
  EDGE_RETURN_IF_ERROR(AppendJson(out));
  return out;
}

absl::Status Value::AppendJson(std::string& out) const {
  switch (kind_) {
    case Kind::kNull:
      out += "null";
      break;
    case Kind::kBool:
      out += boolean_ ? "true" : "false";
      break;
    case Kind::kInteger:
      StrAppend(&out, integer_);
      break;
    case Kind::kDouble: {
      if (!std::isfinite(number_)) return absl::InvalidArgumentError(StrCat(Path(), " is infinite or not a number"));
      char buffer[64];
      const auto end = std::to_chars(buffer, buffer + sizeof buffer, number_);  // the shortest text that reads back as the same number
      out.append(buffer, end.ptr);
      break;
    }
    case Kind::kString:
      AppendJsonString(text_, out);
      break;
    case Kind::kDate:
      return absl::InvalidArgumentError(StrCat(Path(), " is a date"));
    case Kind::kArray:
    case Kind::kObject: {
      out += IsArray() ? '[' : '{';
      for (size_t i = 0; i < children_.size(); ++i) {
        if (i > 0) out += ',';
        if (IsObject()) {
          AppendJsonString(children_[i]->key_, out);
          out += ':';
        }
        EDGE_RETURN_IF_ERROR(children_[i]->AppendJson(out));
      }
      out += IsArray() ? ']' : '}';
      break;
    }
  }
  return absl::OkStatus();
}

DocumentBuilder::DocumentBuilder() { document_.values_.emplace_back().kind_ = Value::Kind::kObject; }

Value* DocumentBuilder::Add(Value* parent, std::string_view key, int line, Value::Kind kind) {
  EDGE_CHECK(parent->IsArray() || parent->IsObject());
  Value* value = &document_.values_.emplace_back();
  value->kind_ = kind;
  value->line_ = line;
  value->parent_ = parent;
  value->key_ = key;
  value->index_ = parent->children_.size();
  parent->children_.push_back(value);
  return value;
}

Value* DocumentBuilder::AddBool(Value* parent, std::string_view key, int line, bool value) {
  Value* out = Add(parent, key, line, Value::Kind::kBool);
  out->boolean_ = value;
  return out;
}

Value* DocumentBuilder::AddInteger(Value* parent, std::string_view key, int line, int64_t value) {
  Value* out = Add(parent, key, line, Value::Kind::kInteger);
  out->integer_ = value;
  return out;
}

Value* DocumentBuilder::AddDouble(Value* parent, std::string_view key, int line, double value) {
  Value* out = Add(parent, key, line, Value::Kind::kDouble);
  out->number_ = value;
  return out;
}

Value* DocumentBuilder::AddString(Value* parent, std::string_view key, int line, std::string value) {
  Value* out = Add(parent, key, line, Value::Kind::kString);
  out->text_ = std::move(value);
  return out;
}

Value* DocumentBuilder::AddDate(Value* parent, std::string_view key, int line, std::string value) {
  Value* out = Add(parent, key, line, Value::Kind::kDate);
  out->text_ = std::move(value);
  return out;
}

// JSON.parse lets the last of several members of one name win, and so does wrangler: the earlier ones leave the tree here and stay known
// for a warning. Sorting by name keeps this n log n for a file of any shape.
Document DocumentBuilder::Finish() {
  for (Value& value : document_.values_) {
    if (!value.IsObject() || value.children_.size() < 2) continue;
    std::vector<const Value*> by_name = value.children_;
    std::stable_sort(by_name.begin(), by_name.end(), [](const Value* a, const Value* b) { return a->key_ < b->key_; });
    std::vector<bool> replaced(value.children_.size(), false);
    bool any = false;
    for (size_t i = 0; i + 1 < by_name.size(); ++i) {
      if (by_name[i]->key_ != by_name[i + 1]->key_) continue;
      replaced[by_name[i]->index_] = any = true;
      document_.repeated_.push_back(by_name[i]);
    }
    if (!any) continue;
    std::vector<const Value*> kept;
    for (const Value* child : value.children_) {
      if (!replaced[child->index_]) kept.push_back(child);
    }
    value.children_ = std::move(kept);
  }
  return std::move(document_);
}

}  // namespace edge::config
