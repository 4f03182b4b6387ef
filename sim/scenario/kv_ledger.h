// KvLedger: every operation on KV in a run, over crashes and restarts, and whether what was read could have been read.
//
// A read may see a version (absence is one) that was current within its window: nothing that was never put, nothing that an acknowledged
// write had replaced before the window began, nothing expired. Under the contract of this runtime, and when nothing goes wrong any more,
// the window is empty: then an acknowledged write that is lost shows at the next read of its key. A write whose outcome nobody knows may
// have been done at any time since it began, or never.
#ifndef EDGE_SIM_SCENARIO_KV_LEDGER_H_
#define EDGE_SIM_SCENARIO_KV_LEDGER_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/node/eventual_kv.h"

namespace edge::sim {

class KvLedger final : public KvObserver {
 public:
  // `now`: the world's time; `may_be_stale`: whether a read that begins now may be.
  KvLedger(std::function<Instant()> now, std::function<bool()> may_be_stale)
      : now_(std::move(now)), may_be_stale_(std::move(may_be_stale)) {}

  uint64_t OnWriteBegan(std::string_view id, const std::string& key, const Entry& entry, WallTime now) override;
  void OnWriteEnded(uint64_t write, Written written, WallTime now) override;
  void OnRead(std::string_view id, const std::string& key, const Entry& seen, const Read& read) override;

  // The first read that could not be; empty: none.
  const std::string& problem() const { return problem_; }
  uint64_t reads() const { return reads_; }
  uint64_t writes() const { return writes_.size(); }

 private:
  struct Write {
    Entry entry;
    Instant begin;
    Instant end = Instant::Infinite();  // when it was certainly done; infinite: it may never have been
    bool refused = false;
  };
  // Had `write` certainly been replaced by another before `time`?
  bool ReplacedBefore(const std::vector<uint64_t>& writes, const Write* write, Instant time) const;

  const std::function<Instant()> now_;
  const std::function<bool()> may_be_stale_;
  std::vector<Write> writes_;
  std::map<std::pair<std::string, std::string>, std::vector<uint64_t>> by_key_;
  WallTime latest_;  // that any calendar has shown: what expires by then may be gone
  uint64_t reads_ = 0;
  std::string problem_;
};

}  // namespace edge::sim

#endif  // EDGE_SIM_SCENARIO_KV_LEDGER_H_
