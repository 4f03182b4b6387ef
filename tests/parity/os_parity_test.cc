// The machine's seams keep what the seams promise.
#include "tests/parity/clock_parity.h"
#include "tests/parity/disk_parity.h"
#include "tests/parity/network_parity.h"
#include "tests/parity/os_world.h"
#include "tests/parity/process_parity.h"
#include "tests/parity/random_parity.h"
#include "tests/parity/steering_parity.h"

namespace edge::parity {
namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(Os, ClockParity, OsWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Os, RandomParity, OsWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Os, ProcessParity, OsWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Os, SteeringParity, OsWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Os, DiskParity, OsWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Os, NetworkParity, OsWorld);

}  // namespace
}  // namespace edge::parity
