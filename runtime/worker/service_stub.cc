#include "runtime/worker/service_stub.h"

#include <utility>

#include "runtime/base/hash.h"
#include "runtime/worker/object_errors.h"
#include "runtime/worker/plants.h"
#include "runtime/worker/service_call.h"
#include "runtime/worker/service_fetch.h"
#include "runtime/worker/worker.h"

namespace edge::worker {
namespace {

constexpr size_t kLinesKept = 64;

// A call on a result that is not there, and never will be.
class LostCall final : public rpc::PendingCall {
 public:
  absl::StatusOr<rpc::Message> Wait() override { return ConnectionLost(); }
  void Cancel() override {}
};

}  // namespace

std::shared_ptr<web::PendingFetch> ServiceStub::Send(web::FetchRequest request) {
  const uint64_t sender = request.sender;
  auto event = std::make_shared<ServiceFetch>(worker_, entry_, std::move(request));
  Post(event, sender);
  return event;
}

std::shared_ptr<rpc::PendingCall> ServiceStub::Send(rpc::CallRequest request) {
  if (request.on != nullptr) {
    const std::shared_ptr<rpc::Callee> receiver = request.on->receiver();
    return receiver == nullptr ? std::make_shared<LostCall>() : receiver->Send(std::move(request));
  }
  const uint64_t sender = request.sender;
  auto session = std::make_shared<ServiceSession>(worker_, entry_, request.key, request.depth);
  std::shared_ptr<rpc::PendingCall> call = session->Open(std::move(request));
  Post(session, sender);
  return call;
}

void ServiceStub::Post(const std::shared_ptr<ServiceEvent>& event, uint64_t sender) {
  const WorkerServices& services = worker_.services();
  const MischiefChoice choice =
      services.adversary.Consider("worker.call", event->key(), {Mischief::kFailBefore, Mischief::kFailAfter, Mischief::kDelay});
  if (choice.kind == Mischief::kFailBefore) return event->Refuse(ConnectionLost());
  if (choice.kind == Mischief::kFailAfter) event->LoseAnswer();
  if (lines_.size() > kLinesKept) {
    std::erase_if(lines_, [](const auto& line) {
      const std::shared_ptr<ServiceEvent> last = line.second.last.lock();
      return last == nullptr || last->has_begun();
    });
  }
  Line& line = lines_[sender];
  if (line.sent++ == 0) line.name = CombineHash(event->key(), StableHash("line"));
  std::shared_ptr<ServiceEvent> before = std::exchange(line.last, event).lock();
  if (services.plants != nullptr && services.plants->calls_overtake) before = nullptr;
  event->Start({.before = std::move(before),
                .delay = choice.kind == Mischief::kDelay ? choice.delay : Duration::Zero(),
                .line = line.name,
                .number = line.sent});
}

}  // namespace edge::worker
