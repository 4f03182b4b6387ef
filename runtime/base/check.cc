#include "runtime/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace edge {
namespace {

std::string (*check_context)() = nullptr;

}  // namespace

void SetCheckContext(std::string (*context)()) { check_context = context; }

namespace check_internal {

CheckFailure::CheckFailure(const char* condition, const char* file, int line) {
  message_ << file << ":" << line << ": internal check failed: " << condition << " ";
}

CheckFailure::~CheckFailure() {
  std::string text = message_.str();
  std::fprintf(stderr, "%s\n", text.c_str());
  if (check_context != nullptr) std::fprintf(stderr, "%s\n", check_context().c_str());
  std::fprintf(stderr, "This is a bug in edge, not in your application. Please report it with the lines above.\n");
  std::fflush(stderr);
  std::abort();
}

}  // namespace check_internal
}  // namespace edge
