#include "runtime/operate/service_operation.h"

#include <gtest/gtest.h>

namespace edge::operate {
namespace {

using Verb = ServiceOperation::Verb;

TEST(ServiceOperation, ComesThroughTheSocketWhateverIsInIt) {
  const ServiceOperation put = {.verb = Verb::kKvPut, .name = "ns", .key = "a:b\n", .value = std::string("\0:5:\n", 5), .ttl_s = 90};
  EXPECT_EQ(*ServiceOperation::Decode(put.Encode()), put);
  const ServiceOperation list = {.verb = Verb::kKvList, .name = "ns", .format = ServiceOperation::Format::kJson};
  EXPECT_EQ(*ServiceOperation::Decode(list.Encode()), list);
  const std::string text = put.Encode();
  for (size_t i = 0; i < text.size(); ++i) EXPECT_FALSE(ServiceOperation::Decode(text.substr(0, i)).ok()) << i;
  EXPECT_FALSE(ServiceOperation::Decode("99999999999999999999:x").ok());
}

}  // namespace
}  // namespace edge::operate
