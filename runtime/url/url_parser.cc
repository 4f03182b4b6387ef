#include "runtime/url/url_parser.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/url/host.h"
#include "runtime/url/percent_encode.h"

namespace edge::url {
namespace {

bool IsTabOrNewline(char c) { return c == '\t' || c == '\n' || c == '\r'; }

bool IsSchemeByte(char c) { return IsAsciiAlpha(c) || IsAsciiDigit(c) || c == '+' || c == '-' || c == '.'; }

std::string_view TrimC0AndSpace(std::string_view text) {
  const auto trimmed = [](char c) { return static_cast<uint8_t>(c) <= 0x20; };
  while (!text.empty() && trimmed(text.front())) text.remove_prefix(1);
  while (!text.empty() && trimmed(text.back())) text.remove_suffix(1);
  return text;
}

bool IsWindowsDriveLetter(std::string_view text) { return text.size() == 2 && IsAsciiAlpha(text[0]) && (text[1] == ':' || text[1] == '|'); }

bool StartsWithWindowsDriveLetter(std::string_view text) {
  return IsWindowsDriveLetter(text.substr(0, 2)) && (text.size() == 2 || text.find_first_of("/\\?#", 2) == 2);
}

// True for a path whose first segment is a drive letter in its normal form ("/C:" and "/C:/...").
bool StartsWithDriveSegment(std::string_view path) {
  return path.size() >= 3 && path[0] == '/' && IsAsciiAlpha(path[1]) && path[2] == ':' && (path.size() == 3 || path[3] == '/');
}

// Length of the '.' or "%2e" that `text` begins with, or 0.
size_t DotLength(std::string_view text) {
  if (text.starts_with('.')) return 1;
  return text.size() >= 3 && text[0] == '%' && text[1] == '2' && (text[2] | 0x20) == 'e' ? 3 : 0;
}

// 1 for a single-dot segment, 2 for a double-dot segment, 0 for any other.
int CountDots(std::string_view segment) {
  int dots = 0;
  while (!segment.empty() && dots < 3) {
    const size_t length = DotLength(segment);
    if (length == 0) return 0;
    segment.remove_prefix(length);
    ++dots;
  }
  return dots < 3 ? dots : 0;
}

// Removes the last segment of the path that begins at `path_begin`; the drive letter of a file URL stays.
void ShortenPath(SchemeType type, size_t path_begin, std::string* href) {
  const std::string_view path = std::string_view(*href).substr(path_begin);
  if (type == SchemeType::kFile && path.size() == 3 && StartsWithDriveSegment(path)) return;
  const size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) href->resize(path_begin + slash);
}

// True where `text` is a path that needs nothing but to be copied: no byte to encode, no '\', no dot segment, which the first byte of
// a segment tells well enough.
bool IsPlainPath(std::string_view text) {
  char previous = '/';
  for (const char c : text) {
    if (NeedsEncoding(c, EncodeSet::kPath) || c == '\\' || (previous == '/' && (c == '.' || c == '%'))) return false;
    previous = c;
  }
  return true;
}

// One run of the parser. Each method that consumes `rest` returns false after Fail.
class Parser {
 public:
  // REQUIRES: `input` is trimmed and without tabs and newlines.
  Parser(std::string_view input, const UrlRecord* base) : input_(input), base_(base) {}

  bool Run() {
    const std::optional<size_t> scheme_length = SchemeLength(input_);
    if (!scheme_length.has_value()) return WithoutScheme();
    // One allocation is enough where nothing is encoded: "//" and the slash of an empty path may come on top.
    record_.href.reserve(input_.size() + 4);
    const std::string_view scheme = input_.substr(0, *scheme_length);
    std::transform(scheme.begin(), scheme.end(), std::back_inserter(record_.href), AsciiLower);
    record_.scheme_type = ClassifyScheme(record_.href);
    record_.scheme_end = record_.href.size();
    record_.href.push_back(':');
    return AfterScheme(input_.substr(*scheme_length + 1));
  }

  UrlRecord TakeRecord() { return std::move(record_); }
  const char* reason() const { return reason_; }

 private:
  bool Fail(const char* reason) {
    reason_ = reason;
    return false;
  }

  bool IsSlashAt(std::string_view rest, size_t index) const { return index < rest.size() && IsPathSlash(rest[index], record_.scheme_type); }

