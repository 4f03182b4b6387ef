"""The engine's external repository: Duktape's packaged source, verified, with our settings, patches and additions."""

_SOURCE = "/usr/share/duktape"

# duktape-dev 2.7.0 of Debian 12.
_FILES = {
    "duktape.c": "2fa5f54ae03b574b2e6cacfb412f3a02c7207b7833f75129a234326b48c17496",
    "duktape.h": "6ba93aea92510096c43ddd7c7f9e36f698225c9cd2af788bf414adf7c777deb2",
    "duk_config.h": "2644ecf3b1702232957ec98f69432b7cf4f4d3009d50fff0a24899bf449fe4a9",
}

# musl's mathematics and what it calls. They go into one object whose symbols then get names of their own.
_MUSL = "/usr/lib/x86_64-linux-musl/libc.a"
_MUSL_OBJECTS = (
    "acos acosh asin asinh atan atan2 atanh cbrt cos cosh exp expm1 hypot log log10 log1p log2 pow sin sinh tan tanh " +
    "__cos __expo2 __rem_pio2 __rem_pio2_large __sin __tan __math_divzero __math_invalid __math_oflow __math_uflow __math_xflow " +
    "exp_data log_data log2_data pow_data fabs floor scalbn sqrt"
).split(" ")

def _run(ctx, arguments, what):
    result = ctx.execute(arguments)
    if result.return_code != 0:
        fail("%s:\n%s%s" % (what, result.stdout, result.stderr))
    return result.stdout

def _duktape_impl(ctx):
    for name, want in _FILES.items():
        path = _SOURCE + "/" + name
        if not ctx.path(path).exists:
            fail("%s is missing: the Debian package duktape-dev is not installed. Run tools/setup." % path)
        got = _run(ctx, ["sha256sum", path], "cannot read " + path).split(" ")[0]
        if got != want:
            fail(("%s is not the file of duktape-dev 2.7.0 that the patches are made for (SHA-256 %s, expected %s). " +
                  "Run tools/setup on Debian 12.") % (path, got, want))
        _run(ctx, ["cp", path, name], "cannot copy " + path)
        _run(ctx, ["chmod", "u+w", name], "cannot change " + name)
    for addition in ctx.attr.additions:
        ctx.symlink(addition, addition.name)
    _run(ctx, ["sh", "-c", "cat edge_config.h >> duk_config.h"], "cannot append our settings")
    for patch in ctx.attr.patches:
        # -F0: a patch without context lines fits exactly or not at all.
        _run(ctx, ["patch", "-p1", "-F0", "--no-backup-if-mismatch", "-i", ctx.path(patch)], "the patch %s does not apply" % patch)
    if not ctx.path(_MUSL).exists:
        fail("%s is missing: the Debian package musl-dev is not installed. Run tools/setup." % _MUSL)
    objects = " ".join(["%s.lo" % name for name in _MUSL_OBJECTS])
    _run(ctx, ["sh", "-ec", """
        ar x {musl} {objects}
        ld -r -o edge_math.o {objects}
        objcopy --prefix-symbols=edge_math_ edge_math.o
        objcopy --redefine-sym edge_math___stack_chk_fail=__stack_chk_fail edge_math.o
        rm {objects}
        ar rcsD libedge_math.a edge_math.o
    """.format(musl = _MUSL, objects = objects)], "cannot take the mathematics out of " + _MUSL)
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

duktape_repository = repository_rule(
    implementation = _duktape_impl,
    attrs = {
        "additions": attr.label_list(allow_files = True),
        "build_file": attr.label(allow_single_file = True),
        "patches": attr.label_list(allow_files = True),
    },
    local = True,
)

_PATCHES = [
    "01-hash-seed",
    "02-engine-state",
    "03-native-object",
    "04-proxy-chain",
    "05-mark-list",
    "06-numbers",
    "07-cpu-accounting",
    "08-new-target",
    "09-compiler-stack",
    "10-out-of-memory",
    "11-regexp-steps",
    "12-work",
    "13-code-generation",
    "14-stack-traces",
    "15-json-surrogates",
    "16-error-cause",
    "17-date-parse",
    "18-collection-by-bytes",
    "19-nested-proxy",
    "20-plain-reads",
]

def duktape(name = "duktape"):
    duktape_repository(
        name = name,
        additions = [
            "//runtime/js/engine:edge_config.h",
            "//runtime/js/engine:edge_dates.cc",
            "//runtime/js/engine:edge_engine.c",
            "//runtime/js/engine:edge_engine.h",
            "//runtime/js/engine:edge_errors.c",
            "//runtime/js/engine:edge_math.h",
            "//runtime/js/engine:edge_numbers.cc",
            "//runtime/js/engine:edge_property.c",
        ],
        build_file = "//runtime/js/engine:duktape.BUILD",
        patches = ["//runtime/js/engine:patches/%s.patch" % patch for patch in _PATCHES],
    )
