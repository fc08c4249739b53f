"""C++ stubs of the gRPC library, for tests that call a service as a foreign client would."""

def _import_path(proto, source_root):
    if source_root not in ("", "."):
        return proto.path[len(source_root) + 1:] if proto.path.startswith(source_root + "/") else proto.short_path
    return proto.short_path

def _cc_grpc_sources(ctx):
    info = ctx.attr.proto[ProtoInfo]
    folder = ctx.label.name
    imports = [_import_path(proto, info.proto_source_root) for proto in info.direct_sources]
    outputs = [
        ctx.actions.declare_file("%s/%s.grpc.pb.%s" % (folder, path[:-len(".proto")], extension))
        for path in imports
        for extension in ("h", "cc")
    ]
    out_root = outputs[0].path[:-len("/%s.grpc.pb.h" % imports[0][:-len(".proto")])]

    args = ctx.actions.args()
    args.add("--plugin=protoc-gen-grpc=" + ctx.executable._plugin.path)
    args.add("--grpc_out=" + out_root)
    args.add_joined(info.transitive_descriptor_sets, join_with = ":", format_joined = "--descriptor_set_in=%s")
    args.add_all(imports)
    ctx.actions.run(
        executable = ctx.executable._protoc,
        arguments = [args],
        inputs = info.transitive_descriptor_sets,
        tools = [ctx.executable._plugin],
        outputs = outputs,
        mnemonic = "GrpcStubs",
    )
    return [
        DefaultInfo(files = depset(outputs)),
        OutputGroupInfo(
            hdrs = depset([f for f in outputs if f.extension == "h"]),
            srcs = depset([f for f in outputs if f.extension == "cc"]),
        ),
    ]

_cc_grpc_sources_rule = rule(
    implementation = _cc_grpc_sources,
    attrs = {
        "proto": attr.label(mandatory = True, providers = [ProtoInfo]),
        "_plugin": attr.label(default = "@system//:grpc_cpp_plugin", executable = True, cfg = "exec", allow_single_file = True),
        "_protoc": attr.label(default = "@system//:protoc", executable = True, cfg = "exec", allow_single_file = True),
    },
)

def cc_grpc_library(name, proto, cc_proto, **kwargs):
    """Makes a cc_library with the gRPC stubs of one proto_library.

    Include them as "<import path of the .proto>.grpc.pb.h".

    Args:
      name: of the cc_library.
      proto: the proto_library.
      cc_proto: its cc_proto_library.
      **kwargs: passed on, such as visibility.
    """
    sources = name + "_stubs"
    _cc_grpc_sources_rule(name = sources, proto = proto, visibility = ["//visibility:private"])
    for group in ("hdrs", "srcs"):
        native.filegroup(name = "%s_%s" % (sources, group), srcs = [sources], output_group = group)
    native.cc_library(
        name = name,
        srcs = [":%s_srcs" % sources],
        hdrs = [":%s_hdrs" % sources],
        includes = [sources],
        deps = [cc_proto, "@system//:grpcpp"],
        **kwargs
    )
