"""The check itself finds what it is there to find."""

import unittest

from tests import junit
from tests.layering import layers


def framework(path, *included):
    return layers.framework_violations({path: "".join(f"#include {name}\n" for name in included)})


def service(*included):
    return layers.service_violations({"services/files/files.cc": "".join(f"#include {name}\n" for name in included)})


class LayersTest(unittest.TestCase):
    def test_a_layer_may_include_what_stands_to_its_left_and_itself(self):
        self.assertEqual(framework("framework/actor/a.h", '"framework/base/ref.h"', '"framework/worker/pool.h"', '"framework/actor/b.h"', "<vector>"), [])

    def test_a_layer_may_not_include_what_stands_to_its_right(self):
        self.assertEqual(
            framework("framework/loop/timer.cc", '"framework/context/request_context.h"'),
            ["framework/loop/timer.cc: loop may not include framework/context/request_context.h (context is not to its left)"],
        )

    def test_rpc_may_not_include_a_transport_and_transports_do_not_know_each_other(self):
        self.assertEqual(len(framework("framework/rpc/server.h", '"framework/transport/native/session.h"')), 1)
        self.assertEqual(len(framework("framework/transport/native/a.h", '"framework/transport/grpcpp/b.h"')), 1)
        self.assertEqual(framework("framework/transport/native/a.h", '"framework/rpc/call.h"'), [])

    def test_transports_share_coding_which_knows_neither(self):
        for transport in "native", "grpcpp":
            self.assertEqual(framework(f"framework/transport/{transport}/a.h", '"framework/transport/coding/b.h"'), [])
            self.assertEqual(len(framework("framework/transport/coding/a.h", f'"framework/transport/{transport}/b.h"')), 1)
        self.assertEqual(len(framework("framework/runtime/a.h", '"framework/transport/coding/b.h"')), 1)

    def test_lower_layers_do_not_know_observe_or_testing(self):
        self.assertEqual(len(framework("framework/loop/a.h", '"framework/observe/metrics.h"')), 1)
        self.assertEqual(len(framework("framework/runtime/a.h", '"framework/testing/clock.h"')), 1)

    def test_a_folder_that_is_no_layer_is_named(self):
        self.assertIn("framework/util is not a layer", framework("framework/util/a.h", "<vector>")[0])

    def test_each_library_is_kept_to_its_place(self):
        for header, place in {
            "boost/asio/io_context.hpp": "loop",
            "boost/beast/http.hpp": "observe",
            "boost/fiber/all.hpp": "worker",
            "nghttp2/nghttp2.h": "transport/native",
            "grpcpp/grpcpp.h": "transport/grpcpp",
            "grpc/grpc.h": "transport/grpcpp",
            "zlib.h": "transport/coding",
            "prometheus/registry.h": "observe",
        }.items():
            with self.subTest(header):
                self.assertEqual(framework(f"framework/{place}/a.cc", f"<{header}>"), [])
                self.assertEqual(len(framework("framework/actor/a.cc", f"<{header}>")), 1)

    def test_messages_of_the_health_protocol_are_no_grpc_header_but_its_stubs_are(self):
        self.assertEqual(framework("framework/rpc/health.cc", '"grpc/health/v1/health.pb.h"'), [])
        self.assertEqual(framework("framework/rpc/health.cc", '"grpc/health/v1/health.rota.h"'), [])
        self.assertEqual(len(framework("framework/rpc/health.cc", '"grpc/health/v1/health.grpc.pb.h"')), 1)

    def test_fmt_is_for_sources_of_base_only(self):
        self.assertEqual(framework("framework/base/log.cc", "<spdlog/spdlog.h>"), [])
        self.assertEqual(len(framework("framework/base/log.h", "<fmt/core.h>")), 1)

    def test_a_comment_is_no_include(self):
        self.assertEqual(layers.includes("// #include <a.h>\n/*\n#include <b.h>\n*/\n#  include <c.h>\n"), [(True, "c.h")])

    def test_rota_h_is_followed_over_any_number_of_headers(self):
        files = {
            "framework/rota.h": '#include "framework/runtime/app.h"\n',
            "framework/runtime/app.h": '#include "framework/loop/loop.h"\n#include <string>\n',
            "framework/loop/loop.h": "#include <boost/asio/io_context.hpp>\n",
        }
        self.assertEqual(
            layers.rota_h_violations(files),
            ["framework/rota.h pulls in Boost.Asio: framework/rota.h -> framework/runtime/app.h -> framework/loop/loop.h -> boost/asio/io_context.hpp"],
        )
        files["framework/loop/loop.h"] = "#include <memory>\n"
        self.assertEqual(layers.rota_h_violations(files), [])

    def test_a_missing_rota_h_is_a_violation(self):
        self.assertEqual(layers.rota_h_violations({}), ["framework/rota.h is missing"])

    def test_a_service_sees_rota_h_generated_code_its_own_headers_and_the_standard_library(self):
        self.assertEqual(service('"framework/rota.h"', '"protos/files/v1/files.rota.h"', '"services/files/store.h"', "<string>", "<sys/stat.h>"), [])
        for header in ('"framework/loop/event_loop.h"', '"services/chat/room.h"', "<boost/asio.hpp>", '"protos/files/v1/files.grpc.pb.h"'):
            with self.subTest(header):
                self.assertEqual(len(service(header)), 1)

    def test_the_command_line_client_may_use_the_stubs_of_grpc_and_what_serves_may_not_include_it(self):
        text = '#include <grpcpp/grpcpp.h>\n#include "protos/files/v1/files.grpc.pb.h"\n'
        self.assertEqual(layers.service_violations({"services/files/client/client.cc": text}), [])
        self.assertEqual(len(layers.service_violations({"services/files/client/client.cc": '#include "framework/rpc/transport.h"\n'})), 1)
        self.assertEqual(len(layers.service_violations({"services/files/main.cc": text})), 2)
        self.assertEqual(len(layers.service_violations({"services/files/main.cc": '#include "services/files/client/client.h"\n'})), 1)


if __name__ == "__main__":
    junit.main()
