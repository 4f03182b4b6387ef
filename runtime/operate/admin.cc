#include "runtime/operate/admin.h"

#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/fiber/deadline.h"
#include "runtime/operate/metrics_text.h"

namespace edge::operate {
namespace {

constexpr Duration kDrainTime = Duration::Seconds(2);

}  // namespace

class AdminServer::Pages final : public http::Handler {
 public:
  explicit Pages(Metrics metrics) : metrics_(std::move(metrics)) {}

  void Handle(http::Exchange& exchange) override {
    const std::string_view target = exchange.head().path_and_query();
    const bool found = target.substr(0, target.find('?')) == "/metrics";
    const bool reads = exchange.head().method() == "GET" || exchange.head().method() == "HEAD";
    http::ResponseHead head(!found ? 404 : !reads ? 405 : 200);
    if (found && !reads) head.Add("Allow", "GET, HEAD").IgnoreError();
    head.Add("Content-Type", found && reads ? MetricsText::kContentType : std::string_view("text/plain; charset=utf-8")).IgnoreError();
    exchange.Respond(head, found && reads ? metrics_() : std::string("This is the admin address of edge: GET /metrics.\n")).IgnoreError();
  }

 private:
  const Metrics metrics_;
};

AdminServer::AdminServer(Scheduler& scheduler, Network& network, Metrics metrics)
    : scheduler_(scheduler), network_(network), pages_(std::make_unique<Pages>(std::move(metrics))) {}

AdminServer::~AdminServer() = default;

absl::Status AdminServer::Start(const Endpoint& listen) {
  EDGE_ASSIGN_OR_RETURN(std::unique_ptr<Listener> listener, network_.Listen(listen));
  local_ = listener->Local();
  server_ = std::make_unique<http::Server>(scheduler_, std::move(listener), *pages_, http::ServerLimits());
  return server_->Start();
}

void AdminServer::Stop() {
  if (server_ == nullptr) return;
  server_->Drain(DeadlineIn(scheduler_, kDrainTime)).IgnoreError();
  server_ = nullptr;
}

}  // namespace edge::operate
