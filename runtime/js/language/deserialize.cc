// Reading serialized values (serialize_format.h). Bytes are not trusted: each length is compared with what is left, each number of an
// object with what there is, and what does not fit throws.
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "edge_engine.h"
#include "runtime/js/isolate.h"
#include "runtime/js/language/clone_kinds.h"
#include "runtime/js/language/regexp_binding.h"
#include "runtime/js/language/serialize.h"
#include "runtime/js/language/serialize_format.h"
#include "runtime/js/language/state.h"
#include "runtime/js/utf8.h"

namespace edge::js {
namespace {

using language::ChargeWork;
using language::CollectionKind;
using language::SerializedTag;

// An open container: [ ... container ], or [ ... container key ] while a value is read.
struct Frame {
  enum class Kind : uint8_t { kObject, kArray, kMap, kSet, kError } kind = Kind::kObject;
  enum class Wait : uint8_t { kKey, kValue } wait = Wait::kKey;  // kMap; kError: kValue once the cause is there
  uint32_t position = 0;                                         // kArray: the index expected next
};

struct ReaderState {
  std::string_view bytes;
  size_t position = 0;
  std::vector<Frame> frames;
  uint32_t objects = 0;
  std::string text;
};
void ReleaseReader(void* pointer) { delete static_cast<ReaderState*>(pointer); }
// Slot i: object i.
const NativeType kReaderType = {"DeserializeMemory", ReleaseReader, 0};

struct Reader {
  duk_context* ctx;
  duk_idx_t memory;
  ReaderState& state;
  Externals* externals;
};

[[noreturn]] void ThrowDamaged(const Reader& reader) {
  ThrowDomException(reader.ctx, "DataCloneError", "Unable to deserialize cloned data.");
}

uint8_t TakeByte(const Reader& reader) {
  ReaderState& state = reader.state;
  if (state.position >= state.bytes.size()) ThrowDamaged(reader);
  return static_cast<uint8_t>(state.bytes[state.position++]);
}

uint64_t TakeVarint(const Reader& reader) {
  uint64_t value = 0;
  for (int shift = 0; shift < 63; shift += 7) {
    const uint8_t byte = TakeByte(reader);
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  ThrowDamaged(reader);
}

std::string_view TakeBytes(const Reader& reader, uint64_t size) {
  ReaderState& state = reader.state;
  if (size > state.bytes.size() - state.position) ThrowDamaged(reader);
  const std::string_view bytes = state.bytes.substr(state.position, size);
  state.position += size;
  ChargeWork(reader.ctx, size / 16);
  return bytes;
}

double TakeDouble(const Reader& reader) {
  uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits |= static_cast<uint64_t>(TakeByte(reader)) << (8 * i);
  const auto value = std::bit_cast<double>(bits);
  // The engine packs its values into NaNs: only its own one may come in.
  return value != value ? std::nan("") : value;
}

// Valid text into the engine's form: characters of four bytes become pairs. False if it is not valid.
bool SplitCharacters(std::string_view text, std::string& out) {
  out.clear();
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (length == 0 || length > text.size() - i) return false;
    uint32_t character = length == 1 ? lead : lead & (0x7Fu >> length);
    for (size_t k = 1; k < length; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      if ((byte & 0xC0) != 0x80) return false;
      character = character << 6 | (byte & 0x3Fu);
    }
    if ((length == 3 && character < 0x800) || (length == 4 && (character < 0x10000 || character > 0x10FFFF))) return false;
    if (length < 4) {
      out.append(text.substr(i, length));
    } else {
      for (const uint32_t unit : {0xD800 + ((character - 0x10000) >> 10), 0xDC00 + ((character - 0x10000) & 0x3FF)}) {
        out.push_back(static_cast<char>(0xE0 | unit >> 12));
        out.push_back(static_cast<char>(0x80 | (unit >> 6 & 0x3F)));
        out.push_back(static_cast<char>(0x80 | (unit & 0x3F)));
      }
    }
    i += length;
  }
  return true;
}

// [ ... ] -> [ ... string ]
void PushText(const Reader& reader, std::string_view text) {
  if (PlainPrefix(text) != text.size()) {
    if (!SplitCharacters(text, reader.state.text)) ThrowDamaged(reader);
    text = reader.state.text;
  }
  duk_push_lstring(reader.ctx, text.data(), text.size());
}
void ReadText(const Reader& reader) { PushText(reader, TakeBytes(reader, TakeVarint(reader))); }

// The object at the top gets the next number.
void Remember(const Reader& reader) {
  const uint32_t capacity = SlotCount(reader.ctx, reader.memory);
  if (reader.state.objects >= capacity) ResizeSlots(reader.ctx, reader.memory, capacity == 0 ? 4 : capacity * 2);
  duk_dup_top(reader.ctx);
  SetSlot(reader.ctx, reader.memory, reader.state.objects++);
}

void ReadReference(const Reader& reader) {
  const uint64_t number = TakeVarint(reader);
  if (number >= reader.state.objects) ThrowDamaged(reader);
  PushSlot(reader.ctx, reader.memory, static_cast<uint32_t>(number));
}

void ReadBuffer(const Reader& reader) {
  duk_context* ctx = reader.ctx;
  const std::string_view bytes = TakeBytes(reader, TakeVarint(reader));
  void* copy = duk_push_fixed_buffer(ctx, bytes.size());
  if (!bytes.empty()) std::memcpy(copy, bytes.data(), bytes.size());
  duk_push_buffer_object(ctx, -1, 0, bytes.size(), DUK_BUFOBJ_ARRAYBUFFER);
  duk_remove(ctx, -2);
  Remember(reader);
}

void ReadView(const Reader& reader) {
  duk_context* ctx = reader.ctx;
  const uint8_t kind = TakeByte(reader);
  const uint64_t offset = TakeVarint(reader);
  const uint64_t elements = TakeVarint(reader);
  if (kind >= std::size(language::kViewKinds)) ThrowDamaged(reader);
  const auto tag = static_cast<SerializedTag>(TakeByte(reader));
  if (tag == SerializedTag::kBuffer) {
    ReadBuffer(reader);
  } else if (tag == SerializedTag::kReference) {
    ReadReference(reader);
  } else {
    ThrowDamaged(reader);
  }
  const char* buffer_class = edge_class_name(ctx, -1);
  if (buffer_class == nullptr || std::string_view(buffer_class) != "ArrayBuffer") ThrowDamaged(reader);
  duk_size_t size;
  duk_get_buffer_data(ctx, -1, &size);
  const language::ViewKind& view = language::kViewKinds[kind];
  if (offset > size || elements > (size - offset) / view.element_bytes || offset % view.element_bytes != 0) ThrowDamaged(reader);
  duk_push_buffer_object(ctx, -1, offset, elements * view.element_bytes, view.kind);
  duk_remove(ctx, -2);
  Remember(reader);
}

// [ ... source flags ] -> [ ... regexp ]
duk_ret_t MakeRegExp(duk_context* ctx, void*) {
  language::PushRegExp(ctx);
  return 1;
}

void ReadRegExp(const Reader& reader) {
  ReadText(reader);
  ReadText(reader);
  if (duk_safe_call(reader.ctx, MakeRegExp, nullptr, 2, 1) != DUK_EXEC_SUCCESS) {
    if (IsTerminated(reader.ctx)) (void)duk_throw(reader.ctx);
    ThrowDamaged(reader);
  }
  Remember(reader);
}

void ReadBigInt(const Reader& reader) {
  const std::string_view digits = TakeBytes(reader, TakeVarint(reader));
  const std::string_view magnitude = digits.starts_with('-') ? digits.substr(1) : digits;
  const bool valid = !magnitude.empty() && magnitude.find_first_not_of("0123456789") == std::string_view::npos &&
                     (magnitude[0] != '0' || digits.size() == 1);
  if (!valid) ThrowDamaged(reader);
  PushLibraryFunction(reader.ctx, "bigInt");
  duk_push_lstring(reader.ctx, digits.data(), digits.size());
  duk_call(reader.ctx, 1);
}

void ReadBoxed(const Reader& reader) {
  const auto tag = static_cast<SerializedTag>(TakeByte(reader));
  switch (tag) {
    case SerializedTag::kTrue:
    case SerializedTag::kFalse:
      duk_push_boolean(reader.ctx, tag == SerializedTag::kTrue ? 1 : 0);
      break;
    case SerializedTag::kInteger: {
      const uint64_t bits = TakeVarint(reader);
      duk_push_number(reader.ctx, static_cast<double>(static_cast<int64_t>(bits >> 1) ^ -static_cast<int64_t>(bits & 1)));
      break;
    }
    case SerializedTag::kDouble:
      duk_push_number(reader.ctx, TakeDouble(reader));
      break;
    case SerializedTag::kString:
      ReadText(reader);
      break;
    default:
      ThrowDamaged(reader);
  }
}

void Open(const Reader& reader, Frame::Kind kind) {
  if (reader.state.frames.size() >= language::kSerializedDepthMax) ThrowError(reader.ctx, "RangeError", "Maximum call stack size exceeded");
  Remember(reader);
  reader.state.frames.push_back({.kind = kind});
}

void DefineHidden(duk_context* ctx, const char* key) {
  duk_push_string(ctx, key);
  duk_insert(ctx, -2);
  duk_def_prop(
      ctx, -3,
      DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE | DUK_DEFPROP_FORCE);
}

// [ ... ] -> [ ... error ]; it is open if a cause follows.
bool ReadError(const Reader& reader) {
  duk_context* ctx = reader.ctx;
  const uint8_t kind = TakeByte(reader);
  const uint8_t flags = TakeByte(reader);
  if (kind >= std::size(language::kErrorKinds)) ThrowDamaged(reader);
  duk_push_error_object(ctx, language::kErrorKinds[kind].code, "%s", "");
  const bool has_cause = (flags & language::kErrorCause) != 0;
  if (has_cause) {
    Open(reader, Frame::Kind::kError);
  } else {
    Remember(reader);
  }
  for (const auto& [key, flag] : {std::pair("message", language::kErrorMessage), std::pair("stack", language::kErrorStack)}) {
    if ((flags & flag) == 0) continue;
    ReadText(reader);
    DefineHidden(ctx, key);
  }
  return !has_cause;
}

// Reads a value. True: [ ... ] -> [ ... value ]. False: [ ... ] -> [ ... container ], open.
bool ReadValue(const Reader& reader) {
  duk_context* ctx = reader.ctx;
  duk_require_stack(ctx, 16);
  ChargeWork(ctx, 16);
  const auto tag = static_cast<SerializedTag>(TakeByte(reader));
  switch (tag) {
    case SerializedTag::kUndefined:
      duk_push_undefined(ctx);
      return true;
    case SerializedTag::kNull:
      duk_push_null(ctx);
      return true;
    case SerializedTag::kTrue:
    case SerializedTag::kFalse:
    case SerializedTag::kInteger:
    case SerializedTag::kDouble:
    case SerializedTag::kString:
      --reader.state.position;
      ReadBoxed(reader);
      return true;
    case SerializedTag::kBigInt:
      ReadBigInt(reader);
      return true;
    case SerializedTag::kObject:
      duk_push_object(ctx);
      Open(reader, Frame::Kind::kObject);
      return false;
    case SerializedTag::kArray: {
      const uint64_t length = TakeVarint(reader);
      if (length > UINT32_MAX) ThrowDamaged(reader);
      duk_push_array(ctx);
      duk_set_length(ctx, -1, length);
      Open(reader, Frame::Kind::kArray);
      return false;
    }
    case SerializedTag::kMap:
    case SerializedTag::kSet:
      language::PushCollection(ctx, tag == SerializedTag::kMap ? CollectionKind::kMap : CollectionKind::kSet);
      Open(reader, tag == SerializedTag::kMap ? Frame::Kind::kMap : Frame::Kind::kSet);
      return false;
    case SerializedTag::kDate:
      language::PushDate(ctx, TakeDouble(reader));
      Remember(reader);
      return true;
    case SerializedTag::kRegExp:
      ReadRegExp(reader);
      return true;
    case SerializedTag::kError:
      return ReadError(reader);
    case SerializedTag::kBoxed:
      ReadBoxed(reader);
      duk_to_object(ctx, -1);
      Remember(reader);
      return true;
    case SerializedTag::kBuffer:
      ReadBuffer(reader);
      return true;
    case SerializedTag::kView:
      ReadView(reader);
      return true;
    case SerializedTag::kReference:
      ReadReference(reader);
      return true;
    case SerializedTag::kExternal: {
      const uint64_t kind = TakeVarint(reader);
      const std::string_view payload = TakeBytes(reader, TakeVarint(reader));
      if (reader.externals == nullptr || kind > UINT32_MAX || !reader.externals->Read(ctx, static_cast<uint32_t>(kind), payload))
        ThrowDamaged(reader);
      Remember(reader);
      return true;
    }
    default:
      ThrowDamaged(reader);
  }
}

// [ ... container [key] value ] -> [ ... container ], or [ ... map key ] after a key.
void Deliver(const Reader& reader) {
  duk_context* ctx = reader.ctx;
  Frame& frame = reader.state.frames.back();
  switch (frame.kind) {
    case Frame::Kind::kObject:
    case Frame::Kind::kArray:
      duk_def_prop(ctx, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WEC);
      break;
    case Frame::Kind::kMap:
      if (frame.wait == Frame::Wait::kKey) {
        frame.wait = Frame::Wait::kValue;
        break;
      }
      frame.wait = Frame::Wait::kKey;
      language::CollectionPut(ctx, -3);
      break;
    case Frame::Kind::kSet:
      language::CollectionPut(ctx, -2);
      break;
    case Frame::Kind::kError:
      DefineHidden(ctx, "cause");
      frame.wait = Frame::Wait::kValue;
      break;
  }
}

// [ ... container ] -> [ ... container key ]. False: there is no further one.
bool ReadKey(const Reader& reader, Frame& frame) {
  const uint64_t key = TakeVarint(reader);
  if (key == language::kKeyEnd) return false;
  const bool is_array = frame.kind == Frame::Kind::kArray;
  if (key == language::kKeyNextIndex) {
    if (!is_array || frame.position == UINT32_MAX) ThrowDamaged(reader);
    duk_push_uint(reader.ctx, frame.position++);
    return true;
  }
  const std::string_view text = TakeBytes(reader, key - language::kKeyText);
  if (is_array) {
    if (text == "length") ThrowDamaged(reader);
    const uint32_t index = language::ArrayIndexOf(text);
    if (index != UINT32_MAX) frame.position = index + 1;
  }
  PushText(reader, text);
  return true;
}

// Goes on with the innermost open container: true if a value follows. False: it is complete, [ ... container ].
bool Continue(const Reader& reader) {
  ReaderState& state = reader.state;
  Frame& frame = state.frames.back();
  switch (frame.kind) {
    case Frame::Kind::kObject:
    case Frame::Kind::kArray:
      if (ReadKey(reader, frame)) return true;
      break;
    case Frame::Kind::kMap:
    case Frame::Kind::kSet:
      if (frame.wait == Frame::Wait::kValue) return true;
      if (state.position >= state.bytes.size()) ThrowDamaged(reader);
      if (static_cast<SerializedTag>(state.bytes[state.position]) != SerializedTag::kEnd) return true;
      ++state.position;
      break;
    case Frame::Kind::kError:
      if (frame.wait == Frame::Wait::kKey) return true;
      break;
  }
  state.frames.pop_back();
  return false;
}

}  // namespace

void DeserializeValue(duk_context* ctx, std::string_view bytes, Externals* externals) {
  duk_require_stack(ctx, 16);
  auto* state = new ReaderState;
  state->bytes = bytes;
  PushNative(ctx, kReaderType, state);
  const duk_idx_t memory = duk_get_top_index(ctx);
  const Reader reader = {ctx, memory, *state, externals};
  if (TakeByte(reader) != language::kSerializedVersion) ThrowDamaged(reader);
  bool complete = ReadValue(reader);
  while (!state->frames.empty()) {
    if (complete) Deliver(reader);
    complete = Continue(reader) ? ReadValue(reader) : true;
  }
  if (state->position != bytes.size()) ThrowDamaged(reader);
  duk_remove(ctx, memory);
}

}  // namespace edge::js
