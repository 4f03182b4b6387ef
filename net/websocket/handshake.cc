#include "net/websocket/handshake.h"

#include <openssl/evp.h>

#include <array>
#include <cstddef>

#include "net/http/field.h"
#include "runtime/base/check.h"
#include "runtime/base/str_cat.h"

namespace edge::websocket {
namespace {

constexpr std::string_view kKeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t kNonceBytes = 16;

std::string Base64(const unsigned char* bytes, size_t size) {
  std::string text(4 * ((size + 2) / 3) + 1, '\0');
  const int written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size));
  text.resize(static_cast<size_t>(written));
  return text;
}

// 16 bytes in base64.
bool IsKey(std::string_view key) {
  if (key.size() != 24 || !key.ends_with("==")) return false;
  for (const char c : key.substr(0, 22)) {
    const bool known = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    if (!known) return false;
  }
  return true;
}

size_t Count(const http::RequestHead& request, std::string_view name) {
  size_t count = 0;
  for (const http::Field& field : request.fields()) count += http::EqualsIgnoreCase(field.name, name) ? 1 : 0;
  return count;
}

bool HasToken(const http::RequestHead& request, std::string_view name, std::string_view token) {
  for (const http::Field& field : request.fields()) {
    if (http::EqualsIgnoreCase(field.name, name) && http::ListHasToken(field.value, token)) return true;
  }
  return false;
}

}  // namespace

bool IsHandshakeField(std::string_view name) {
  return http::EqualsIgnoreCase(name, "Sec-WebSocket-Accept") || http::EqualsIgnoreCase(name, "Sec-WebSocket-Extensions");
}

bool AsksForWebSocket(const http::RequestHead& request) { return HasToken(request, "Upgrade", "websocket"); }

std::optional<http::Refusal> CheckRequest(const http::RequestHead& request) {
  if (request.method() != "GET") return http::Refusal{400, "WebSocket must be initiated with a GET request."};
  if (request.version() != http::Version::kHttp11) return http::Refusal{400, "WebSocket needs HTTP/1.1."};
  if (!HasToken(request, "Connection", "Upgrade")) return http::Refusal{400, "A request for a WebSocket needs \"Connection: Upgrade\"."};
  const std::optional<std::string_view> version = request.Find("Sec-WebSocket-Version");
  if (!version) return http::Refusal{400, "Missing Sec-WebSocket-Version"};
  if (*version != "13") return http::Refusal{426, "The requested WebSocket version is not supported."};
  const std::optional<std::string_view> key = request.Find("Sec-WebSocket-Key");
  if (!key) return http::Refusal{400, "Missing Sec-WebSocket-Key"};
  if (Count(request, "Sec-WebSocket-Key") > 1 || !IsKey(*key)) return http::Refusal{400, "Malformed Sec-WebSocket-Key"};
  return std::nullopt;
}

std::string AcceptOf(std::string_view key) {
  const std::string text = StrCat(key, kKeySuffix);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EDGE_CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1);
  return Base64(digest.data(), size);
}

std::string NewKey(Random& random) {
  std::array<std::byte, kNonceBytes> nonce;
  random.Fill(nonce);
  return Base64(reinterpret_cast<const unsigned char*>(nonce.data()), nonce.size());
}

void AddRequestFields(std::string_view key, http::ClientRequest& request) {
  request.fields.emplace_back("Sec-WebSocket-Key", key);
  request.fields.emplace_back("Sec-WebSocket-Version", "13");
}

absl::Status CheckAnswer(const http::ClientResponseHead& answer, std::string_view key) {
  constexpr std::string_view kFailed = "Server failed WebSocket handshake: ";
  const std::optional<std::string_view> upgrade = answer.Find("Upgrade");
  if (!upgrade) return absl::InvalidArgumentError(StrCat(kFailed, "missing Upgrade header."));
  if (!http::EqualsIgnoreCase(*upgrade, "websocket")) {
    return absl::InvalidArgumentError(StrCat(kFailed, "incorrect Upgrade header: expected 'websocket', got '", *upgrade, "'."));
  }
  const std::optional<std::string_view> connection = answer.Find("Connection");
  if (!connection || !http::ListHasToken(*connection, "Upgrade")) {
    return absl::InvalidArgumentError(StrCat(kFailed, "missing \"Connection: Upgrade\"."));
  }
  const std::optional<std::string_view> accept = answer.Find("Sec-WebSocket-Accept");
  if (!accept) return absl::InvalidArgumentError(StrCat(kFailed, "missing Sec-WebSocket-Accept header."));
  const std::string expected = AcceptOf(key);
  if (*accept != expected) {
    return absl::InvalidArgumentError(
        StrCat(kFailed, "incorrect Sec-WebSocket-Accept header: expected '", expected, "', got '", *accept, "'."));
  }
  if (const std::optional<std::string_view> extensions = answer.Find("Sec-WebSocket-Extensions"); extensions && !extensions->empty()) {
    return absl::InvalidArgumentError(StrCat(kFailed, "it uses an extension that was not offered: ", *extensions));
  }
  return absl::OkStatus();
}

}  // namespace edge::websocket