  // The standard's "scheme state" from the ':' on.
  bool AfterScheme(std::string_view rest) {
    const SchemeType type = record_.scheme_type;
    if (type == SchemeType::kFile) return File(rest, base_ != nullptr && base_->scheme_type == SchemeType::kFile ? base_ : nullptr);
    if (IsSpecial(type)) {
      if (base_ != nullptr && base_->scheme_type == type && !rest.starts_with("//")) return Relative(rest);
      return AuthorityAfterSlashes(rest);
    }
    if (rest.starts_with("//")) return Authority(rest.substr(2));
    WriteNoHost();
    if (rest.starts_with('/')) return Path(rest.substr(1));
    return OpaquePath(rest);
  }

  // "No scheme state".
  bool WithoutScheme() {
    if (base_ == nullptr) return Fail("it is relative and there is no base");
    if (base_->path_kind == PathKind::kOpaque) {
      if (!input_.starts_with('#')) return Fail("it is relative and the base has an opaque path");
      CopyFromBase(base_->query_end());
      return Tail(input_);
    }
    return base_->scheme_type == SchemeType::kFile ? File(input_, base_) : Relative(input_);
  }

  // "Relative state" and "relative slash state"; the base is not a file URL and its scheme is the URL's.
  bool Relative(std::string_view rest) {
    record_.scheme_type = base_->scheme_type;
    if (!IsSlashAt(rest, 0)) return RelativePath(rest);
    if (IsSlashAt(rest, 1)) {
      CopyFromBase(base_->scheme_end + 1);
      return IsSpecial(record_.scheme_type) ? AuthorityAfterSlashes(rest) : Authority(rest.substr(2));
    }
    CopyFromBase(base_->authority_end());
    return Path(rest.substr(1));
  }

  // What does not begin with a slash: the base's path is kept, or kept less its last segment.
  bool RelativePath(std::string_view rest) {
    if (rest.empty() || rest.front() == '#') {
      CopyFromBase(base_->query_end());
      return Tail(rest);
    }
    CopyFromBase(base_->path_end());
    if (rest.front() == '?') return Tail(rest);
    ShortenPath(record_.scheme_type, record_.path_begin, &record_.href);
    return Path(rest);
  }

  // "File state" and "file slash state". `base` is a file URL or null.
  bool File(std::string_view rest, const UrlRecord* base) {
    record_.scheme_type = SchemeType::kFile;
    const bool slash = IsSlashAt(rest, 0);
    if (slash && IsSlashAt(rest, 1)) return FileHost(rest.substr(2));
    if (slash) rest.remove_prefix(1);
    if (base == nullptr) {
      WriteEmptyHost();
      return Path(rest);
    }
    if (!slash && !StartsWithWindowsDriveLetter(rest)) return RelativePath(rest);
    CopyFromBase(base->authority_end());
    // An absolute path stays on the base's drive.
    if (slash && !StartsWithWindowsDriveLetter(rest) && StartsWithDriveSegment(base->path())) record_.href.append(base->path(), 0, 3);
    return Path(rest);
  }

  bool FileHost(std::string_view rest) {
    const size_t length = AuthorityLength(rest, SchemeType::kFile);
    const std::string_view host = rest.substr(0, length);
    WriteEmptyHost();
    if (IsWindowsDriveLetter(host)) return Path(rest);  // "file://C:/x": a drive, no host.
    if (!host.empty()) {
      if (!AppendHost(host, HostKind::kDomain, &record_.href)) return Fail("its host is invalid");
      if (std::string_view(record_.href).substr(record_.host_begin) == "localhost") record_.href.resize(record_.host_begin);
      record_.host_end = record_.path_begin = record_.href.size();
    }
    return PathStart(rest.substr(length));
  }

  bool AuthorityAfterSlashes(std::string_view rest) {
    while (IsSlashAt(rest, 0)) rest.remove_prefix(1);
    return Authority(rest);
  }

