// Writing values as bytes (serialize_format.h).
//
// Not recursive: what is being written stands on the value stack, two values for each open container, so that depth costs memory of the
// isolate and not native stack.
#include "runtime/js/language/serialize.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>
#include <vector>

#include "edge_engine.h"
#include "runtime/js/language/clone_kinds.h"
#include "runtime/js/language/ordered_table.h"
#include "runtime/js/language/regexp_binding.h"
#include "runtime/js/language/serialize_format.h"
#include "runtime/js/language/state.h"

namespace edge::js {
namespace {

using language::ChargeWork;
using language::CollectionKind;
using language::OrderedTable;
using language::SerializedTag;

// An open container: [ ... object keys-or-entries ].
struct Frame {
  enum class Kind : uint8_t { kObject, kArray, kEntries } kind = Kind::kObject;
  uint32_t position = 0;  // kArray: the index expected next; kEntries: of the next entry
  uint32_t count = 0;     // kEntries
};

struct WriterState {
  OrderedTable table;  // of objects by identity; entry = number
  std::vector<Frame> frames;
  std::string text;  // of one conversion
};
void ReleaseWriter(void* pointer) { delete static_cast<WriterState*>(pointer); }
// Slot i: object i, kept alive so that no other gets its address: a getter may have made it.
const NativeType kWriterType = {"SerializeMemory", ReleaseWriter, 0};

struct Writer {
  duk_context* ctx;
  duk_idx_t memory;
  WriterState& state;
  std::string& out;
  Externals* externals;
};

void PutByte(const Writer& writer, uint8_t byte) { writer.out.push_back(static_cast<char>(byte)); }
void PutTag(const Writer& writer, SerializedTag tag) { PutByte(writer, static_cast<uint8_t>(tag)); }

void PutVarint(const Writer& writer, uint64_t value) {
  while (value >= 0x80) {
    PutByte(writer, static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  PutByte(writer, static_cast<uint8_t>(value));
}

void PutDouble(const Writer& writer, double value) {
  auto bits = std::bit_cast<uint64_t>(value);
  if (value != value) bits = 0x7FF8000000000000u;
  for (int i = 0; i < 8; ++i) PutByte(writer, static_cast<uint8_t>(bits >> (8 * i)));
}

void RequireRoom(const Writer& writer, size_t bytes) {
  if (writer.out.size() + bytes > language::kSerializedBytesMax)
    ThrowDomException(writer.ctx, "DataCloneError", "Data cannot be cloned, out of memory.");
  ChargeWork(writer.ctx, bytes / 16);
}

void PutBytes(const Writer& writer, std::string_view bytes) { writer.out.append(bytes); }

bool IsSurrogate(std::string_view text, size_t i, unsigned char low, unsigned char high) {
  return i + 2 < text.size() && static_cast<unsigned char>(text[i]) == 0xED && static_cast<unsigned char>(text[i + 1]) >= low &&
         static_cast<unsigned char>(text[i + 1]) <= high;
}

// The engine's form of a string with pairs of surrogates as characters of four bytes.
void JoinSurrogates(std::string_view text, std::string& out) {
  out.clear();
  const auto low_bits = [&](size_t i) {
    return (static_cast<uint32_t>(text[i + 1]) & 0x0F) << 6 | (static_cast<uint32_t>(text[i + 2]) & 0x3F);
  };
  for (size_t i = 0; i < text.size();) {
    if (!IsSurrogate(text, i, 0xA0, 0xAF) || !IsSurrogate(text, i + 3, 0xB0, 0xBF)) {
      out.push_back(text[i++]);
      continue;
    }
    const uint32_t character = 0x10000 + (low_bits(i) << 10) + low_bits(i + 3);
    out.push_back(static_cast<char>(0xF0 | character >> 18));
    out.push_back(static_cast<char>(0x80 | (character >> 12 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (character >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (character & 0x3F)));
    i += 6;
  }
}

// The text of the string at `index`, whose length is written with `extra` added.
void PutText(const Writer& writer, duk_idx_t index, uint64_t extra = 0) {
  duk_size_t size;
  const char* bytes = duk_require_lstring(writer.ctx, index, &size);
  RequireRoom(writer, size);
  std::string_view text(bytes, size);
  // 0xED begins surrogates and little else.
  if (std::memchr(bytes, 0xED, size) != nullptr) {
    JoinSurrogates(text, writer.state.text);
    text = writer.state.text;
  }
  PutVarint(writer, text.size() + extra);
  PutBytes(writer, text);
}

// The object at `index` gets the next number.
void Remember(const Writer& writer, duk_idx_t index) {
  duk_context* ctx = writer.ctx;
  index = duk_normalize_index(ctx, index);
  const uint32_t capacity = SlotCount(ctx, writer.memory);
  if (writer.state.table.entry_count() >= capacity) ResizeSlots(ctx, writer.memory, capacity == 0 ? 4 : capacity * 2);
  const uint32_t entry = writer.state.table.Append(language::KeyOf(ctx, index));
  duk_dup(ctx, index);
  SetSlot(ctx, writer.memory, entry);
}

void PutNumber(const Writer& writer, double value) {
  if (value == std::trunc(value) && std::abs(value) <= 0x7FFFFFFF && !(value == 0 && std::signbit(value))) {
    const auto integer = static_cast<int64_t>(value);
    PutTag(writer, SerializedTag::kInteger);
    PutVarint(writer, static_cast<uint64_t>(integer) << 1 ^ static_cast<uint64_t>(integer >> 63));
  } else {
    PutTag(writer, SerializedTag::kDouble);
    PutDouble(writer, value);
  }
}

// A value that is no object, at the top. [ ... value ] -> [ ... ]
void WritePrimitive(const Writer& writer) {
  duk_context* ctx = writer.ctx;
  switch (duk_get_type(ctx, -1)) {
    case DUK_TYPE_NULL:
      PutTag(writer, SerializedTag::kNull);
      break;
    case DUK_TYPE_BOOLEAN:
      PutTag(writer, duk_get_boolean(ctx, -1) ? SerializedTag::kTrue : SerializedTag::kFalse);
      break;
    case DUK_TYPE_NUMBER:
      PutNumber(writer, duk_get_number(ctx, -1));
      break;
    case DUK_TYPE_STRING:
      if (duk_is_symbol(ctx, -1)) language::RefuseClone(ctx, -1);
      PutTag(writer, SerializedTag::kString);
      PutText(writer, -1);
      break;
    default:
      PutTag(writer, SerializedTag::kUndefined);
      break;
  }
  duk_pop(ctx);
}

void WriteBuffer(const Writer& writer, duk_idx_t original) {
  Remember(writer, original);
  duk_size_t size;
  const void* bytes = duk_get_buffer_data(writer.ctx, original, &size);
  RequireRoom(writer, size);
  PutTag(writer, SerializedTag::kBuffer);
  PutVarint(writer, size);
  if (size > 0) PutBytes(writer, {static_cast<const char*>(bytes), size});
}

void PutReference(const Writer& writer, uint32_t number) {
  PutTag(writer, SerializedTag::kReference);
  PutVarint(writer, number);
}

uint64_t LengthProperty(duk_context* ctx, duk_idx_t index, const char* name) {
  duk_get_prop_string(ctx, index, name);
  const double value = duk_get_number_default(ctx, -1, 0);
  duk_pop(ctx);
  return value >= 0 && value < 0x1p53 ? static_cast<uint64_t>(value) : 0;
}

void WriteView(const Writer& writer, duk_idx_t original, const language::ViewKind& view) {
  duk_context* ctx = writer.ctx;
  PutTag(writer, SerializedTag::kView);
  PutByte(writer, static_cast<uint8_t>(&view - language::kViewKinds));
  PutVarint(writer, LengthProperty(ctx, original, "byteOffset"));
  PutVarint(writer, LengthProperty(ctx, original, "byteLength") / view.element_bytes);
  duk_get_prop_string(ctx, original, "buffer");
  const char* kind = edge_class_name(ctx, -1);
  // `buffer` may be hidden by a property of the user's own.
  if (!duk_is_buffer_data(ctx, -1) || (kind != nullptr && std::string_view(kind) != "ArrayBuffer")) language::RefuseClone(ctx, original);
  const uint32_t known = writer.state.table.Find(language::KeyOf(ctx, -1));
  if (known != OrderedTable::kNone) {
    PutReference(writer, known);
  } else {
    WriteBuffer(writer, duk_get_top_index(ctx));
  }
  duk_pop(ctx);
  Remember(writer, original);
}

// [ ... error ] -> [ ... cause ] and true, or [ ... ] and false.
bool WriteError(const Writer& writer) {
  duk_context* ctx = writer.ctx;
  const duk_idx_t original = duk_get_top_index(ctx);
  Remember(writer, original);
  const uint8_t kind = language::ErrorKindOf(ctx, original);
  uint8_t flags = 0;
  for (const auto& [name, flag] : {std::pair("message", language::kErrorMessage), std::pair("stack", language::kErrorStack)}) {
    if (duk_get_prop_string(ctx, original, name)) flags |= flag;
    duk_safe_to_string(ctx, -1);
    if (duk_is_symbol(ctx, -1)) language::RefuseClone(ctx, -1);
  }
  if (duk_get_prop_string(ctx, original, "cause")) flags |= language::kErrorCause;
  PutTag(writer, SerializedTag::kError);
  PutByte(writer, kind);
  PutByte(writer, flags);
  if ((flags & language::kErrorMessage) != 0) PutText(writer, original + 1);
  if ((flags & language::kErrorStack) != 0) PutText(writer, original + 2);
  const bool has_cause = (flags & language::kErrorCause) != 0;
  if (has_cause) duk_replace(ctx, original);
  duk_set_top(ctx, has_cause ? original + 1 : original);
  return has_cause;
}

// [ ... object ] -> [ ... object keys ], and the container is open.
void Open(const Writer& writer, Frame::Kind kind) {
  duk_context* ctx = writer.ctx;
  if (writer.state.frames.size() >= language::kSerializedDepthMax) ThrowError(ctx, "RangeError", "Maximum call stack size exceeded");
  Remember(writer, -1);
  Frame frame = {.kind = kind};
  if (kind == Frame::Kind::kEntries) {
    language::PushCollectionEntries(ctx, -1);
    frame.count = static_cast<uint32_t>(duk_get_length(ctx, -1));
  } else {
    // The keys as of now; a getter may delete some before their turn.
    duk_enum(ctx, -1, DUK_ENUM_OWN_PROPERTIES_ONLY);
  }
  writer.state.frames.push_back(frame);
}

bool WriteExternal(const Writer& writer) {
  if (writer.externals == nullptr) return false;
  uint32_t tag = 0;
  writer.state.text.clear();
  if (!writer.externals->Write(writer.ctx, duk_get_top_index(writer.ctx), tag, writer.state.text)) return false;
  Remember(writer, -1);
  RequireRoom(writer, writer.state.text.size());
  PutTag(writer, SerializedTag::kExternal);
  PutVarint(writer, tag);
  PutVarint(writer, writer.state.text.size());
  PutBytes(writer, writer.state.text);
  duk_pop(writer.ctx);
  return true;
}

// The prototype is neither Object.prototype nor null.
bool IsClassInstance(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  duk_get_prototype(ctx, index);
  void* prototype = duk_get_heapptr(ctx, -1);
  duk_push_object(ctx);
  duk_get_prototype(ctx, -1);
  const bool plain = prototype == nullptr || prototype == duk_get_heapptr(ctx, -1);
  duk_pop_3(ctx);
  return !plain;
}

// Throws: the instance of a class of the user's, which an Externals did not want.
[[noreturn]] void RefuseInstance(duk_context* ctx, duk_idx_t index) {
  index = duk_normalize_index(ctx, index);
  const char* name = "Object";
  if (duk_get_prop_string(ctx, index, "constructor") && duk_is_function(ctx, -1)) {
    duk_get_prop_string(ctx, -1, "name");
    name = duk_get_string_default(ctx, -1, name);
  }
  ThrowDomException(ctx, "DataCloneError", "Could not serialize object of type \"%s\". This type does not support serialization.", name);
}

void WriteBigInt(const Writer& writer) {
  language::Push(writer.ctx, language::StateOf(writer.ctx).roots.hidden_bigint);
  duk_get_prop(writer.ctx, -2);
  PutTag(writer, SerializedTag::kBigInt);
  PutText(writer, -1);
  duk_pop_2(writer.ctx);
}

// [ ... object ] -> [ ... ]; or an open container; or, returning true, [ ... value ] that is to be written next.
bool WriteObject(const Writer& writer) {
  duk_context* ctx = writer.ctx;
  duk_require_stack(ctx, 16);
  ChargeWork(ctx, 16);
  const duk_idx_t original = duk_get_top_index(ctx);
  const uint32_t known = writer.state.table.Find(language::KeyOf(ctx, original));
  if (known != OrderedTable::kNone) {
    PutReference(writer, known);
    duk_pop(ctx);
    return false;
  }
  if (duk_is_function(ctx, original)) {
    if (WriteExternal(writer)) return false;
    language::RefuseClone(ctx, original);
  }
  const char* raw_class = edge_class_name(ctx, original);
  const std::string_view kind = raw_class == nullptr ? "ArrayBuffer" : raw_class;
  if (const CollectionKind collection = language::CollectionKindOf(ctx, original); collection != CollectionKind::kNone) {
    PutTag(writer, collection == CollectionKind::kMap ? SerializedTag::kMap : SerializedTag::kSet);
    Open(writer, Frame::Kind::kEntries);
    return false;
  }
  if (const auto* regexp = static_cast<language::RegExp*>(GetNative(ctx, original, language::kRegExpType))) {
    Remember(writer, original);
    PutTag(writer, SerializedTag::kRegExp);
    PushSlot(ctx, original, 0);
    PutText(writer, -1);
    writer.state.text = regexp::FlagsToString(regexp->program->flags());
    PutVarint(writer, writer.state.text.size());
    PutBytes(writer, writer.state.text);
  } else if (kind == "Array") {
    PutTag(writer, SerializedTag::kArray);
    PutVarint(writer, duk_get_length(ctx, original));
    Open(writer, Frame::Kind::kArray);
    return false;
  } else if (kind == "Date") {
    Remember(writer, original);
    PutTag(writer, SerializedTag::kDate);
    PutDouble(writer, language::DateMilliseconds(ctx, original));
  } else if (kind == "Boolean" || kind == "Number" || kind == "String") {
    Remember(writer, original);
    PutTag(writer, SerializedTag::kBoxed);
    duk_dup(ctx, original);
    duk_to_primitive(ctx, -1, DUK_HINT_NONE);
    // valueOf may be the user's own.
    if (!duk_check_type_mask(ctx, -1, DUK_TYPE_MASK_BOOLEAN | DUK_TYPE_MASK_NUMBER | DUK_TYPE_MASK_STRING))
      language::RefuseClone(ctx, original);
    WritePrimitive(writer);
  } else if (kind == "ArrayBuffer") {
    WriteBuffer(writer, original);
  } else if (const language::ViewKind* view = language::FindViewKind(kind)) {
    WriteView(writer, original, *view);
  } else if (IsBigInt(ctx, original)) {
    WriteBigInt(writer);
  } else {
    if (language::IsPlatformObject(ctx, original)) {
      if (WriteExternal(writer)) return false;
      language::RefusePlatformObject(ctx, original);
    }
    if (kind == "Error") return WriteError(writer);
    if (kind != "Object" && kind != "Arguments") language::RefuseClone(ctx, original);
    if (writer.externals != nullptr && IsClassInstance(ctx, original)) {
      if (WriteExternal(writer)) return false;
      RefuseInstance(ctx, original);
    }
    PutTag(writer, SerializedTag::kObject);
    Open(writer, Frame::Kind::kObject);
    return false;
  }
  duk_set_top(ctx, original);
  return false;
}

// [ ... value ] -> [ ... ], or an open container.
void WriteValue(const Writer& writer) {
  RequireRoom(writer, 16);
  do {
    if (!duk_check_type_mask(writer.ctx, -1, DUK_TYPE_MASK_OBJECT | DUK_TYPE_MASK_BUFFER | DUK_TYPE_MASK_LIGHTFUNC)) {
      WritePrimitive(writer);
      return;
    }
  } while (WriteObject(writer));
}

// Writes the key at the top. [ ... key ] -> [ ... key ]
void WriteKey(const Writer& writer, Frame& frame) {
  if (frame.kind == Frame::Kind::kArray) {
    duk_size_t size;
    const char* text = duk_get_lstring(writer.ctx, -1, &size);
    const uint32_t index = language::ArrayIndexOf({text, size});
    const bool next = index != UINT32_MAX && index == frame.position;
    if (index != UINT32_MAX) frame.position = index + 1;
    if (next) return PutVarint(writer, language::kKeyNextIndex);
  }
  PutText(writer, -1, language::kKeyText);
}

// Goes on with the innermost open container. [ ... object keys ] -> the same with one value written or opened, or [ ... ] at its end.
void Continue(const Writer& writer) {
  duk_context* ctx = writer.ctx;
  Frame& frame = writer.state.frames.back();
  const duk_idx_t keys = duk_get_top_index(ctx);
  ChargeWork(ctx, 4);
  if (frame.kind == Frame::Kind::kEntries) {
    if (frame.position < frame.count) {
      duk_get_prop_index(ctx, keys, frame.position++);
      return WriteValue(writer);
    }
    PutTag(writer, SerializedTag::kEnd);
  } else {
    while (duk_next(ctx, keys, 0)) {
      duk_dup_top(ctx);
      if (!duk_has_prop(ctx, keys - 1)) {
        duk_pop(ctx);
        continue;
      }
      WriteKey(writer, frame);
      duk_get_prop(ctx, keys - 1);
      return WriteValue(writer);
    }
    PutVarint(writer, language::kKeyEnd);
  }
  writer.state.frames.pop_back();
  duk_set_top(ctx, keys - 1);
}

}  // namespace

void SerializeValue(duk_context* ctx, duk_idx_t index, std::string& out, Externals* externals) {
  index = duk_normalize_index(ctx, index);
  duk_require_stack(ctx, 16);
  auto* state = new WriterState;
  PushNative(ctx, kWriterType, state);
  const duk_idx_t memory = duk_get_top_index(ctx);
  const Writer writer = {ctx, memory, *state, out, externals};
  out.push_back(language::kSerializedVersion);
  duk_dup(ctx, index);
  WriteValue(writer);
  while (!state->frames.empty()) Continue(writer);
  duk_set_top(ctx, memory);
}

}  // namespace edge::js
