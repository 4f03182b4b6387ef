"""worker_bundle: lowers a worker's sources while edge is built, as `edge build` does."""

def worker_bundle(name, root, main, srcs):
    """Makes NAME/worker.js and NAME/worker.js.map.

    Args:
      name: the target, and the folder of the outputs
      root: a label of a file in the worker's root folder, which decides what that folder is
      main: the main module, relative to the root folder
      srcs: all sources
    """
    native.genrule(
        name = name,
        srcs = srcs + [
            root,
            "//runtime/bundle:lower.cjs",
            "//runtime/bundle:esbuild",
        ],
        outs = [
            name + "/worker.js",
            name + "/worker.js.map",
        ],
        cmd = """
            root=$$(dirname $$(readlink -f $(location {root})))
            out=$$(mktemp -d)
            ESBUILD_BINARY_PATH=$$(readlink -f $(location //runtime/bundle:esbuild)) \
                node $(location //runtime/bundle:lower.cjs) --root $$root --main {main} --out $$out/bundle > /dev/null
            cp $$out/bundle/worker.js $(location {name}/worker.js)
            cp $$out/bundle/worker.js.map $(location {name}/worker.js.map)
            rm -rf $$out
        """.format(root = root, main = main, name = name),
        local = 1,
        visibility = ["//visibility:public"],
    )
