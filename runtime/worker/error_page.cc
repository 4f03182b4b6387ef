#include "runtime/worker/error_page.h"

namespace edge::worker {
namespace {

std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string_view Advice(Outcome outcome) {
  switch (outcome) {
    case Outcome::kExceededCpu:
      return "The CPU limit of one request is limits.cpu_ms in the wrangler file (default 30,000 ms).";
    case Outcome::kExceededMemory:
      return "An isolate may use 128 MB. Stream large bodies instead of holding them.";
    case Outcome::kHung:
      return "The handler awaits a promise that nothing can settle any more.";
    default:
      return "Shown because the server runs with --dev. In production the client sees only \"Internal Server Error\".";
  }
}

}  // namespace

std::string ErrorPage(std::string_view method, std::string_view target, const Failure& failure) {
  std::string page = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Error in the worker</title>
<style>
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:3rem auto;padding:0 1rem}
h1{font-size:1.2rem;color:#c33}
pre{background:#8882;padding:1rem;overflow:auto;border-radius:6px}
p{opacity:.8}
</style></head><body>
<h1>)";
  page.append(Escape(failure.message)).append("</h1>\n<p>").append(Escape(method)).append(" ").append(Escape(target)).append("</p>\n");
  if (!failure.stack.empty()) page.append("<pre>").append(Escape(failure.stack)).append("</pre>\n");
  return page.append("<p>").append(Advice(failure.outcome)).append("</p>\n</body></html>\n");
}

}  // namespace edge::worker
