// The files service: files.v1.Files over one folder.

#include <functional>
#include <memory>
#include <string>

#include "framework/rota.h"
#include "services/files/files.h"
#include "services/files/store.h"

int main(int argc, char** argv) {
  std::string root;
  std::unique_ptr<files::Store> store;
  rota::App app("files", "Stores, sends, lists and watches the files below one folder (files.v1.Files).");
  app.Flag("root", &root, "folder whose files are served; it must exist and be writable", rota::App::kRequired);
  app.OnStart([&]() -> rota::Status {
    rota::StatusOr<std::unique_ptr<files::Store>> opened = files::Store::Open(root);
    if (!opened.ok()) return std::move(opened).status();
    store = *std::move(opened);
    return rota::OkStatus();
  });
  app.Serve<files::Files>(rota::ServeOptions{.interleave = true}, std::cref(store));
  return app.Main(argc, argv);
}
