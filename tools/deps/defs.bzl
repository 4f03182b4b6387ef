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
    native.cc_test(
        name = name,
        size = size,
        copts = EDGE_COPTS + copts,
        deps = deps + [
            "//tools/deps:gtest_main",
            "//tools/deps:rapidcheck",
        ],
        **kwargs
    )
