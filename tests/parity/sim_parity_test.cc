// The simulated seams keep what the seams promise, whatever the seed.
#include "tests/parity/clock_parity.h"
#include "tests/parity/disk_parity.h"
#include "tests/parity/network_parity.h"
#include "tests/parity/process_parity.h"
#include "tests/parity/random_parity.h"
#include "tests/parity/sim_world.h"
#include "tests/parity/steering_parity.h"

namespace edge::parity {
namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(Sim, ClockParity, SimWorld<1>);
INSTANTIATE_TYPED_TEST_SUITE_P(Sim, RandomParity, SimWorld<1>);
INSTANTIATE_TYPED_TEST_SUITE_P(Sim, ProcessParity, SimWorld<1>);
INSTANTIATE_TYPED_TEST_SUITE_P(Sim, SteeringParity, SimWorld<1>);

using DiskWorlds = ::testing::Types<SimWorld<1>, SimWorld<2>, SimWorld<3>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Sim, DiskParity, DiskWorlds);

// Connections of every character.
using NetworkWorlds = ::testing::Types<SimWorld<1>, SimWorld<2>, SimWorld<3>, SimWorld<4>, SimWorld<5>, SimWorld<6>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Sim, NetworkParity, NetworkWorlds);

}  // namespace
}  // namespace edge::parity
