#ifndef ROTA_TESTS_FAULTS_RAW_CONNECTION_H_
#define ROTA_TESTS_FAULTS_RAW_CONNECTION_H_

#include <nghttp2/nghttp2.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/faults/frames.h"

namespace rota::faults {

// What came back on one stream.
struct Answer {
  Fields headers;
  std::string data;  // with the five bytes of each message
  Fields trailers;   // of a Trailers-Only answer as well
  bool ended = false;
  bool ended_by_data = false;     // and not by header fields
  std::optional<uint32_t> reset;  // the code of RST_STREAM, which may follow the end as well

  // The first value of a field, in trailers, else headers; "" when there is none.
  std::string Field(std::string_view name) const;
  // grpc-status; -1 without one.
  int status() const;
  std::string message() const { return Field("grpc-message"); }
};

// A connection to a server of which every byte is under control: a blocking socket, frames made by hand, and only the
// decoding of header blocks left to nghttp2. It answers nothing by itself but SETTINGS, PING and, if told so, nothing at all.
// Thread: one.
class RawConnection {
 public:
  using Seconds = std::chrono::duration<double>;
  static constexpr Seconds kLimit{30};

  // Connects; `receive_buffer` bounds what the kernel takes in, in bytes, if it is not 0.
  explicit RawConnection(const std::string& address, int receive_buffer = 0);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // The preface, SETTINGS with these values, and a window of the whole connection that does not bound.
  void Start(const std::vector<std::pair<uint16_t, uint32_t>>& settings = {{4, 0x7fffffff}});
  // False: the server has closed, or takes nothing for `limit`.
  bool Send(std::string_view bytes, Seconds limit = kLimit);

  // DATA frames as far as the windows of the server let them, waiting for more. False: the stream or the connection ended,
  // or there is no room for `limit`.
  bool SendData(uint32_t stream, std::string_view bytes, bool end_stream, Seconds limit = kLimit);

  // One call with one message, with half-close: what came back.
  Answer Call(std::string_view path, std::string_view message = "", const Fields& more = {});
  // A stream id that was not used.
  uint32_t NextStream();

  // Reads until `stream` has ended or was reset, the connection is closed, or time is up.
  const Answer& Await(uint32_t stream, Seconds limit = kLimit);
  // Reads until the server has acknowledged so many SETTINGS, of which Start() sends the first: whether it did. Then it has read all that
  // was sent before them.
  bool AwaitSettingsAcks(uint64_t count, Seconds limit = kLimit);
  // Reads what is there, and waits until the server closes: whether it did.
  bool AwaitClose(Seconds limit = kLimit);
  // Reads and handles frames for that long, or until the connection ends.
  void ReadFor(Seconds time);
  // Reads what has come already, without waiting.
  void ReadReady() { ReadFor(Seconds(0)); }

  // Ends with RST instead of FIN, as a process that is killed with bytes unread.
  void Abort();
  void HalfClose();
  // From here on no segment reaches it, and the kernel acknowledges none, as if the cable were cut. The server sees what it
  // sees of a host that has vanished.
  void GoDark();

  // Nothing more can be sent, or nothing more comes. What came before can still be read.
  bool closed() const { return closed_ || refused_; }
  // The server has closed, whether or not what it said before was read; nothing is read or answered to find out.
  bool IsCut() const;
  // The error code of a GOAWAY.
  std::optional<uint32_t> go_away() const { return go_away_; }
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t pings_answered() const { return pings_answered_; }
  uint64_t settings_acked() const { return settings_acked_; }
  int fd() const { return fd_; }

 private:
  bool ReadSome(Seconds limit);
  void TakeFrames();
  void TakeFrame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload);
  void TakeHeaders(uint8_t flags, uint32_t stream);

  int fd_ = -1;
  bool closed_ = false;
  bool refused_ = false;  // The kernel takes no more bytes.
  std::string incoming_;
  std::string block_;
  uint8_t block_flags_ = 0;
  std::map<uint32_t, Answer> answers_;
  std::optional<uint32_t> go_away_;
  uint64_t bytes_read_ = 0;
  uint64_t pings_answered_ = 0;
  uint64_t settings_acked_ = 0;
  uint32_t next_stream_ = 1;
  // What the server still takes; of streams, the difference to initial_window_.
  int64_t connection_window_ = 65535;
  int64_t initial_window_ = 65535;
  std::map<uint32_t, int64_t> stream_windows_;
  nghttp2_hd_inflater* inflater_ = nullptr;
};

}  // namespace rota::faults

#endif  // ROTA_TESTS_FAULTS_RAW_CONNECTION_H_
