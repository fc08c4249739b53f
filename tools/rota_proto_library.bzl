"""The actors, references and method tables that protoc-gen-rota makes from the services of a proto_library."""

def _import_path(proto, source_root):
    if source_root not in ("", ".") and proto.path.startswith(source_root + "/"):
        return proto.path[len(source_root) + 1:]
    return proto.short_path

def _rota_sources(ctx):
    info = ctx.attr.proto[ProtoInfo]
    imports = [_import_path(proto, info.proto_source_root) for proto in info.direct_sources]
    outputs = [
        ctx.actions.declare_file("%s/%s.rota.%s" % (ctx.label.name, path[:-len(".proto")], extension))
        for path in imports
        for extension in ("h", "cc")
    ]
    out_root = outputs[0].path[:-len("/%s.rota.h" % imports[0][:-len(".proto")])]

    args = ctx.actions.args()
    args.add("--plugin=protoc-gen-rota=" + ctx.executable._plugin.path)
    args.add("--rota_out=" + out_root)
    args.add_joined(info.transitive_descriptor_sets, join_with = ":", format_joined = "--descriptor_set_in=%s")
    args.add_all(imports)
    ctx.actions.run(
        executable = ctx.executable._protoc,
        arguments = [args],
        inputs = info.transitive_descriptor_sets,
        tools = [ctx.executable._plugin],
        outputs = outputs,
        mnemonic = "RotaProto",
    )
    return [
        DefaultInfo(files = depset(outputs)),
        OutputGroupInfo(
            hdrs = depset([f for f in outputs if f.extension == "h"]),
            srcs = depset([f for f in outputs if f.extension == "cc"]),
        ),
    ]

_rota_sources_rule = rule(
    implementation = _rota_sources,
    attrs = {
        "proto": attr.label(mandatory = True, providers = [ProtoInfo]),
        "_plugin": attr.label(default = "//tools/protoc_gen_rota", executable = True, cfg = "exec"),
        "_protoc": attr.label(default = "@system//:protoc", executable = True, cfg = "exec", allow_single_file = True),
    },
)

def rota_proto_library(name, proto, cc_proto, deps = [], testonly = None, **kwargs):
    """Makes a cc_library with what protoc-gen-rota generates from one proto_library.

    Include it as "<import path of the .proto>.rota.h", for instance "protos/files/v1/files.rota.h". It exports the messages.

    Args:
      name: of the cc_library.
      proto: the proto_library.
      cc_proto: its cc_proto_library.
      deps: further libraries that the messages need.
      testonly: as everywhere; the default is that of the package.
      **kwargs: passed on, such as visibility.
    """
    sources = name + "_sources"
    _rota_sources_rule(name = sources, proto = proto, testonly = testonly, visibility = ["//visibility:private"])
    for group in ("hdrs", "srcs"):
        native.filegroup(name = "%s_%s" % (sources, group), srcs = [sources], output_group = group, testonly = testonly)
    native.cc_library(
        name = name,
        srcs = [":%s_srcs" % sources],
        hdrs = [":%s_hdrs" % sources],
        includes = [sources],
        testonly = testonly,
        deps = deps + [
            cc_proto,
            "//framework/rpc:ask_method",
            "//framework/rpc:service",
            "//framework/rpc:typed_call",
        ],
        **kwargs
    )
