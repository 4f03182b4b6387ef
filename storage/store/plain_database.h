// A SQLite file of anybody's, as the pages of a database of ours: checked, with the reserved bytes that ours have, without a WAL.
#ifndef EDGE_STORAGE_STORE_PLAIN_DATABASE_H_
#define EDGE_STORAGE_STORE_PLAIN_DATABASE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace edge::storage {

// kInvalidArgument: not a SQLite database, one with another page size than 4096, or a damaged one; the text says so. Does not suspend.
absl::StatusOr<std::string> ToOurPages(std::string_view database);

}  // namespace edge::storage

#endif  // EDGE_STORAGE_STORE_PLAIN_DATABASE_H_
