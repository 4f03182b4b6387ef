// crypto.getRandomValues, crypto.randomUUID, crypto.subtle.digest, HMAC and timingSafeEqual. Other operations of SubtleCrypto throw by name
// (lib/crypto.js).
//
// Randomness comes from the host (the Random seam), never from OpenSSL. Digests run at once, charged to the caller's CPU budget, and
// resolve a promise as the standard wants it.
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "runtime/js/isolate.h"
#include "runtime/js/native.h"
#include "runtime/web/internal.h"
#include "runtime/web/web.h"

namespace edge::web {
namespace {

constexpr size_t kRandomBytesMax = 65536;
// About what one byte of SHA-256 costs in executed instructions of the engine, so that hashing counts as CPU time.
constexpr int64_t kInstructionsPerByte = 1;
constexpr size_t kDigestPieceBytes = 128 * 1024;

const js::NativeType kDigestType = {"digest", [](void* state) { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(state)); }};

// native.getRandomValues(view)
duk_ret_t GetRandomValues(duk_context* ctx) {
  RequireInvocation(ctx);
  duk_set_top(ctx, 1);
  duk_size_t size = 0;
  void* data = duk_get_buffer_data(ctx, 0, &size);
  if (size > kRandomBytesMax) {
    js::ThrowDomException(ctx, "QuotaExceededError", "getRandomValues() only accepts buffers of size <= 64K but provided %lu bytes.",
                          static_cast<unsigned long>(size));
  }
  if (size > 0) HostOf(ctx).FillRandom({static_cast<std::byte*>(data), size});
  duk_dup(ctx, 0);
  return 1;
}

duk_ret_t RandomUuid(duk_context* ctx) {
  RequireInvocation(ctx);
  std::array<unsigned char, 16> bytes;
  HostOf(ctx).FillRandom(std::as_writable_bytes(std::span(bytes)));
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  constexpr char kHex[] = "0123456789abcdef";
  std::array<char, 36> text;
  size_t at = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
    text[at++] = kHex[bytes[i] >> 4];
    text[at++] = kHex[bytes[i] & 15];
  }
  duk_push_lstring(ctx, text.data(), text.size());
  return 1;
}

const EVP_MD* DigestByName(std::string_view name) {
  if (EqualsIgnoreCase(name, "SHA-1")) return EVP_sha1();
  if (EqualsIgnoreCase(name, "SHA-256")) return EVP_sha256();
  if (EqualsIgnoreCase(name, "SHA-384")) return EVP_sha384();
  if (EqualsIgnoreCase(name, "SHA-512")) return EVP_sha512();
  if (EqualsIgnoreCase(name, "MD5")) return EVP_md5();
  return nullptr;
}

// native.digest(name, bytes) -> ArrayBuffer
duk_ret_t Digest(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const std::string_view name = js::RequireUtf8(ctx, 0);
  const EVP_MD* digest = DigestByName(name);
  if (digest == nullptr) {
    js::ThrowDomException(ctx, "NotSupportedError", "Unrecognized or unimplemented digest algorithm requested.");
  }
  const std::optional<std::string_view> bytes = GetBytes(ctx, 1);
  if (!bytes.has_value())
    js::ThrowError(ctx, "TypeError", "Failed to execute 'digest' on 'SubtleCrypto': parameter 2 is not of type 'BufferSource'.");
  EVP_MD_CTX* const state = EVP_MD_CTX_new();
  js::PushNative(ctx, kDigestType, state);
  bool good = state != nullptr && EVP_DigestInit_ex(state, digest, nullptr) == 1;
  // In pieces, between which other fibers run and the CPU limit is looked at.
  for (std::string_view rest = *bytes; good && !rest.empty();) {
    const size_t piece = std::min(rest.size(), kDigestPieceBytes);
    good = EVP_DigestUpdate(state, rest.data(), piece) == 1;
    rest.remove_prefix(piece);
    js::ChargeCpu(ctx, static_cast<int64_t>(piece) * kInstructionsPerByte);
  }
  const size_t size = static_cast<size_t>(EVP_MD_get_size(digest));
  void* out = duk_push_fixed_buffer(ctx, size);
  if (!good || EVP_DigestFinal_ex(state, static_cast<unsigned char*>(out), nullptr) != 1) {
    js::ThrowDomException(ctx, "OperationError", "The digest could not be computed.");
  }
  duk_push_buffer_object(ctx, -1, 0, size, DUK_BUFOBJ_ARRAYBUFFER);
  return 1;
}

// native.hmac(hash name, key, bytes) -> ArrayBuffer. Charged like a digest.
duk_ret_t Hmac(duk_context* ctx) {
  duk_set_top(ctx, 3);
  const EVP_MD* digest = DigestByName(js::RequireUtf8(ctx, 0));
  const std::optional<std::string_view> key = GetBytes(ctx, 1);
  const std::optional<std::string_view> bytes = GetBytes(ctx, 2);
  if (digest == nullptr || !key.has_value()) js::ThrowDomException(ctx, "OperationError", "The key is not one for HMAC.");
  if (!bytes.has_value()) js::ThrowError(ctx, "TypeError", "The data to sign must be an ArrayBuffer or a view of one.");
  js::ChargeCpu(ctx, static_cast<int64_t>(bytes->size()) * kInstructionsPerByte);
  unsigned char code[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (HMAC(digest, key->data(), static_cast<int>(key->size()), reinterpret_cast<const unsigned char*>(bytes->data()), bytes->size(), code,
           &size) == nullptr) {
    js::ThrowDomException(ctx, "OperationError", "The code could not be computed.");
  }
  void* out = duk_push_fixed_buffer(ctx, size);
  std::memcpy(out, code, size);
  duk_push_buffer_object(ctx, -1, 0, size, DUK_BUFOBJ_ARRAYBUFFER);
  return 1;
}

// native.timingSafeEqual(a, b)
duk_ret_t TimingSafeEqual(duk_context* ctx) {
  duk_set_top(ctx, 2);
  const std::optional<std::string_view> a = GetBytes(ctx, 0);
  const std::optional<std::string_view> b = GetBytes(ctx, 1);
  if (!a.has_value() || !b.has_value()) js::ThrowError(ctx, "TypeError", "timingSafeEqual needs two ArrayBuffers or views");
  if (a->size() != b->size()) js::ThrowError(ctx, "TypeError", "Input buffers must have the same byte length.");
  duk_push_boolean(ctx, CRYPTO_memcmp(a->data(), b->data(), a->size()) == 0);
  return 1;
}

}  // namespace

std::span<const js::LibraryNative> CryptoNatives() {
  static constexpr js::LibraryNative kNatives[] = {{"getRandomValues", GetRandomValues, 1},
                                                   {"randomUUID", RandomUuid, 0},
                                                   {"digest", Digest, 2},
                                                   {"hmac", Hmac, 3},
                                                   {"timingSafeEqual", TimingSafeEqual, 2}};
  return kNatives;
}

}  // namespace edge::web
