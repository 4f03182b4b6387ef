// Differential: random transactions on an ObjectImage and on plain SQLite side by side, with everything that a store does to an image in
// between: checkpoints that complete, fail, or are cut off with torn pages; crashes; reopening from base and log; refused commits; failed
// reads. After each statement both must have said the same, and what they hold must be the same whenever it is looked at.
#ifndef EDGE_STORAGE_IMAGE_IMAGE_DIFFERENTIAL_H_
#define EDGE_STORAGE_IMAGE_IMAGE_DIFFERENTIAL_H_

#include <cstdint>
#include <string>

namespace edge::storage {

// A mistake planted on the way from a page set to a page, to see the harness find it.
enum class Mutation : uint8_t {
  kNone,
  kReplayIgnoresShrink,  // recovery does not cut off pages
  kReplayXors,           // recovery combines ranges with what is there
  kNothingIsWhole,       // the first change after a checkpoint is a difference to the base, which a crash may have torn
};

struct DifferentialOptions {
  uint64_t seed = 0;
  uint64_t transactions = 1000;
  Mutation mutation = Mutation::kNone;
};

struct DifferentialCounts {
  uint64_t transactions = 0, statements = 0, failed_statements = 0, commits = 0, page_sets = 0, rollbacks = 0, savepoints = 0;
  uint64_t crashes = 0, checkpoints = 0, failed_checkpoints = 0, torn_pages = 0, vacuums = 0, refused_commits = 0, failed_reads = 0;
  uint64_t dumps = 0, integrity_checks = 0, log_bytes = 0, pages_max = 0;
  DifferentialCounts& operator+=(const DifferentialCounts& other);
};

struct DifferentialResult {
  DifferentialCounts counts;
  std::string mismatch;  // empty: none
};

DifferentialResult RunDifferential(const DifferentialOptions& options);
std::string Describe(const DifferentialCounts& counts);

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_IMAGE_DIFFERENTIAL_H_
