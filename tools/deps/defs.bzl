"""How this project builds C++: warnings are errors, unit tests link GoogleTest and rapidcheck."""

EDGE_COPTS = [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wno-unused-parameter",
    "-Wno-missing-field-initializers",
]

def edge_library(name, copts = [], **kwargs):
    native.cc_library(name = name, copts = EDGE_COPTS + copts, **kwargs)

def edge_binary(name, copts = [], **kwargs):
    native.cc_binary(name = name, copts = EDGE_COPTS + copts, **kwargs)

def edge_test(name, size = "small", deps = [], copts = [], **kwargs):
    # Linked statically, as edge itself: a package linked as a shared object finds nothing in the static archives it names, because the
    # test itself does not ask for their symbols.
    native.cc_test(
        name = name,
        size = size,
        linkstatic = True,
        copts = EDGE_COPTS + copts,
        deps = deps + [
            "//tools/deps:gtest_main",
            "//tools/deps:rapidcheck",
        ],
        **kwargs
    )
