// ImageServices: what SQL may learn of the outside: the time and chance.
//
// date('now'), CURRENT_TIMESTAMP, random() and randomblob() answer from here, so that a simulated object sees simulated time and chance.
// Both functions are set, do not suspend, and outlive the image.
#ifndef EDGE_STORAGE_IMAGE_IMAGE_SERVICES_H_
#define EDGE_STORAGE_IMAGE_IMAGE_SERVICES_H_

#include <cstddef>
#include <functional>
#include <span>

#include "runtime/base/time.h"

namespace edge::storage {

struct ImageServices {
  std::function<void(std::span<std::byte> out)> fill_random;
  std::function<WallTime()> wall_now;
};

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_IMAGE_SERVICES_H_
