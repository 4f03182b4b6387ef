// FakeListener and FakeClient: connections in memory, for tests of code that stands on net/network.h.
//
// The test plays the client from the thread's own stack, between turns of the scheduler: it sends bytes, looks at what has arrived, opens
// or shuts the window through which the server may write, half-closes or resets. Nothing is delayed and nothing is random; Settle runs the
// scheduler until neither a fiber nor a readiness callback is left to run.
#ifndef EDGE_NET_HTTP_TESTING_FAKE_NETWORK_H_
#define EDGE_NET_HTTP_TESTING_FAKE_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/network.h"
#include "runtime/fiber/scheduler.h"
#include "runtime/fiber/wait_list.h"

namespace edge::http {

// One connection as the client sees it. Outlives the server's end.
class FakeClient {
 public:
  explicit FakeClient(Scheduler& scheduler) : readers_(scheduler), writers_(scheduler) {}

  // --- what the client does ---
  void Send(std::string_view bytes);
  void SendEnd();  // half-close
  void Reset();    // both of the server's directions fail from now on
  // How many more bytes the server may write before it has to wait; unlimited at first.
  void SetWindow(size_t bytes);
  void SetReadMax(size_t bytes) { read_max_ = bytes; }  // the server gets at most so much per Read

  // --- what the client sees ---
  const std::string& received() const { return received_; }
  std::string TakeReceived();
  bool end_received() const { return write_closed_ || closed_; }  // no more bytes will come
  bool aborted() const { return aborted_; }
  bool closed() const { return closed_; }  // the server has destroyed its end

  // --- what only a test can know ---
  int writes() const { return writes_; }  // calls of Write by the server
  bool parked() const { return callback_ != nullptr; }
  size_t unread() const { return inbox_.size(); }  // sent and not yet read by the server

  // Calls the readiness callback if one is due; false if not.
  bool DeliverReadable();

 private:
  friend class FakeConnection;

  bool Readable() const { return !inbox_.empty() || end_sent_ || reset_; }

  WaitList readers_;
  WaitList writers_;
  std::string inbox_;
  std::string received_;
  size_t window_ = SIZE_MAX;
  size_t read_max_ = SIZE_MAX;
  ReadableCallback* callback_ = nullptr;
  bool end_sent_ = false;
  bool reset_ = false;
  bool write_closed_ = false;
  bool aborted_ = false;
  bool closed_ = false;
  int writes_ = 0;
};

class FakeListener final : public Listener {
 public:
  explicit FakeListener(Scheduler& scheduler, std::vector<std::shared_ptr<FakeClient>>& clients)
      : scheduler_(scheduler), clients_(clients), acceptors_(scheduler) {}

  absl::StatusOr<std::unique_ptr<Connection>> Accept(Instant deadline) override;
  const Endpoint& Local() const override { return local_; }

  std::shared_ptr<FakeClient> Connect();
  // The next so many calls of Accept fail.
  void RunOutOfDescriptors(int times) { exhausted_ = times; }

 private:
  Scheduler& scheduler_;
  std::vector<std::shared_ptr<FakeClient>>& clients_;  // of the test; outlives the listener
  WaitList acceptors_;
  std::deque<std::shared_ptr<FakeClient>> pending_;
  Endpoint local_{.host = "fake", .port = 80};
  int exhausted_ = 0;
};

// Runs all that can run without time passing.
void Settle(Scheduler& scheduler, const std::vector<std::shared_ptr<FakeClient>>& clients);

}  // namespace edge::http

#endif  // EDGE_NET_HTTP_TESTING_FAKE_NETWORK_H_
