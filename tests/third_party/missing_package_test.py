"""A machine that lacks packages is told in one sentence which ones to install: a Bazel of its own, on a PATH without them."""

import os
import shutil
import stat
import subprocess
import unittest

from tests import junit

# Says that it does not know a library; all others are asked of the real one.
PKG_CONFIG = """#!/bin/sh
for word; do case $word in libnghttp2 | CLI11) exit 1 ;; esac; done
exec {real} "$@"
"""


class MissingPackageTest(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.join(os.environ["TEST_TMPDIR"], "bare")
        self.workspace = os.path.join(self.folder, "workspace")
        self.bin = os.path.join(self.folder, "bin")
        root = os.path.dirname(os.path.realpath("WORKSPACE"))
        shutil.copytree(os.path.join(root, "third_party"), os.path.join(self.workspace, "third_party"))
        shutil.copy(os.path.join(root, "WORKSPACE"), self.workspace)
        open(os.path.join(self.workspace, "BUILD.bazel"), "w").close()
        os.makedirs(self.bin)
        for name in os.listdir("/usr/bin"):
            if name not in ("protoc", "pkg-config"):
                os.symlink("/usr/bin/" + name, os.path.join(self.bin, name))
        fake = os.path.join(self.bin, "pkg-config")
        with open(fake, "w", encoding="utf-8") as file:
            file.write(PKG_CONFIG.format(real=shutil.which("pkg-config")))
        os.chmod(fake, os.stat(fake).st_mode | stat.S_IXUSR)

    def test_every_missing_library_and_tool_is_named_with_its_package_in_one_sentence(self):
        bazel = subprocess.run(
            ["bazel", "--batch", "--output_user_root=" + os.path.join(self.folder, "out"), "--host_jvm_args=-Xmx256m",
             "query", "@system//:all"],
            cwd=self.workspace, env={"PATH": self.bin, "HOME": self.folder}, text=True, timeout=240,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.assertNotEqual(bazel.returncode, 0)
        self.assertIn(
            "Rota cannot be built without cli11, nghttp2, protoc: install the Debian packages "
            "libcli11-dev libnghttp2-dev protobuf-compiler (tools/dev setup does it).",
            bazel.stdout,
        )


if __name__ == "__main__":
    junit.main()
