"""Library files in JavaScript, compiled to engine bytecode at build time."""

load("//tools/deps:defs.bzl", "edge_library")

def js_library(name, srcs, symbol, **kwargs):
    """A C++ library with the header `<name>.h`, which declares `std::span<const LibraryFile> <symbol>()` in edge::js: the files in the order of `srcs`.

    A syntax error in a file stops the build with file and line.
    """
    native.genrule(
        name = name + "_bytecode",
        srcs = srcs,
        outs = [name + ".cc", name + ".h"],
        cmd = "$(location //runtime/js/tool:compile_library) --symbol=%s --header=%s/%s.h --out_cc=$(location %s.cc) --out_h=$(location %s.h) $(SRCS)" %
              (symbol, native.package_name(), name, name, name),
        tools = ["//runtime/js/tool:compile_library"],
    )
    edge_library(
        name = name,
        srcs = [name + ".cc"],
        hdrs = [name + ".h"],
        deps = ["//runtime/js:library_file"],
        **kwargs
    )
