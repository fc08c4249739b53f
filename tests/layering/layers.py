"""The layers of framework/ and where each third-party library may be seen, as DESIGN.md section 3 has them.

Works on the text of #include lines, so that it also sees what a build with other flags would include.
"""

import os
import re

# A layer may include itself and what stands to its left.
ORDER = ["base", "loop", "context", "worker", "actor", "rpc"]
# Beside the row: what each may include in addition to itself.
BESIDE = {
    "transport/coding": set(ORDER),
    "transport/native": set(ORDER) | {"transport/coding"},
    "transport/grpcpp": set(ORDER) | {"transport/coding"},
    "observe": set(ORDER),
    "runtime": set(ORDER) | {"transport/native", "transport/grpcpp", "observe"},
    "testing": set(ORDER) | {"transport/native", "transport/grpcpp", "observe", "runtime"},
}
ALLOWED = {layer: set(ORDER[:index]) for index, layer in enumerate(ORDER)} | BESIDE

# Library -> how its headers begin, and the folders of framework/ that may include them.
LIBRARIES = {
    "Boost.Asio": (r"boost/asio", ["loop", "transport/native", "observe"]),
    "Boost.Beast": (r"boost/beast", ["observe"]),
    "Boost.Fiber": (r"boost/(fiber|context)", ["worker"]),
    "nghttp2": (r"nghttp2/", ["transport/native"]),
    "gRPC": (r"(grpcpp|grpc|grpc\+\+)/(?!.*\.(pb|rota)\.h$)", ["transport/grpcpp"]),
    "gRPC stubs": (r".*\.grpc\.pb\.h$", []),
    "zlib": (r"zlib\.h$", ["transport/coding"]),
    "prometheus-cpp": (r"prometheus/", ["observe"]),
    "spdlog or fmt": (r"(spdlog|fmt)/", ["base"]),
    "CLI11": (r"CLI/", ["runtime"]),
    "a test library": (r"(gtest|gmock|benchmark)/", ["testing"]),
}
# What framework/rota.h must not pull into a service, over however many headers.
NOT_IN_ROTA_H = ["Boost.Asio", "Boost.Beast", "Boost.Fiber", "nghttp2", "gRPC", "gRPC stubs", "zlib", "prometheus-cpp", "spdlog or fmt", "CLI11"]

# Rota has no clients yet: the command line client of the files service calls it with the stubs of the gRPC library, as a
# foreign program would. Nothing that serves may include what lies here.
FOREIGN_CLIENT = "services/files/client/"

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def includes(text):
    """The paths that a source includes, as [(is_system, path)]. Comments are not includes."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    return [(mark == "<", path) for mark, path in _INCLUDE.findall(text)]


def layer_of(path):
    """framework/transport/native/x.h -> transport/native; None for what lies in framework/ itself."""
    parts = path.split("/")
    if parts[0] != "framework" or len(parts) < 3:
        return None
    return "/".join(parts[1:3]) if parts[1] == "transport" and len(parts) > 3 else parts[1]


def library_of(path):
    return next((name for name, (pattern, _) in LIBRARIES.items() if re.match(pattern, path)), None)


def framework_violations(files):
    """files: path -> text. One sentence for each include that DESIGN.md section 3 forbids."""
    return [
        sentence
        for path, text in sorted(files.items())
        if path.startswith("framework/") and layer_of(path)
        for _, included in includes(text)
        for sentence in _judge(path, included)
    ]


def _judge(path, included):
    layer, other, library = layer_of(path), layer_of(included), library_of(included)
    if layer not in ALLOWED:
        yield f"{path}: framework/{layer} is not a layer of DESIGN.md section 3"
    elif included == "framework/rota.h":
        yield f"{path}: includes framework/rota.h, which is for services"
    elif other and other != layer and other not in ALLOWED[layer]:
        yield f"{path}: {layer} may not include {included} ({other} is not to its left)"
    elif library and layer not in LIBRARIES[library][1]:
        yield f"{path}: {layer} may not include {included} ({library} belongs to {LIBRARIES[library][1] or 'tests'})"
    elif library == "spdlog or fmt" and not path.endswith(".cc"):
        yield f"{path}: {included} belongs in sources, not in headers"


def reachable_libraries(files, start):
    """Library -> the chain of includes by which start pulls it in."""
    found, seen, queue = {}, {start}, [[start]]
    while queue:
        chain = queue.pop(0)
        for _, path in includes(files.get(chain[-1], "")):
            if library_of(path):
                found.setdefault(library_of(path), chain + [path])
            if path in files and path not in seen:
                seen.add(path)
                queue.append(chain + [path])
    return found


def rota_h_violations(files):
    if "framework/rota.h" not in files:
        return ["framework/rota.h is missing"]
    reached = reachable_libraries(files, "framework/rota.h")
    return [f"framework/rota.h pulls in {name}: {' -> '.join(reached[name])}" for name in NOT_IN_ROTA_H if name in reached]


def service_violations(files):
    """A service sees framework/rota.h, generated code, its own headers and the standard library."""
    return [
        f"{path}: a service may not include {included}"
        for path, text in sorted(files.items())
        if path.startswith("services/")
        for is_system, included in includes(text)
        if not _service_may_include(path, is_system, included)
    ]


def _service_may_include(path, is_system, included):
    if path.startswith(FOREIGN_CLIENT) and library_of(included) in ("gRPC", "gRPC stubs"):
        return True
    if is_system:  # standard headers: no folder, or those of the operating system
        return "/" not in included or included.startswith(("sys/", "linux/", "netinet/", "arpa/"))
    generated = included.startswith("protos/") and included.endswith((".rota.h", ".pb.h")) and ".grpc." not in included
    own = included.startswith(os.path.dirname(path) + "/") and not included.startswith(FOREIGN_CLIENT)
    return included == "framework/rota.h" or generated or own


def read_tree(root, folders=("framework", "services")):
    files = {}
    for folder in folders:
        for directory, _, names in os.walk(os.path.join(root, folder)):
            for name in names:
                if name.endswith((".h", ".cc", ".inc")):
                    path = os.path.join(directory, name)
                    with open(path, encoding="utf-8") as file:
                        files[os.path.relpath(path, root)] = file.read()
    return files
