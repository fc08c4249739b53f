"""Tests that call a running service: once on the default transport, and once more on the gRPC C++ library."""

def service_test(name, **kwargs):
    """A cc_test `name`, and `name` with "_grpcpp" before its "_test" that runs the same binary.

    Args:
      name: ends with "_test".
      **kwargs: those of cc_test.
    """
    native.cc_test(name = name, **kwargs)
    native.sh_test(
        name = name[:-len("_test")] + "_grpcpp_test",
        size = kwargs.get("size", "medium"),
        srcs = ["//tests/integration:with_grpcpp.sh"],
        args = ["$(location :%s)" % name],
        data = [":" + name],
    )