  // "Authority state", "host state" and "port state".
  bool Authority(std::string_view rest) {
    const SchemeType type = record_.scheme_type;
    std::string& href = record_.href;
    const size_t length = AuthorityLength(rest, type);
    std::string_view authority = rest.substr(0, length);
    record_.has_host = true;
    href.append("//");
    const size_t at = authority.rfind('@');
    if (at == std::string_view::npos) {
      record_.username_end = href.size();
    } else {
      WriteCredentials(authority.substr(0, at));
      authority.remove_prefix(at + 1);
      if (authority.empty()) return Fail("it has credentials but no host");
    }
    record_.host_begin = href.size();

    const size_t host_length = HostLength(authority);
    const bool has_colon = host_length < authority.size();
    if (host_length == 0 && (IsSpecial(type) || has_colon)) return Fail("its host is empty");
    const HostKind kind = IsSpecial(type) ? HostKind::kDomain : HostKind::kOpaque;
    if (!AppendHost(authority.substr(0, host_length), kind, &href)) return Fail("its host is invalid");
    record_.host_end = href.size();
    if (has_colon && host_length + 1 < authority.size()) {
      const std::string_view digits = authority.substr(host_length + 1);
      const PortDigits port = ReadPort(digits);
      if (port.length != digits.size() || !port.value.has_value()) return Fail("its port is not a number below 65536");
      if (port.value != DefaultPort(type)) href.append(":").append(std::to_string(*port.value));
    }
    record_.path_begin = href.size();
    return PathStart(rest.substr(length));
  }

  // "Path start state".
  bool PathStart(std::string_view rest) {
    if (IsSlashAt(rest, 0)) return Path(rest.substr(1));
    if (IsSpecial(record_.scheme_type)) return Path(rest);
    if (rest.empty() || rest.front() == '?' || rest.front() == '#') return Tail(rest);
    return Path(rest);
  }

  // "Path state": `rest` follows a slash, written or implied.
  bool Path(std::string_view rest) {
    const size_t length = PathLength(rest);
    AppendPathSegments(rest.substr(0, length), record_.scheme_type, record_.path_begin, &record_.href);
    record_.FixPathPrefix();
    return Tail(rest.substr(length));
  }

  bool OpaquePath(std::string_view rest) {
    record_.path_kind = PathKind::kOpaque;
    const size_t length = PathLength(rest);
    std::string_view path = rest.substr(0, length);
    // A space that a '?' or '#' follows would be lost at the end of the URL once that part is removed, so it is encoded.
    const bool encode_last_space = path.ends_with(' ') && length < rest.size();
    if (encode_last_space) path.remove_suffix(1);
    AppendPercentEncoded(path, EncodeSet::kC0Control, &record_.href);
    if (encode_last_space) record_.href.append("%20");
    return Tail(rest.substr(length));
  }

  // Query and fragment: `rest` is empty or begins with '?' or '#'.
  bool Tail(std::string_view rest) {
    std::string& href = record_.href;
    if (rest.starts_with('?')) {
      const size_t end = std::min(rest.find('#'), rest.size());
      record_.query_begin = href.size();
      href.push_back('?');
      AppendPercentEncoded(rest.substr(1, end - 1), IsSpecial(record_.scheme_type) ? EncodeSet::kSpecialQuery : EncodeSet::kQuery, &href);
      rest.remove_prefix(end);
    }
    if (rest.starts_with('#')) {
      record_.fragment_begin = href.size();
      href.push_back('#');
      AppendPercentEncoded(rest.substr(1), EncodeSet::kFragment, &href);
    }
    return true;
  }

  static size_t PathLength(std::string_view rest) {
    const auto end = std::find_if(rest.begin(), rest.end(), [](char c) { return c == '?' || c == '#'; });
    return static_cast<size_t>(end - rest.begin());
  }

  void WriteCredentials(std::string_view text) {
    std::string& href = record_.href;
    const size_t begin = href.size();
    const size_t colon = std::min(text.find(':'), text.size());
    AppendPercentEncoded(text.substr(0, colon), EncodeSet::kUserinfo, &href);
    record_.username_end = href.size();
    if (colon + 1 < text.size()) {
      href.push_back(':');
      AppendPercentEncoded(text.substr(colon + 1), EncodeSet::kUserinfo, &href);
    }
    if (href.size() > begin) href.push_back('@');
  }

  void WriteNoHost() { record_.username_end = record_.host_begin = record_.host_end = record_.path_begin = record_.href.size(); }

  // For file URLs, whose href may still be empty.
  void WriteEmptyHost() {
    record_.href = "file://";
    record_.scheme_end = 4;
    record_.has_host = true;
    record_.username_end = record_.host_begin = record_.host_end = record_.path_begin = record_.href.size();
  }

