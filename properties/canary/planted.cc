#include "properties/canary/planted.h"

#include <memory>
#include <utility>
#include <vector>

namespace edge::sim {
namespace {

// Set by a recycled isolate, taken by the next write.
struct Reset {
  bool pending = false;
};

class ResetSeeingAdversary final : public Adversary {
 public:
  ResetSeeingAdversary(Adversary& adversary, Reset& reset) : adversary_(adversary), reset_(reset) {}
  MischiefChoice Consider(std::string_view point, uint64_t key, std::initializer_list<Mischief> allowed) override {
    const MischiefChoice choice = adversary_.Consider(point, key, allowed);
    if (choice.kind == Mischief::kEvict) reset_.pending = true;
    return choice;
  }

 private:
  Adversary& adversary_;
  Reset& reset_;
};

class RepeatingConnection final : public Connection {
 public:
  RepeatingConnection(std::unique_ptr<Connection> connection, Reset& reset) : connection_(std::move(connection)), reset_(reset) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer, Instant deadline) override { return connection_->Read(buffer, deadline); }
  absl::Status Write(std::span<const std::string_view> pieces, Instant deadline) override {
    if (!std::exchange(reset_.pending, false)) return connection_->Write(pieces, deadline);
    std::vector<std::string_view> twice(pieces.begin(), pieces.end());
    twice.insert(twice.end(), pieces.begin(), pieces.end());
    return connection_->Write(twice, deadline);
  }
  absl::Status CloseWrite() override { return connection_->CloseWrite(); }
  void Abort() override { connection_->Abort(); }
  void NotifyReadable(ReadableCallback* callback) override { connection_->NotifyReadable(callback); }
  const Endpoint& Peer() const override { return connection_->Peer(); }

 private:
  std::unique_ptr<Connection> connection_;
  Reset& reset_;
};

class RepeatingListener final : public Listener {
 public:
  RepeatingListener(std::unique_ptr<Listener> listener, Reset& reset) : listener_(std::move(listener)), reset_(reset) {}
  absl::StatusOr<std::unique_ptr<Connection>> Accept(Instant deadline) override {
    absl::StatusOr<std::unique_ptr<Connection>> connection = listener_->Accept(deadline);
    if (!connection.ok()) return connection;
    return std::make_unique<RepeatingConnection>(*std::move(connection), reset_);
  }
  const Endpoint& Local() const override { return listener_->Local(); }

 private:
  std::unique_ptr<Listener> listener_;
  Reset& reset_;
};

class RepeatingNetwork final : public Network {
 public:
  RepeatingNetwork(Network& network, Reset& reset) : network_(network), reset_(reset) {}
  absl::StatusOr<std::unique_ptr<Listener>> Listen(const Endpoint& local) override {
    absl::StatusOr<std::unique_ptr<Listener>> listener = network_.Listen(local);
    if (!listener.ok()) return listener;
    return std::make_unique<RepeatingListener>(*std::move(listener), reset_);
  }
  absl::StatusOr<std::unique_ptr<Connection>> Connect(const Endpoint& remote, Instant deadline) override {
    return network_.Connect(remote, deadline);
  }

 private:
  Network& network_;
  Reset& reset_;
};

class TwiceTamper final : public NodeTamper {
 public:
  explicit TwiceTamper(const Seams& seams) : adversary_(seams.adversary, reset_), network_(seams.network, reset_) {}
  Seams Tampered(const Seams& seams) override {
    return {seams.scheduler, seams.clock, network_, seams.disk, seams.random, seams.process, adversary_};
  }

 private:
  Reset reset_;
  ResetSeeingAdversary adversary_;
  RepeatingNetwork network_;
};

class ImpatientTamper final : public NodeTamper {
 public:
  void Tamper(NodeOptions& options) override { options.drain_time = Duration::Zero(); }
};

}  // namespace

NodeTamper::Factory TwiceOnReset() {
  return [](const Seams& seams) { return std::make_unique<TwiceTamper>(seams); };
}

NodeTamper::Factory DroppedAtShutdown() {
  return [](const Seams&) { return std::make_unique<ImpatientTamper>(); };
}

}  // namespace edge::sim
