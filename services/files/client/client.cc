// Command line client of the files service.
//
//     client --server=HOST:PORT put LOCAL [NAME] | get NAME LOCAL | stat NAME | list [PREFIX] | remove NAME | watch
//
// Exit code: 0 when it worked, 1 when the service or the disk said no, 2 for a wrong command line.

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "protos/files/v1/files.grpc.pb.h"

namespace files {
namespace {

constexpr size_t kChunkBytes = 128 << 10;
constexpr char kUsage[] =
    "usage: client --server=HOST:PORT [--timeout=SECONDS] COMMAND\n"
    "  put LOCAL [NAME]   stores a local file; NAME is its last part unless given\n"
    "  get NAME LOCAL     fetches a file\n"
    "  stat NAME          size, time and SHA-256 of a file\n"
    "  list [PREFIX]      the files whose names begin with PREFIX\n"
    "  remove NAME        removes a file\n"
    "  watch [--count=N]  prints what changes, N times or until Ctrl-C\n";

struct CommandLine {
  std::string server;
  long timeout_seconds = 600;
  long count = 0;
  std::vector<std::string> words;
};

int Fail(const std::string& what) {
  std::fprintf(stderr, "client: %s\n", what.c_str());
  return 1;
}

int Fail(const std::string& what, const grpc::Status& status) {
  static const char* const kNames[] = {"OK",        "CANCELLED",          "UNKNOWN",         "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED", "NOT_FOUND",
                                       "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",
                                       "OUT_OF_RANGE", "UNIMPLEMENTED",    "INTERNAL",        "UNAVAILABLE",        "DATA_LOSS",         "UNAUTHENTICATED"};
  const int code = status.error_code();
  return Fail(what + ": " + (code >= 0 && code <= 16 ? kNames[code] : "UNKNOWN") + ": " + status.error_message());
}

void Print(const v1::FileInfo& file) {
  const time_t seconds = file.modified().seconds();
  char time[32] = "";
  tm parts;
  if (gmtime_r(&seconds, &parts) != nullptr) std::strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", &parts);
  std::printf("%12llu  %s  %s%s%s\n", static_cast<unsigned long long>(file.size()), time, file.name().c_str(),
              file.sha256().empty() ? "" : "  sha256=", file.sha256().c_str());
}

class Client {
 public:
  explicit Client(const CommandLine& line) : line_(line) {
    grpc::ChannelArguments arguments;
    // The address is meant as it stands.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    stub_ = v1::Files::NewStub(grpc::CreateCustomChannel(line.server, grpc::InsecureChannelCredentials(), arguments));
  }

  int Put(const std::string& local, const std::string& name) {
    std::ifstream file(local, std::ios::binary);
    if (!file || std::filesystem::is_directory(local)) return Fail("cannot read the file '" + local + "'");
    grpc::ClientContext context;
    SetDeadline(context);
    v1::FileInfo stored;
    const auto writer = stub_->Put(&context, &stored);
    v1::PutRequest request;
    request.set_name(name);
    std::string chunk(kChunkBytes, '\0');
    do {
      file.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
      request.set_chunk(chunk.data(), static_cast<size_t>(file.gcount()));
      if (!writer->Write(request)) break;
      request.clear_name();
    } while (file);
    if (file.bad()) {
      context.TryCancel();
      return Fail("cannot read the file '" + local + "'");
    }
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    if (!status.ok()) return Fail("put " + name, status);
    Print(stored);
    return 0;
  }

  int Get(const std::string& name, const std::string& local) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::GetRequest request;
    request.set_name(name);
    const auto reader = stub_->Get(&context, request);
    // Under another name until it is whole.
    const std::string part = local + ".part";
    std::ofstream file(part, std::ios::binary | std::ios::trunc);
    v1::GetResponse response;
    unsigned long long bytes = 0, chunks = 0;
    while (file && reader->Read(&response)) {
      file << response.chunk();
      bytes += response.chunk().size();
      ++chunks;
    }
    file.close();
    if (!file) context.TryCancel();
    const grpc::Status status = reader->Finish();
    if (status.ok() && file && std::rename(part.c_str(), local.c_str()) == 0) {
      std::printf("%12llu bytes in %llu chunks to %s\n", bytes, chunks, local.c_str());
      return 0;
    }
    std::remove(part.c_str());
    return file && !status.ok() ? Fail("get " + name, status) : Fail("cannot write the file '" + local + "'");
  }

