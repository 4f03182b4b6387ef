// The simulated seams keep what the seams promise, whatever the seed.
#include "tests/parity/clock_parity.h"
#include "tests/parity/network_parity.h"
#include "tests/parity/sim_world.h"

namespace edge::parity {
namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(Sim, ClockParity, SimWorld<1>);

// Connections of every character.
using NetworkWorlds = ::testing::Types<SimWorld<1>, SimWorld<2>, SimWorld<3>, SimWorld<4>, SimWorld<5>, SimWorld<6>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Sim, NetworkParity, NetworkWorlds);

}  // namespace
}  // namespace edge::parity
