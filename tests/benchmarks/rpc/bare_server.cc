// A responder of nghttp2 and Asio without any framework: what HTTP/2 itself costs. It answers each request of
// grpc.testing.BenchmarkService/UnaryCall with its payload and knows nothing else: no routing, no checks, no deadlines. A call that
// asks for the id of the server blocks a thread of Asio's pool first; it gets no id.
// Usage: bare_server HOST:PORT [--workers=N] [--lookup-time=SECONDS]

#include <nghttp2/nghttp2.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

struct Stream {
  // Field 9 of SimpleRequest, fill_server_id, is the last that the load sets.
  bool Blocks() const { return message.size() > 7 && std::string_view(message).ends_with("\x48\x01"); }
  void DropField9() {
    message.resize(message.size() - 2);
    const size_t size = message.size() - 5;
    for (size_t i = 0; i < 4; ++i) message[4 - i] = static_cast<char>(size >> (8 * i));
  }

  std::string message;  // with the five bytes before it
  size_t sent = 0;
};

nghttp2_nv Header(const char* name, const char* value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name)), reinterpret_cast<uint8_t*>(const_cast<char*>(value)),
          std::strlen(name), std::strlen(value), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

// What blocks, and where.
struct Lookup {
  asio::thread_pool workers;
  std::chrono::duration<double> time;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, Lookup& lookup) : socket_(std::move(socket)), lookup_(lookup) {
    socket_.set_option(tcp::no_delay(true));
    socket_.non_blocking(true);
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, OnBeginHeaders);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnDataChunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 2);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, 16 << 20);
  }
  ~Connection() { nghttp2_session_del(session_); }

  void Read() {
    socket_.async_read_some(asio::buffer(in_), [self = shared_from_this()](boost::system::error_code error, size_t size) {
      if (error || nghttp2_session_mem_recv(self->session_, self->in_.data(), size) < 0) return;
      self->Write(true);
    });
  }

 private:
  static int OnBeginHeaders(nghttp2_session* session, const nghttp2_frame* frame, void*) {
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, new Stream);
    return 0;
  }
  static Stream* Find(nghttp2_session* session, int32_t id) {
    return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }
  static int OnDataChunk(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size, void*) {
    if (Stream* stream = Find(session, id)) stream->message.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void* connection) {
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    Stream* stream = Find(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    if (stream->Blocks()) {
      stream->DropField9();
      static_cast<Connection*>(connection)->Block(frame->hd.stream_id);
    } else {
      Answer(session, frame->hd.stream_id, stream);
    }
    return 0;
  }
  static void Answer(nghttp2_session* session, int32_t id, Stream* stream) {
    // Field 3 of SimpleRequest is field 1 of SimpleResponse.
    if (stream->message.size() > 5 && stream->message[5] == 0x1a) stream->message[5] = 0x0a;
    static const std::array<nghttp2_nv, 2> headers = {Header(":status", "200"), Header("content-type", "application/grpc")};
    nghttp2_data_provider provider{.source = {.ptr = stream}, .read_callback = ReadMessage};
    nghttp2_submit_response(session, id, headers.data(), headers.size(), &provider);
  }
  static ssize_t ReadMessage(nghttp2_session* session, int32_t id, uint8_t* buffer, size_t length, uint32_t* flags,
                             nghttp2_data_source* source, void*) {
    Stream& stream = *static_cast<Stream*>(source->ptr);
    const size_t size = std::min(length, stream.message.size() - stream.sent);
    std::memcpy(buffer, stream.message.data() + stream.sent, size);
    stream.sent += size;
    if (stream.sent == stream.message.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
      static const nghttp2_nv trailer = Header("grpc-status", "0");
      nghttp2_submit_trailer(session, id, &trailer, 1);
    }
    return static_cast<ssize_t>(size);
  }
  static int OnStreamClose(nghttp2_session* session, int32_t id, uint32_t, void*) {
    delete Find(session, id);
    return 0;
  }

  void Gather() {
    const uint8_t* data = nullptr;
    for (ssize_t size; out_.size() < (256 << 10) && (size = nghttp2_session_mem_send(session_, &data)) > 0;) {
      out_.append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
    }
  }

  void Block(int32_t id) {
    asio::post(lookup_.workers, [self = shared_from_this(), id] {
      std::this_thread::sleep_for(self->lookup_.time);
      asio::post(self->socket_.get_executor(), [self, id] {
        Stream* stream = Find(self->session_, id);
        if (stream == nullptr) return;
        Answer(self->session_, id, stream);
        self->Write(false);
      });
    });
  }

  // Writes all there is, then reads again.
  void Write(bool then_reads) {
    for (Gather(); !out_.empty(); Gather()) {
      boost::system::error_code error;
      const size_t size = socket_.write_some(asio::buffer(out_), error);
      if (error == asio::error::would_block) {
        return socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this(), then_reads](boost::system::error_code failed) {
          if (!failed) self->Write(then_reads);
        });
      }
      if (error) return;
      out_.erase(0, size);
    }
    if (then_reads) Read();
  }

  tcp::socket socket_;
  Lookup& lookup_;
  nghttp2_session* session_ = nullptr;
  std::array<uint8_t, 64 << 10> in_;
  std::string out_;
};

void Accept(tcp::acceptor& acceptor, Lookup& lookup) {
  acceptor.async_accept([&](boost::system::error_code error, tcp::socket socket) {
    if (!error) std::make_shared<Connection>(std::move(socket), lookup)->Read();
    Accept(acceptor, lookup);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::string address = argc >= 2 ? argv[1] : "";
  const size_t colon = address.rfind(':');
  unsigned threads = 1;
  double seconds = 0.005;
  bool known = colon != std::string::npos;
  for (int i = 2; i < argc; ++i) {
    known &= std::sscanf(argv[i], "--workers=%u", &threads) == 1 || std::sscanf(argv[i], "--lookup-time=%lf", &seconds) == 1;
  }
  if (!known) return std::fprintf(stderr, "usage: bare_server HOST:PORT [--workers=N] [--lookup-time=SECONDS]\n"), 2;
  asio::io_context context(1);
  Lookup lookup{.workers = asio::thread_pool(threads), .time = std::chrono::duration<double>(seconds)};
  tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::make_address(address.substr(0, colon)),
                                                static_cast<uint16_t>(std::stoi(address.substr(colon + 1)))));
  std::fprintf(stderr, "event=listening endpoint=grpc address=%s:%d\n", address.substr(0, colon).c_str(),
               acceptor.local_endpoint().port());
  Accept(acceptor, lookup);
  context.run();
}
