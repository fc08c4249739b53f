#ifndef ROTA_SERVICES_FILES_FILES_H_
#define ROTA_SERVICES_FILES_FILES_H_

#include <memory>
#include <utility>

#include "framework/rota.h"
#include "protos/files/v1/files.rota.h"
#include "services/files/store.h"
#include "services/files/watchers.h"

namespace files {

// Serves files.v1.Files from a store; see the .proto for what it promises.
//
// It must be run with interleave: one actor serves all files, and an upload that takes a minute must not keep the others
// waiting for its turn. That is safe because handlers share nothing but the watchers, which they touch only between two
// waits, and the store, which takes care of itself.
// Thread: loop; everything that touches the disk runs on workers.
class Files final : public v1::FilesActor {
 public:
  // `store` is there once the program has started, and outlives its actors.
  explicit Files(const std::unique_ptr<Store>& store) : store_(*store) {}
  ~Files() override;

  rota::Task<void> OnStart(rota::RequestContext& context) override;

  rota::Task<v1::FileInfo> Put(rota::RequestContext& context, rota::Reader<v1::PutRequest>& in) override;
  rota::Task<void> Get(rota::RequestContext& context, const v1::GetRequest& request, rota::Writer<v1::GetResponse>& out) override;
  rota::Task<v1::FileInfo> Stat(rota::RequestContext& context, const v1::StatRequest& request) override;
  rota::Task<v1::ListResponse> List(rota::RequestContext& context, const v1::ListRequest& request) override;
  rota::Task<v1::RemoveResponse> Remove(rota::RequestContext& context, const v1::RemoveRequest& request) override;
  rota::Task<void> Watch(rota::RequestContext& context, const v1::WatchRequest& request,
                         rota::Writer<v1::WatchResponse>& out) override;

 private:
  // Destroys on a worker what blocks when it is destroyed, however its handler ends.
  template <typename T>
  class OnWorker;

  rota::Task<std::string> Checksum(rota::RequestContext& context, const OpenedFile& file);

  Store& store_;
  // Shared with what the store's listener has posted to the loop, which may arrive after this actor has gone.
  const std::shared_ptr<Watchers> watchers_ = std::make_shared<Watchers>();
};

}  // namespace files

#endif  // ROTA_SERVICES_FILES_FILES_H_
