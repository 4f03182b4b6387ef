#include "sim/machine/oracle_adversary.h"

#include <algorithm>
#include <array>

#include "sim/fault/model.h"

namespace edge::sim {

std::span<const MischiefSite> AllMischiefSites() {
  static constexpr std::array kSites = {
      MischiefSite{"isolate.recycle", Mischief::kEvict, &kPlatformRecycleIsolate, Duration::Zero()},
      MischiefSite{"wait_until.cancel", Mischief::kDrop, &kPlatformCancelWaitUntil, Duration::Zero()},
  };
  return kSites;
}

MischiefChoice OracleAdversary::Consider(std::string_view point, uint64_t key, std::initializer_list<Mischief> allowed) {
  if (incarnation_ != nullptr && incarnation_->crashed()) return {};
  bool known = false;
  for (const MischiefSite& site : AllMischiefSites()) {
    if (site.point != point) continue;
    known = true;
    if (std::find(allowed.begin(), allowed.end(), site.kind) == allowed.end() || !faults_.Strikes(*site.site, actor_, key)) continue;
    return {.kind = site.kind,
            .delay = site.kind == Mischief::kDelay ? faults_.LengthOf(*site.site, actor_, key, site.longest) : Duration::Zero()};
  }
  if (!known && !unknown_points_.contains(point)) unknown_points_.emplace(point);
  return {};
}

}  // namespace edge::sim
