#include "runtime/web/testing/fake_host.h"
namespace edge::web {
namespace {
TEST_F(WebTest, Starts) {
  EXPECT_EQ(Run("return new Headers({a:'b'}).get('A')"), "\"b\"");
  EXPECT_EQ(Run("return wait(new Response('hi').text())"), "\"hi\"");
  EXPECT_EQ(Run("return wait(new Response(new ReadableStream({start:function(c){c.enqueue(new TextEncoder().encode('ab'));c.close()}})).text())"), "\"ab\"");
}
}
}
