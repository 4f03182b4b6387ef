#include "runtime/operate/control.h"

#include <array>
#include <utility>

#include "net/http/client.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/str_cat.h"
#include "runtime/fiber/deadline.h"

namespace edge::operate {
namespace {

constexpr char kTarget[] = "/operate";
constexpr char kServicesTarget[] = "/services";
constexpr size_t kOperationBytesMax = 16 * 1024;
constexpr size_t kServiceOperationBytesMax = 26 * 1024 * 1024;  // a value of KV is in it
constexpr Duration kDrainTime = Duration::Seconds(30);
// A backup of much data takes its time.
constexpr Duration kAnswerTime = Duration::Seconds(3600);

std::string SocketPath(std::string_view directory) { return StrCat(directory, "/control.sock"); }
Endpoint EndpointOf(std::string_view directory) { return {StrCat("unix:", SocketPath(directory)), 0}; }

// What the caller's mistake is, and what is not.
int HttpStatusOf(const absl::Status& status) {
  if (absl::IsNotFound(status)) return 404;
  if (absl::IsInvalidArgument(status) || absl::IsAlreadyExists(status)) return 400;
  return 500;
}

}  // namespace

class ControlServer::Control final : public http::Handler {
 public:
  Control(Disk& disk, storage::ObjectStore& store, std::function<Population()> census, Services services)
      : disk_(disk), store_(store), census_(std::move(census)), services_(std::move(services)) {}

  void Handle(http::Exchange& exchange) override {
    const absl::StatusOr<std::string> answer = Answer(exchange);
    http::ResponseHead head(answer.ok() ? 200 : HttpStatusOf(answer.status()));
    head.Add("Content-Type", "text/plain;charset=utf-8").IgnoreError();
    exchange.Respond(head, answer.ok() ? *answer : std::string(answer.status().message())).IgnoreError();
  }

 private:
  absl::StatusOr<std::string> Answer(http::Exchange& exchange) {
    const bool services = exchange.head().target() == kServicesTarget;
    if (exchange.head().method() != "POST" || (!services && exchange.head().target() != kTarget)) {
      return absl::NotFoundError("this is the control socket of edge: POST /operate or /services");
    }
    const size_t bytes_max = services ? kServiceOperationBytesMax : kOperationBytesMax;
    std::string text;
    std::array<char, 4096> buffer;
    for (;;) {
      EDGE_ASSIGN_OR_RETURN(const size_t read, exchange.ReadBody(buffer));
      if (read == 0) break;
      if (text.size() + read > bytes_max) return absl::InvalidArgumentError("the operation is too long");
      text.append(buffer.data(), read);
    }
    if (services) {
      EDGE_ASSIGN_OR_RETURN(const ServiceOperation asked, ServiceOperation::Decode(text));
      return services_(asked);
    }
    EDGE_ASSIGN_OR_RETURN(const Operation operation, Operation::Decode(text));
    return Operate(
        store_, disk_, [this] { return std::optional<Population>(census_()); }, operation);
  }

  Disk& disk_;
  storage::ObjectStore& store_;
  const std::function<Population()> census_;
  const Services services_;
};

ControlServer::ControlServer(Scheduler& scheduler, Network& network, Disk& disk, storage::ObjectStore& store,
                             std::function<Population()> census, Services services, std::string_view directory)
    : scheduler_(scheduler),
      network_(network),
      disk_(disk),
      path_(SocketPath(directory)),
      handler_(std::make_unique<Control>(disk, store, std::move(census), std::move(services))) {}

ControlServer::~ControlServer() = default;

absl::Status ControlServer::Start() {
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<Listener> listener, network_.Listen({StrCat("unix:", path_), 0}));
  server_ = std::make_unique<http::Server>(scheduler_, std::move(listener), *handler_, http::ServerLimits());
  return server_->Start();
}

void ControlServer::Stop() {
  if (server_ == nullptr) return;
  server_->Drain(DeadlineIn(scheduler_, kDrainTime)).IgnoreError();
  server_ = nullptr;
  disk_.Remove(path_).IgnoreError();
}

namespace {

// The operation as a request's body.
class OperationBody final : public http::RequestBody {
 public:
  explicit OperationBody(std::string text) : text_(std::move(text)), length_(text_.size()) {}
  absl::StatusOr<std::string> Read() override { return std::exchange(text_, {}); }
  std::optional<uint64_t> Length() const override { return length_; }

 private:
  std::string text_;
  const uint64_t length_;
};

absl::StatusOr<std::string> Ask(Scheduler& scheduler, Network& network, std::string_view directory, const char* target,
                                std::string operation) {
  http::Client client(scheduler, network);
  const http::ClientRequest request{.method = "POST", .host = EndpointOf(directory), .authority = "localhost", .target = target};
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<http::ClientExchange> exchange,
                        client.Send(request, std::make_shared<OperationBody>(std::move(operation)), DeadlineIn(scheduler, kAnswerTime)));
  const int status = exchange->head().status;
  EDGE_ASSIGN_OR_RETURN(std::string text, http::ReadWholeBody(*exchange, size_t{1} << 30));
  if (status == 200) return text;
  if (status == 404) return absl::NotFoundError(text);
  if (status == 400) return absl::InvalidArgumentError(text);
  return absl::InternalError(text);
}

}  // namespace

absl::StatusOr<std::string> AskRunningProcess(Scheduler& scheduler, Network& network, std::string_view directory,
                                              const Operation& operation) {
  return Ask(scheduler, network, directory, kTarget, operation.Encode());
}

absl::StatusOr<std::string> AskRunningProcess(Scheduler& scheduler, Network& network, std::string_view directory,
                                              const ServiceOperation& operation) {
  return Ask(scheduler, network, directory, kServicesTarget, operation.Encode());
}

}  // namespace edge::operate
