#include "runtime/main/starter.h"

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace edge::cli {
namespace {

constexpr char kIndex[] = R"(interface Env {
  GREETING: string;
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const url = new URL(request.url);

    if (url.pathname === "/api/hello") {
      const name = url.searchParams.get("name") ?? "world";
      return Response.json({ message: `${env.GREETING}, ${name}!` });
    }
    if (url.pathname === "/") {
      return new Response("It works. Try /api/hello?name=you\n");
    }
    return Response.json({ error: `nothing at ${url.pathname}` }, { status: 404 });
  },
};
)";

constexpr char kTypes[] =
    R"(// What the platform adds to the web's own types. Replace by the npm package @cloudflare/workers-types for all of it.
interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
  passThroughOnException(): void;
}
)";

constexpr char kTsconfig[] = R"({
  "compilerOptions": {
    "target": "es2022",
    "module": "es2022",
    "moduleResolution": "bundler",
    "lib": ["es2023", "webworker"],
    "strict": true,
    "noEmit": true
  },
  "include": ["src"]
}
)";

constexpr char kIgnore[] = R"(.dev.vars
.edge/
node_modules/
)";

}  // namespace

std::string WorkerNameOf(std::string_view directory) {
  while (directory.ends_with('/')) directory.remove_suffix(1);
  const size_t slash = directory.rfind('/');
  std::string name;
  for (const char c : slash == std::string_view::npos ? directory : directory.substr(slash + 1)) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) {
      name.push_back(lower);
    } else if (!name.empty() && name.back() != '-') {
      name.push_back('-');
    }
  }
  while (name.ends_with('-')) name.pop_back();
  return name.empty() ? "my-worker" : name;
}

std::vector<StarterFile> StarterFiles(std::string_view name) {
  std::string config = "{\n  \"name\": \"";
  config.append(name).append(R"(",
  "main": "src/index.ts",
  "compatibility_date": "2026-01-01",
  "vars": {
    "GREETING": "Hello"
  }
}
)");
  return {{"wrangler.jsonc", config},
          {"src/index.ts", kIndex},
          {"src/platform.d.ts", kTypes},
          {"tsconfig.json", kTsconfig},
          {".gitignore", kIgnore}};
}

absl::Status WriteStarter(Disk& disk, const std::string& directory) {
  if (absl::StatusOr<std::vector<DirectoryEntry>> entries = disk.List(directory); entries.ok() && !entries->empty()) {
    return absl::AlreadyExistsError(absl::StrCat(directory, " is not empty. Name a new folder."));
  }
  for (const StarterFile& file : StarterFiles(WorkerNameOf(directory))) {
    const std::string path = absl::StrCat(directory, "/", file.path);
    EDGE_ASSIGN_OR_RETURN(const std::unique_ptr<File> opened, disk.Open(path, OpenMode::kCreate));
    EDGE_RETURN_IF_ERROR(opened->WriteAt(0, file.content));
  }
  return absl::OkStatus();
}

}  // namespace edge::cli
