// The table of all keys of a wrangler file: what edge does with each.
//
// This table is the single place that says what is read, what is ignored and what is refused; docs/configuration.md shows the same to users
// (a test compares them). A feature that arrives flips its line from kUnsupported to kSupported and reads its value in wrangler.cc.
#ifndef EDGE_RUNTIME_CONFIG_CONFIG_KEYS_H_
#define EDGE_RUNTIME_CONFIG_CONFIG_KEYS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "runtime/config/document.h"

namespace edge::config {

enum class KeyKind : uint8_t {
  kSupported,    // read
  kIgnored,      // harmless here: one note
  kUnsupported,  // a worker that needs it would not work: an error, unless the value asks for nothing (empty, false)
};

enum class KeyScope : uint8_t {
  kTopLevel,      // only at the top level
  kInherited,     // an environment without it takes the top level's
  kNotInherited,  // an environment without it has none, whatever the top level says
};

enum class KeyType : uint8_t { kAny, kString, kBoolean, kArray, kObject };

struct ConfigKey {
  std::string_view name;
  KeyKind kind;
  KeyScope scope;
  KeyType type;
  // kIgnored: why that is all right. kUnsupported: what the key stands for. In messages and in the documentation.
  std::string_view note;
};

// Sorted by name.
std::span<const ConfigKey> ConfigKeys();
const ConfigKey* FindConfigKey(std::string_view name);

// "must be a string" fits KeyType; whether the value is of that type.
bool MatchesType(const Value& value, KeyType type);
std::string_view TypeName(KeyType type);

// Whether the value asks for nothing: null, false, or an array or object with nothing but such values in it.
bool AsksForNothing(const Value& value);

// The candidate nearest to `word` by edits (insert, delete, replace, swap); empty if none is near enough to be a typing error.
std::string Nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace edge::config

#endif  // EDGE_RUNTIME_CONFIG_CONFIG_KEYS_H_
