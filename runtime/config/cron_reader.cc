// ConfigReader's part for cron: triggers.crons.
#include <algorithm>

#include "runtime/base/str_cat.h"
#include "runtime/config/config_reader.h"
#include "runtime/cron/cron_expression.h"

namespace edge::config {
namespace {

constexpr size_t kCronsMax = 250;  // of an account on the platform

}  // namespace

void ConfigReader::ReadTriggers() {
  const Value* triggers = Get("triggers");
  if (triggers == nullptr) return;
  constexpr std::string_view kKnown[] = {"crons"};
  WarnOfUnknownMembers(*triggers, kKnown);
  const Value* crons = triggers->Find("crons");
  if (crons == nullptr || crons->kind() == Value::Kind::kNull) return;
  if (!crons->IsArray()) return TypeError(*crons, "an array of cron expressions");
  for (const Value* item : crons->children()) {
    if (!item->IsString()) {
      TypeError(*item, "a cron expression, as \"*/5 * * * *\"");
      continue;
    }
    if (const auto parsed = cron::CronExpression::Parse(item->text()); !parsed.ok()) {
      Error(item->line(), StrCat(item->Path(), " is \"", item->text(), "\": ", FromAbsl(parsed.status().message())));
      continue;
    }
    if (std::find(config_.crons.begin(), config_.crons.end(), item->text()) != config_.crons.end()) {
      Error(item->line(), StrCat(item->Path(), ": \"", item->text(), "\" is there already"));
      continue;
    }
    config_.crons.push_back(item->text());
  }
  if (config_.crons.size() > kCronsMax) Error(crons->line(), StrCat(crons->Path(), " has more than ", kCronsMax, " expressions"));
}

}  // namespace edge::config
