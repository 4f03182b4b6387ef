#include "runtime/url/idna.h"

#include <unicode/uidna.h>

#include <cstdint>

#include "runtime/base/check.h"

namespace edge::url {
namespace {

UIDNA* OpenHandle() {
  UErrorCode error = U_ZERO_ERROR;
  UIDNA* handle =
      uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE, &error);
  EDGE_CHECK(U_SUCCESS(error)) << "ICU cannot open its UTS #46 data: " << u_errorName(error);
  return handle;
}

// ICU always reports these; the standard asks for them under beStrict alone.
constexpr uint32_t kToleratedErrors = UIDNA_ERROR_EMPTY_LABEL | UIDNA_ERROR_LABEL_TOO_LONG | UIDNA_ERROR_DOMAIN_NAME_TOO_LONG |
                                      UIDNA_ERROR_LEADING_HYPHEN | UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4;

}  // namespace

IdnaMapper::IdnaMapper() : handle_(OpenHandle()) {}

IdnaMapper::~IdnaMapper() { uidna_close(handle_); }

const IdnaMapper& IdnaMapper::Get() {
  static const IdnaMapper mapper;
  return mapper;
}

bool IdnaMapper::AppendAscii(std::string_view domain, std::string* out) const {
  if (domain.size() > kDomainBytesMax) return false;
  std::string result(domain.size() + 64, '\0');
  while (true) {
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    UErrorCode error = U_ZERO_ERROR;
    const int32_t length = uidna_nameToASCII_UTF8(handle_, domain.data(), static_cast<int32_t>(domain.size()), result.data(),
                                                  static_cast<int32_t>(result.size()), &info, &error);
    if (error == U_BUFFER_OVERFLOW_ERROR && static_cast<size_t>(length) > result.size()) {
      result.resize(static_cast<size_t>(length));  // Grows once: the length that ICU reports is the whole one.
      continue;
    }
    if (U_FAILURE(error) || (info.errors & ~kToleratedErrors) != 0) return false;
    out->append(result, 0, static_cast<size_t>(length));
    return true;
  }
}

}  // namespace edge::url
