// What every Process keeps (runtime/seam/process.h).
#ifndef EDGE_TESTS_PARITY_PROCESS_PARITY_H_
#define EDGE_TESTS_PARITY_PROCESS_PARITY_H_

#include "tests/parity/world.h"

namespace edge::parity {

template <typename World>
class ProcessParity : public Parity<World> {};
TYPED_TEST_SUITE_P(ProcessParity);

TYPED_TEST_P(ProcessParity, KnowsItself) {
  const ProcessIdentity& self = this->world_.process().Self();
  EXPECT_FALSE(self.name.empty());
  EXPECT_NE(self.incarnation, 0u);
  EXPECT_EQ(&self, &this->world_.process().Self());
}

TYPED_TEST_P(ProcessParity, AnUnsetVariableIsNoEmptyVariable) {
  EXPECT_FALSE(this->world_.process().Environment("EDGE_NOBODY_SETS_THIS").has_value());
}

TYPED_TEST_P(ProcessParity, AProgramThatDoesNotExistIsNotFound) {
  this->Run([&] {
    const auto result = this->world_.process().Spawn({.arguments = {"edge-no-such-program"}}, this->Patience());
    EXPECT_TRUE(absl::IsNotFound(result.status())) << result.status();
  });
}

REGISTER_TYPED_TEST_SUITE_P(ProcessParity, KnowsItself, AnUnsetVariableIsNoEmptyVariable, AProgramThatDoesNotExistIsNotFound);

}  // namespace edge::parity

#endif  // EDGE_TESTS_PARITY_PROCESS_PARITY_H_
