// Adversary: what the platform may legally do at a named point.
//
// The platform's contract leaves freedom: an isolate may be recycled between two requests, a waitUntil task cancelled after its grace, a
// message delivered twice. Where such freedom exists the code asks Consider(point, key, options) and does what the answer says. In
// production the answer is always kNothing; a simulation answers from its seed, and only with what the caller allows at that point.
#ifndef EDGE_RUNTIME_SEAM_ADVERSARY_H_
#define EDGE_RUNTIME_SEAM_ADVERSARY_H_

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "runtime/base/time.h"

namespace edge {

enum class Mischief : uint8_t { kNothing, kEvict, kDuplicate, kDelay, kDrop, kStale, kFailBefore, kFailAfter };

struct MischiefChoice {
  Mischief kind = Mischief::kNothing;
  Duration delay;  // for kDelay
};

class Adversary {
 public:
  virtual ~Adversary() = default;
  // `point` names the place ("isolate.recycle"), `key` is the causal key of the event, `allowed` what the contract permits here besides
  // nothing.
  virtual MischiefChoice Consider(std::string_view point, uint64_t key, std::initializer_list<Mischief> allowed) = 0;
};

class NoAdversary final : public Adversary {
 public:
  MischiefChoice Consider(std::string_view, uint64_t, std::initializer_list<Mischief>) override { return {}; }
};

}  // namespace edge

#endif  // EDGE_RUNTIME_SEAM_ADVERSARY_H_
