// Document: the tree of values of one configuration file, whatever its syntax.
//
// wrangler.toml and wrangler.json(c) say the same things in two languages. Each is read by a well-kept parser (toml++, Boost.JSON) and
// turned into this one small tree, so that everything above deals with keys and values alone. Every value knows its line and its key
// path: an error message names both. Members keep the order of the file.
//
//   text --ParseToml / ParseJson--> Document --> wrangler.cc checks it against the table of keys
//
// A Document owns its values; a Value* lives as long as its Document, also after the Document is moved.
#ifndef EDGE_RUNTIME_CONFIG_DOCUMENT_H_
#define EDGE_RUNTIME_CONFIG_DOCUMENT_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace edge::config {

struct DocumentLimits {
  // Arrays and tables within each other, the root included. Small, because parsers recurse and a fiber's stack is small.
  size_t nesting_depth_max = 32;
};

class Value {
 public:
  // kDate is TOML alone: an unquoted date or time, kept as its text.
  enum class Kind : uint8_t { kNull, kBool, kInteger, kDouble, kString, kDate, kArray, kObject };

  Kind kind() const { return kind_; }
  bool IsString() const { return kind_ == Kind::kString; }
  bool IsArray() const { return kind_ == Kind::kArray; }
  bool IsObject() const { return kind_ == Kind::kObject; }

  // 1-based.
  int line() const { return line_; }
  // Name within the parent object; empty for the root and for items of an array.
  const std::string& key() const { return key_; }
  // "vars.API", "routes[1].pattern"; empty for the root.
  std::string Path() const;
  // "a string", "a number", "an array" ... for messages.
  std::string_view KindName() const;

  // REQUIRES: the kind of that name (number() also converts an integer).
  bool boolean() const;
  int64_t integer() const;
  double number() const;
  const std::string& text() const;  // of kString and kDate
  // Items of an array or members of an object, in the order of the file. Empty for other kinds.
  const std::vector<const Value*>& children() const { return children_; }
  // The member of that name, the last one where JSON repeats it; nullptr if absent or if this is no object.
  const Value* Find(std::string_view key) const;

  // The value as compact JSON. Error: kInvalidArgument for what JSON cannot say (infinity, NaN, a date).
  absl::StatusOr<std::string> ToJson() const;

 private:
  friend class Document;
  friend class DocumentBuilder;

  absl::Status AppendJson(std::string& out) const;

  Kind kind_ = Kind::kNull;
  int line_ = 1;
  size_t index_ = 0;  // among the parent's children
  const Value* parent_ = nullptr;
  std::string key_;
  bool boolean_ = false;
  int64_t integer_ = 0;
  double number_ = 0;
  std::string text_;
  std::vector<const Value*> children_;
};

class Document {
 public:
  Document() = default;
  Document(Document&&) = default;
  Document& operator=(Document&&) = default;

  // Always an object: both parsers refuse anything else.
  const Value& root() const { return values_.front(); }
  // Members that a later one of the same name replaces (JSON; TOML forbids them).
  const std::vector<const Value*>& repeated() const { return repeated_; }

 private:
  friend class DocumentBuilder;

  std::deque<Value> values_;  // a deque: pointers stay valid as it grows and when it is moved
  std::vector<const Value*> repeated_;
};

// What the two parsers fill. Each Add appends a child to `parent`, which is an array or an object of this builder.
class DocumentBuilder {
 public:
  DocumentBuilder();

  Value* root() { return &document_.values_.front(); }
  Value* AddNull(Value* parent, std::string_view key, int line) { return Add(parent, key, line, Value::Kind::kNull); }
  Value* AddBool(Value* parent, std::string_view key, int line, bool value);
  Value* AddInteger(Value* parent, std::string_view key, int line, int64_t value);
  Value* AddDouble(Value* parent, std::string_view key, int line, double value);
  Value* AddString(Value* parent, std::string_view key, int line, std::string value);
  Value* AddDate(Value* parent, std::string_view key, int line, std::string value);
  Value* AddArray(Value* parent, std::string_view key, int line) { return Add(parent, key, line, Value::Kind::kArray); }
  Value* AddObject(Value* parent, std::string_view key, int line) { return Add(parent, key, line, Value::Kind::kObject); }
  // For a builder that creates the root late: where it stands.
  void SetRootLine(int line) { root()->line_ = line; }

  Document Finish();

 private:
  Value* Add(Value* parent, std::string_view key, int line, Value::Kind kind);

  Document document_;
};

// Parse `text` (UTF-8, a byte order mark is skipped). `file` is for messages alone.
// Error: kInvalidArgument "FILE:LINE:COLUMN: what is wrong; what to do".
absl::StatusOr<Document> ParseToml(std::string_view text, std::string_view file, const DocumentLimits& limits = {});
// JSON with comments and trailing commas (JSONC): wrangler reads .json files so, too.
absl::StatusOr<Document> ParseJson(std::string_view text, std::string_view file, const DocumentLimits& limits = {});

// Without the UTF-8 byte order mark, if there is one.
std::string_view SkipByteOrderMark(std::string_view text);

}  // namespace edge::config

#endif  // EDGE_RUNTIME_CONFIG_DOCUMENT_H_
