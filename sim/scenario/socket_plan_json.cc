#include "sim/scenario/socket_plan_json.h"

#include "net/websocket/message.h"

namespace edge::sim {
namespace {

SocketMessage ReadMessage(ObjectReader& reader) {
  SocketMessage message;
  reader.Text("name", message.name);
  const bool text = reader.Has("text");
  const bool binary = reader.Has("binary");
  const bool closes = reader.Has("close");
  bool vanishes = false;
  reader.Flag("vanish", vanishes);
  if (text + binary + closes + vanishes != 1) {
    reader.Complain("text", "there alone, or one of binary, close, vanish (true) in its place: what the client does");
    return message;
  }
  if (text) {
    reader.Text("text", message.text);
  } else if (binary) {
    message.what = SocketMessage::What::kBinary;
    reader.Text("binary", message.text);
  } else if (closes) {
    message.what = SocketMessage::What::kClose;
    reader.Number("close", 1000, 4999, message.code);
    reader.Text("reason", message.text);
    if (!websocket::IsWireCloseCode(message.code)) reader.Complain("close", "a code that a client may send: 1000, or 3000 to 4999");
    if (message.text.size() > websocket::kReasonBytesMax) reader.Complain("reason", "at most 123 bytes long");
  } else {
    message.what = SocketMessage::What::kVanish;
  }
  if (message.sends()) reader.Text("answer", message.answer);
  reader.Number("weight", 0, 1'000'000, message.weight);
  return message;
}

}  // namespace

SocketPlan ReadSocketPlan(ObjectReader& reader) {
  SocketPlan plan;
  reader.Text("name", plan.name);
  reader.Text("path", plan.target);
  reader.Text("group", plan.group);
  reader.Fields("headers", plan.headers);
  reader.Texts("protocols", plan.protocols);
  reader.Number("clients", 1, 1'000, plan.clients);
  reader.Number("messages_per_client", 0, 1'000'000, plan.messages_per_client);
  reader.Objects("messages", [&](ObjectReader& each) { plan.messages.push_back(ReadMessage(each)); });
  reader.Text("id", plan.id);
  reader.Text("delivered", plan.delivered);
  reader.Texts("acknowledged", plan.acknowledged);
  reader.Time("answer_ms", kMillisecond, kDaySeconds * 1000, plan.answer_time);
  reader.Flag("resend", plan.resends);
  reader.Time("reconnect_ms", kMillisecond, kDaySeconds * 1000, plan.reconnect_max);
  reader.Number("close", 1000, 4999, plan.close_code);
  reader.Text("reason", plan.close_reason);
  if (!plan.target.starts_with('/')) reader.Complain("path", "a path that begins with /");
  if (plan.name.empty()) plan.name = "socket " + plan.target;
  for (size_t i = 0; i < plan.messages.size(); ++i) {
    if (plan.messages[i].name.empty()) plan.messages[i].name = StrCat(plan.name, " ", i + 1);
  }
  if (!websocket::IsWireCloseCode(plan.close_code)) reader.Complain("close", "a code that a client may send: 1000, or 3000 to 4999");
  if (plan.close_reason.size() > websocket::kReasonBytesMax) reader.Complain("reason", "at most 123 bytes long");
  const bool heard = !plan.delivered.empty() || !plan.acknowledged.empty();
  if (heard && plan.id.empty())
    reader.Complain("id", "the path of what names a message that is sent, if delivered or acknowledged are there");
  if (!heard && !plan.id.empty()) reader.Complain("delivered", "there (or acknowledged), if id is: where the name comes back");
  if (plan.resends && plan.id.empty()) reader.Complain("id", "there if resend is: nobody could tell what has to be sent again");
  return plan;
}

json::object SocketPlanJson(const SocketPlan& plan) {
  json::object headers;
  for (const auto& [name, value] : plan.headers) headers[name] = value;
  json::array protocols;
  for (const std::string& protocol : plan.protocols) protocols.push_back(json::value(protocol));
  json::array acknowledged;
  for (const std::string& path : plan.acknowledged) acknowledged.push_back(json::value(path));
  json::array messages;
  for (const SocketMessage& message : plan.messages) {
    json::object object{{"name", message.name}, {"weight", message.weight}};
    switch (message.what) {
      case SocketMessage::What::kText:
      case SocketMessage::What::kBinary:
        object[message.what == SocketMessage::What::kText ? "text" : "binary"] = message.text;
        object["answer"] = message.answer;
        break;
      case SocketMessage::What::kClose:
        object["close"] = message.code;
        object["reason"] = message.text;
        break;
      case SocketMessage::What::kVanish:
        object["vanish"] = true;
        break;
    }
    messages.push_back(std::move(object));
  }
  json::object object{{"name", plan.name},
                      {"path", plan.target},
                      {"group", plan.group},
                      {"headers", headers},
                      {"protocols", protocols},
                      {"messages_per_client", plan.messages_per_client},
                      {"messages", messages},
                      {"id", plan.id},
                      {"delivered", plan.delivered},
                      {"acknowledged", acknowledged},
                      {"answer_ms", plan.answer_time.ToMilliseconds()},
                      {"resend", plan.resends},
                      {"reconnect_ms", plan.reconnect_max.ToMilliseconds()},
                      {"close", plan.close_code},
                      {"reason", plan.close_reason}};
  if (plan.clients != UINT32_MAX) object["clients"] = plan.clients;
  return object;
}

}  // namespace edge::sim
