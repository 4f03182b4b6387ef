// Compiles JavaScript files to engine bytecode and writes them as C++: a build tool (library.bzl). The engine that compiles is the engine
// that will load: bytecode is not portable between engine builds, and it is trusted, so it never comes from anywhere else.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/js/isolate.h"
#include "runtime/js/native.h"

namespace {

class ToolHost : public edge::js::IsolateHost {
 public:
  edge::WallTime WallNow() override { return {}; }
  uint64_t RandomU64() override { return 0; }
  void Interrupt() override {}
};

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool TakeFlag(const std::string& argument, const std::string& name, std::string* value) {
  const std::string prefix = "--" + name + "=";
  if (argument.rfind(prefix, 0) != 0) return false;
  *value = argument.substr(prefix.size());
  return true;
}

void WriteBytes(std::ostream& out, size_t index, const std::string& bytes) {
  out << "const unsigned char kFile" << index << "[] =";
  char text[8];
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i % 64 == 0) out << (i == 0 ? "\n    \"" : "\"\n    \"");
    std::snprintf(text, sizeof text, "\\%03o", static_cast<unsigned char>(bytes[i]));
    out << text;
  }
  out << "\";\n";
}

}  // namespace

int main(int argc, char** argv) {
  std::string symbol;
  std::string header;
  std::string out_cc;
  std::string out_h;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (TakeFlag(argument, "symbol", &symbol) || TakeFlag(argument, "header", &header) || TakeFlag(argument, "out_cc", &out_cc) ||
        TakeFlag(argument, "out_h", &out_h)) {
      continue;
    }
    files.push_back(argument);
  }
  std::ostringstream cc;
  cc << "// Made by compile_library.\n#include \"" << header << "\"\n\nnamespace edge::js {\nnamespace {\n\n";
  std::ostringstream table;
  ToolHost host;
  for (size_t i = 0; i < files.size(); ++i) {
    std::ifstream in(files[i], std::ios::binary);
    std::stringstream source;
    source << in.rdbuf();
    if (!in) {
      std::cerr << files[i] << ": cannot be read\n";
      return 2;
    }
    const std::string text = source.str();
    const std::string name = BaseName(files[i]);
    const std::string script_name = std::string(edge::js::kLibraryFilePrefix) + name;
    // An isolate per file: no file's compilation can depend on another's.
    auto isolate = edge::js::Isolate::Create(host);
    std::string bytecode;
    const auto error = isolate->Run({}, [&](duk_context* ctx) {
      edge::js::Isolate::Compile(ctx, text, script_name);
      duk_dump_function(ctx);
      duk_size_t size = 0;
      const void* bytes = duk_get_buffer(ctx, -1, &size);
      bytecode.assign(static_cast<const char*>(bytes), size);
    });
    if (error.has_value()) {
      std::cerr << files[i] << ": " << error->name << ": " << error->message << "\n";
      return 1;
    }
    WriteBytes(cc, i, bytecode);
    table << "    {\"" << name << "\", {kFile" << i << ", " << bytecode.size() << "}},\n";
  }
  cc << "\nconst LibraryFile kFiles[] = {\n"
     << table.str() << "};\n\n}  // namespace\n\nstd::span<const LibraryFile> " << symbol
     << "() { return kFiles; }\n\n}  // namespace edge::js\n";
  std::ofstream(out_cc) << cc.str();
  std::ofstream(out_h) << "// Made by compile_library.\n#pragma once\n\n#include \"runtime/js/library_file.h\"\n\nnamespace edge::js {\n\n"
                       << "std::span<const LibraryFile> " << symbol << "();\n\n}  // namespace edge::js\n";
  return 0;
}