  int Stat(const std::string& name) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::StatRequest request;
    request.set_name(name);
    request.set_checksum(true);
    v1::FileInfo file;
    const grpc::Status status = stub_->Stat(&context, request, &file);
    if (!status.ok()) return Fail("stat " + name, status);
    Print(file);
    return 0;
  }

  int List(const std::string& prefix) {
    v1::ListRequest request;
    request.set_prefix(prefix);
    v1::ListResponse response;
    do {
      grpc::ClientContext context;
      SetDeadline(context);
      const grpc::Status status = stub_->List(&context, request, &response);
      if (!status.ok()) return Fail("list", status);
      for (const v1::FileInfo& file : response.files()) Print(file);
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return 0;
  }

  int Remove(const std::string& name) {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::RemoveRequest request;
    request.set_name(name);
    v1::RemoveResponse response;
    const grpc::Status status = stub_->Remove(&context, request, &response);
    return status.ok() ? 0 : Fail("remove " + name, status);
  }

  int Watch() {
    grpc::ClientContext context;
    const auto reader = stub_->Watch(&context, v1::WatchRequest());
    v1::WatchResponse response;
    for (long seen = 0; reader->Read(&response);) {
      if (response.event() == v1::WatchResponse::EVENT_WATCHING) {
        std::printf("watching\n");
      } else {
        std::printf("%s ", response.event() == v1::WatchResponse::EVENT_PUT ? "put    " : "removed");
        std::printf("%s\n", response.file().name().c_str());
        ++seen;
      }
      std::fflush(stdout);
      if (line_.count > 0 && seen == line_.count) return context.TryCancel(), static_cast<void>(reader->Finish()), 0;
    }
    return Fail("watch", reader->Finish());
  }

 private:
  void SetDeadline(grpc::ClientContext& context) const {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(line_.timeout_seconds));
  }

  const CommandLine& line_;
  std::unique_ptr<v1::Files::Stub> stub_;
};

bool Parse(int argc, char** argv, CommandLine* line) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--server=")) {
      line->server = word.substr(9);
    } else if (word.starts_with("--timeout=")) {
      line->timeout_seconds = std::strtol(word.c_str() + 10, nullptr, 10);
    } else if (word.starts_with("--count=")) {
      line->count = std::strtol(word.c_str() + 8, nullptr, 10);
    } else if (word.starts_with("--")) {
      return false;
    } else {
      line->words.push_back(word);
    }
  }
  return !line->server.empty() && !line->words.empty() && line->timeout_seconds > 0;
}

int Run(const CommandLine& line) {
  const std::vector<std::string>& words = line.words;
  const std::string& command = words[0];
  const size_t arguments = words.size() - 1;
  Client client(line);
  if (command == "put" && (arguments == 1 || arguments == 2)) {
    return client.Put(words[1], arguments == 2 ? words[2] : std::filesystem::path(words[1]).filename().string());
  }
  if (command == "get" && arguments == 2) return client.Get(words[1], words[2]);
  if (command == "stat" && arguments == 1) return client.Stat(words[1]);
  if (command == "list" && arguments <= 1) return client.List(arguments == 1 ? words[1] : "");
  if (command == "remove" && arguments == 1) return client.Remove(words[1]);
  if (command == "watch" && arguments == 0) return client.Watch();
  std::fputs(kUsage, stderr);
  return 2;
}

}  // namespace
}  // namespace files

int main(int argc, char** argv) {
  files::CommandLine line;
  if (!files::Parse(argc, argv, &line)) {
    std::fputs(files::kUsage, stderr);
    return 2;
  }
  return files::Run(line);
}
