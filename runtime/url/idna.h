// IdnaMapper: domain names outside ASCII, through ICU's implementation of UTS #46, with the options of the URL standard's "domain to
// ASCII" (non-transitional, CheckBidi, CheckJoiners; neither CheckHyphens nor VerifyDnsLength).
//
// A domain that is ASCII never comes here: the standard has it lower-cased and nothing else, punycode labels included, because the web
// has invalid ones. So the ICU data is touched by the first international name only.
//
// ICU runs on the caller's stack and wants some tens of KB of it.
#ifndef EDGE_RUNTIME_URL_IDNA_H_
#define EDGE_RUNTIME_URL_IDNA_H_

#include <cstddef>
#include <string>
#include <string_view>

struct UIDNA;

namespace edge::url {

class IdnaMapper {
 public:
  // Longest domain accepted, in bytes of UTF-8. Punycode takes quadratic time in the length of a label (ICU itself refuses labels above
  // about 1000 code units), and no name that DNS can hold comes near this.
  static constexpr size_t kDomainBytesMax = 2048;

  // The one mapper of the process, opened by the first call. It is a process-wide constant and no global state: ICU's handle is
  // immutable after it is opened, its answers depend on the arguments alone, and ICU keeps the tables behind it once per process anyhow.
  static const IdnaMapper& Get();

  IdnaMapper(const IdnaMapper&) = delete;
  IdnaMapper& operator=(const IdnaMapper&) = delete;

  // Appends the ASCII form of `domain` (UTF-8; ill-formed bytes count as U+FFFD, which is disallowed) to `*out` and returns true.
  // Returns false and leaves `*out` alone where the domain is invalid or longer than kDomainBytesMax. The result may still hold code
  // points that the URL standard forbids: the caller checks.
  bool AppendAscii(std::string_view domain, std::string* out) const;

 private:
  IdnaMapper();
  ~IdnaMapper();

  UIDNA* const handle_;  // owned
};

}  // namespace edge::url

#endif  // EDGE_RUNTIME_URL_IDNA_H_
