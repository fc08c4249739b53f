"""@system: one target for each library and tool that the Debian packages provide.

The table below is all there is to know about a library: its target, where to look for it, and the
package to install when it is not there. How headers, defines and linker options are found is pkg-config's
business; libraries without a .pc file (Boost) are looked for by header and library name.
"""

def _library(package, pkg_config = None, header = None, libs = [], at_least = None):
    return struct(package = package, pkg_config = pkg_config, header = header, libs = libs, at_least = at_least)

_LIBRARIES = {
    "asio": _library("libboost1.81-dev", header = "boost/asio.hpp"),
    "beast": _library("libboost1.81-dev", header = "boost/beast.hpp"),
    "benchmark": _library("libbenchmark-dev", pkg_config = "benchmark"),
    "boost_context": _library("libboost-context1.81-dev", header = "boost/context/fiber.hpp", libs = ["boost_context"]),
    "boost_fiber": _library("libboost-fiber1.81-dev", header = "boost/fiber/all.hpp", libs = ["boost_fiber", "boost_context"]),
    "cli11": _library("libcli11-dev", pkg_config = "CLI11"),
    "fmt": _library("libfmt-dev", pkg_config = "fmt"),
    "gmock": _library("libgmock-dev", pkg_config = "gmock"),
    "grpcpp": _library("libgrpc++-dev", pkg_config = "grpc++", at_least = "1.51"),
    "grpcpp_reflection": _library("libgrpc++-dev", header = "grpcpp/ext/proto_server_reflection_plugin.h", libs = ["grpc++_reflection"]),
    "gtest": _library("libgtest-dev", pkg_config = "gtest"),
    "gtest_main": _library("libgtest-dev", pkg_config = "gtest_main"),
    "libuv": _library("libuv1-dev", pkg_config = "libuv"),
    "nghttp2": _library("libnghttp2-dev", pkg_config = "libnghttp2", at_least = "1.52"),
    "nlohmann_json": _library("nlohmann-json3-dev", pkg_config = "nlohmann_json"),
    "openssl": _library("libssl-dev", pkg_config = "openssl"),
    "prometheus_cpp": _library("prometheus-cpp-dev", pkg_config = "prometheus-cpp-core"),
    "prometheus_cpp_pull": _library("prometheus-cpp-dev", pkg_config = "prometheus-cpp-pull"),
    "protobuf": _library("libprotobuf-dev", pkg_config = "protobuf", at_least = "3.21"),
    "protoc_lib": _library("libprotoc-dev", header = "google/protobuf/compiler/plugin.h", libs = ["protoc"]),
    "spdlog": _library("libspdlog-dev", pkg_config = "spdlog"),
    "zlib": _library("zlib1g-dev", pkg_config = "zlib"),
}

# What a library needs beside what its own entry says.
_DEPS = {
    "asio": [":asio_compiled"],
    "beast": [":asio", ":beast_compiled"],
    "gmock": [":gtest"],
    "grpcpp": [":protobuf", "@rota//third_party/grpc:sanitizer_suppressions"],
    "grpcpp_reflection": [":grpcpp"],
    "gtest_main": [":gtest"],
    "protoc_lib": [":protobuf"],
}

_TOOLS = {
    "clang-19": "clang-19",
    "grpc_cpp_plugin": "protobuf-compiler-grpc",
    "ld.lld-19": "lld-19",
    "protoc": "protobuf-compiler",
}

# Folders of .proto files: where they are linked to, where they come from, a file that proves it.
_PROTOS = [
    struct(link = "grpc_proto/grpc", folder = "/usr/share/grpc-proto/grpc", proof = "health/v1/health.proto", package = "grpc-proto"),
    struct(link = "protobuf/google/protobuf", folder = "/usr/include/google/protobuf", proof = "any.proto", package = "libprotobuf-dev"),
]

def _run(ctx, *command):
    result = ctx.execute(list(command))
    return result.stdout.strip() if result.return_code == 0 else None

def _find_with_pkg_config(ctx, pkg_config, library):
    """Returns struct(defines, includes, linkopts), or None."""
    if pkg_config == None:
        return None
    check = "--atleast-version=" + library.at_least if library.at_least else "--exists"
    if _run(ctx, pkg_config, check, library.pkg_config) == None:
        return None
    flags = _run(ctx, pkg_config, "--cflags", "--libs", library.pkg_config)
    if flags == None:
        return None
    words = flags.split(" ")
    return struct(
        defines = [w[2:] for w in words if w.startswith("-D")],
        linkopts = _unique([w for w in words if w.startswith("-l") or w.startswith("-L") or w == "-pthread"]),
    )

def _find_by_name(ctx, compiler, library):
    if compiler == None or not ctx.path("/usr/include/" + library.header).exists:
        return None
    for lib in library.libs:
        file = "lib%s.so" % lib
        if _run(ctx, compiler, "-print-file-name=" + file) == file:  # echoed back: not found
            return None
    return struct(defines = [], linkopts = ["-l" + lib for lib in library.libs])

def _unique(items):
    return {item: True for item in items}.keys()

def _cc_library(name, found):
    return """cc_library(
    name = "{name}",
    defines = {defines},
    linkopts = {linkopts},
    deps = {deps},
)
""".format(name = name, defines = found.defines, linkopts = found.linkopts, deps = _DEPS.get(name, []))

def _fail_missing(missing):
    packages = sorted(_unique(missing.values()))
    fail("Rota cannot be built without %s: install the Debian package%s %s (tools/dev setup does it)." % (
        ", ".join(sorted(missing.keys())),
        "s" if len(packages) > 1 else "",
        " ".join(packages),
    ))

def _system_libraries(ctx):
    missing = {}

    tools = {name: ctx.which(name) for name in _TOOLS}
    for name, path in tools.items():
        if path == None:
            missing[name] = _TOOLS[name]
    pkg_config = ctx.which("pkg-config")
    if pkg_config == None:
        missing["pkg-config"] = "pkg-config"

    build = [ctx.read(ctx.attr._build)]
    for name, library in _LIBRARIES.items():
        if library.pkg_config:
            found = _find_with_pkg_config(ctx, pkg_config, library)
        else:
            found = _find_by_name(ctx, tools["clang-19"], library)
        if found == None:
            missing[name] = library.package
        else:
            build.append(_cc_library(name, found))

    for protos in _PROTOS:
        if not ctx.path(protos.folder + "/" + protos.proof).exists:
            missing[protos.proof] = protos.package

    if missing:
        _fail_missing(missing)

    for protos in _PROTOS:
        ctx.symlink(protos.folder, protos.link)
    ctx.symlink(tools["protoc"], "protoc")
    ctx.symlink(tools["grpc_cpp_plugin"], "grpc_cpp_plugin")
    ctx.symlink(ctx.attr._asio, "asio_compiled.cc")
    ctx.symlink(ctx.attr._beast, "beast_compiled.cc")
    ctx.file("BUILD.bazel", "\n".join(build))

system_libraries = repository_rule(
    implementation = _system_libraries,
    attrs = {
        "_asio": attr.label(default = "//third_party/system:asio_compiled.cc", allow_single_file = True),
        "_beast": attr.label(default = "//third_party/system:beast_compiled.cc", allow_single_file = True),
        "_build": attr.label(default = "//third_party/system:BUILD.system", allow_single_file = True),
    },
    environ = ["PATH", "PKG_CONFIG_PATH"],
    configure = True,
    local = True,
    doc = "Finds the system libraries, or fails with one sentence that lists every missing package.",
)
