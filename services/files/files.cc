#include "services/files/files.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "services/files/names.h"
#include "services/files/sha256.h"

namespace files {
namespace {

// What one job writes or reads: enough to be worth the way to a worker and back.
constexpr size_t kJobBytes = 256 << 10;
// What one message carries: a slow caller holds up little, and a job fills several.
constexpr size_t kChunkBytes = 32 << 10;
constexpr uint32_t kDefaultPage = 100;
constexpr uint32_t kLargestPage = 1000;

rota::Status CheckWatch(const v1::WatchRequest& request) {
  return request.name().empty() ? rota::OkStatus() : CheckName(request.name());
}

// For a job.
rota::StatusOr<std::unique_ptr<OpenedFile>> Open(const Store& store, std::string_view name) {
  rota::StatusOr<OpenedFile> opened = store.OpenFile(name);
  if (!opened.ok()) return std::move(opened).status();
  return std::make_unique<OpenedFile>(*std::move(opened));
}

}  // namespace

template <typename T>
class Files::OnWorker {
 public:
  OnWorker(Files& files, std::unique_ptr<T> owned) : files_(files), owned_(std::move(owned)) {}
  ~OnWorker() {
    // A message, because the request of this handler may be over, and with it the right to run jobs. Where the actors stop
    // already, it is destroyed right here.
    const rota::ActorRef<Files> self = files_.system().Get<Files>(Table().name);
    static_cast<void>(self.Tell([owned = std::move(owned_)](Files&, rota::RequestContext& context) mutable -> rota::Task<void> {
      co_await context.RunBlocking([&owned] { owned.reset(); });
    }));
  }
  OnWorker(const OnWorker&) = delete;
  OnWorker& operator=(const OnWorker&) = delete;

  T& operator*() const { return *owned_; }
  T* operator->() const { return owned_.get(); }

 private:
  Files& files_;
  std::unique_ptr<T> owned_;
};

rota::Task<void> Files::OnStart(rota::RequestContext&) {
  store_.SetListener([loop = &loop(), watchers = watchers_](const Store::Change& change) {
    loop->Post([watchers, change] { watchers->Tell(change); });
  });
  return rota::OkStatus();
}

Files::~Files() { store_.SetListener(nullptr); }

rota::Task<v1::FileInfo> Files::Put(rota::RequestContext& context, rota::Reader<v1::PutRequest>& in) {
  std::optional<v1::PutRequest> message = co_await in.Next();
  if (!message) co_return rota::InvalidArgumentError("a put without a message names no file");
  const std::string name = message->name();
  co_await CheckName(name);

  const OnWorker<Upload> upload(*this, co_await context.RunBlocking([&] { return store_.BeginUpload(name); }));
  std::string bytes;
  for (; message; message = co_await in.Next()) {
    if (!message->name().empty() && message->name() != name) {
      co_return rota::InvalidArgumentError("a put of " + Quoted(name) + " names another file: " + Quoted(message->name()));
    }
    bytes += message->chunk();
    if (bytes.size() < kJobBytes) continue;
    co_await context.RunBlocking([&] { return upload->Write(bytes); });
    bytes.clear();
  }
  const StoredFile stored = co_await context.RunBlocking([&]() -> rota::StatusOr<StoredFile> {
    ROTA_RETURN_IF_ERROR(upload->Write(bytes));
    return upload->Commit();
  });
  v1::FileInfo info;
  ToInfo(stored, &info);
  info.set_sha256(upload->sha256());
  co_return info;
}

rota::Task<void> Files::Get(rota::RequestContext& context, const v1::GetRequest& request, rota::Writer<v1::GetResponse>& out) {
  co_await CheckName(request.name());
  const OnWorker<OpenedFile> file(*this, co_await context.RunBlocking([&] { return Open(store_, request.name()); }));
  v1::GetResponse response;
  ToInfo(file->file, response.mutable_file());
  if (file->file.size == 0) co_await out.Write(response);
  for (uint64_t sent = 0; sent < file->file.size;) {
    const std::string bytes = co_await context.RunBlocking([&] { return file->Read(sent, kJobBytes); });
    if (bytes.empty()) co_await rota::DataLossError(Quoted(request.name()) + " became shorter while it was read");
    for (size_t at = 0; at < bytes.size(); at += kChunkBytes) {
      response.set_chunk(bytes.substr(at, kChunkBytes));
      // Waits while the caller is slow; meanwhile no job runs and no more than `bytes` is held.
      co_await out.Write(response);
      response.clear_file();
    }
    sent += bytes.size();
  }
}

rota::Task<v1::FileInfo> Files::Stat(rota::RequestContext& context, const v1::StatRequest& request) {
  co_await CheckName(request.name());
  v1::FileInfo info;
  if (!request.checksum()) {
    ToInfo(co_await context.RunBlocking([&] { return store_.Stat(request.name()); }), &info);
    co_return info;
  }
  const OnWorker<OpenedFile> file(*this, co_await context.RunBlocking([&] { return Open(store_, request.name()); }));
  ToInfo(file->file, &info);
  info.set_sha256(co_await Checksum(context, *file));
  co_return info;
}

// In jobs of moderate size: a large file must not hold a thread for long, and a caller who goes away ends it.
rota::Task<std::string> Files::Checksum(rota::RequestContext& context, const OpenedFile& file) {
  Sha256 hash;
  for (uint64_t done = 0; done < file.file.size;) {
    const size_t added = co_await context.RunBlocking([&]() -> rota::StatusOr<size_t> {
      rota::StatusOr<std::string> bytes = file.Read(done, kJobBytes);
      if (!bytes.ok()) return std::move(bytes).status();
      if (bytes->empty()) return rota::DataLossError(Quoted(file.file.name) + " became shorter while it was read");
      hash.Add(*bytes);
      return bytes->size();
    });
    done += added;
  }
  co_return hash.Finish();
}

rota::Task<v1::ListResponse> Files::List(rota::RequestContext& context, const v1::ListRequest& request) {
  if (request.page_size() > kLargestPage) {
    co_return rota::InvalidArgumentError("page_size " + std::to_string(request.page_size()) + " is more than " + std::to_string(kLargestPage));
  }
  const size_t page = request.page_size() == 0 ? kDefaultPage : request.page_size();
  // One more than fits, to know whether there is another page.
  const std::vector<StoredFile> found =
      co_await context.RunBlocking([&] { return store_.List(request.prefix(), request.page_token(), page + 1); });
  v1::ListResponse response;
  for (size_t i = 0; i < std::min(found.size(), page); ++i) ToInfo(found[i], response.add_files());
  if (found.size() > page) response.set_next_page_token(found[page - 1].name);
  co_return response;
}

rota::Task<v1::RemoveResponse> Files::Remove(rota::RequestContext& context, const v1::RemoveRequest& request) {
  co_await CheckName(request.name());
  co_await context.RunBlocking([&] { return store_.Remove(request.name()); });
  co_return v1::RemoveResponse();
}

rota::Task<void> Files::Watch(rota::RequestContext& context, const v1::WatchRequest& request,
                              rota::Writer<v1::WatchResponse>& out) {
  co_await CheckWatch(request);
  Watcher watcher(*watchers_, context, request.name(), request.prefix());
  v1::WatchResponse begun;
  begun.set_event(v1::WatchResponse::EVENT_WATCHING);
  co_await out.Write(begun);
  while (true) {
    const v1::WatchResponse event = co_await watcher.events().Pop();
    co_await out.Write(event);
  }
}

}  // namespace files