  // Makes the record the part of the base before `end`, which is the end of its scheme (with the ':'; the authority is written next),
  // authority, path or query.
  void CopyFromBase(size_t end) {
    record_.scheme_type = base_->scheme_type;
    record_.scheme_end = base_->scheme_end;
    record_.href.reserve(end + input_.size() + 4);
    record_.href.assign(base_->href, 0, end);
    record_.has_host = base_->has_host;
    record_.username_end = base_->username_end;
    record_.host_begin = base_->host_begin;
    record_.host_end = base_->host_end;
    record_.path_kind = base_->path_kind;
    record_.path_begin = std::min(base_->path_begin, end);
    if (base_->query_begin < end) record_.query_begin = base_->query_begin;
  }

  const std::string_view input_;
  const UrlRecord* const base_;  // Null: there is none.
  UrlRecord record_;
  const char* reason_ = "";
};

}  // namespace

std::string_view WithoutTabsAndNewlines(std::string_view input, std::string* storage) {
  const auto first = std::find_if(input.begin(), input.end(), IsTabOrNewline);
  if (first == input.end()) return input;
  storage->assign(input);
  std::erase_if(*storage, IsTabOrNewline);
  return *storage;
}

std::optional<size_t> SchemeLength(std::string_view input) {
  if (input.empty() || !IsAsciiAlpha(input.front())) return std::nullopt;
  const auto end = std::find_if_not(input.begin(), input.end(), IsSchemeByte);
  if (end == input.end() || *end != ':') return std::nullopt;
  return static_cast<size_t>(end - input.begin());
}

size_t AuthorityLength(std::string_view input, SchemeType type) {
  const auto end = std::find_if(input.begin(), input.end(), [type](char c) { return IsPathSlash(c, type) || c == '?' || c == '#'; });
  return static_cast<size_t>(end - input.begin());
}

size_t HostLength(std::string_view authority) {
  bool inside_brackets = false;
  for (size_t i = 0; i < authority.size(); ++i) {
    if (authority[i] == '[') inside_brackets = true;
    if (authority[i] == ']') inside_brackets = false;
    if (authority[i] == ':' && !inside_brackets) return i;
  }
  return authority.size();
}

PortDigits ReadPort(std::string_view text) {
  constexpr uint32_t kPortMax = 65535;
  uint32_t value = 0;
  size_t length = 0;
  for (; length < text.size() && IsAsciiDigit(text[length]); ++length) {
    value = std::min(value * 10 + static_cast<uint32_t>(text[length] - '0'), kPortMax + 1);
  }
  if (length == 0 || value > kPortMax) return {length, std::nullopt};
  return {length, static_cast<uint16_t>(value)};
}

void AppendPathSegments(std::string_view text, SchemeType type, size_t path_begin, std::string* href) {
  if (type != SchemeType::kFile && IsPlainPath(text)) {
    href->push_back('/');
    href->append(text);
    return;
  }
  bool more = true;
  while (more) {
    const auto end = std::find_if(text.begin(), text.end(), [type](char c) { return IsPathSlash(c, type); });
    const std::string_view segment = text.substr(0, static_cast<size_t>(end - text.begin()));
    more = end != text.end();
    const int dots = CountDots(segment);
    if (dots == 2) ShortenPath(type, path_begin, href);
    if (dots == 0) {
      href->push_back('/');
      if (type == SchemeType::kFile && href->size() == path_begin + 1 && IsWindowsDriveLetter(segment)) {
        href->push_back(segment[0]);
        href->push_back(':');
      } else {
        AppendPercentEncoded(segment, EncodeSet::kPath, href);
      }
    } else if (!more) {
      href->push_back('/');  // A dot segment at the end leaves an empty one: "/usr/.." is "/".
    }
    text.remove_prefix(std::min(segment.size() + 1, text.size()));
  }
}

absl::StatusOr<UrlRecord> ParseRecord(std::string_view input, const UrlRecord* base) {
  std::string storage;
  Parser parser(WithoutTabsAndNewlines(TrimC0AndSpace(input), &storage), base);
  if (!parser.Run()) return absl::InvalidArgumentError(absl::StrCat("Invalid URL: ", parser.reason()));
  return parser.TakeRecord();
}

}  // namespace edge::url
