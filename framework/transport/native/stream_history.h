#ifndef ROTA_TRANSPORT_NATIVE_STREAM_HISTORY_H_
#define ROTA_TRANSPORT_NATIVE_STREAM_HISTORY_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace rota::native {

// What became of the latest streams of a connection: a peer that has ended a stream must send nothing more on it, while one
// whose stream was reset from here may not have heard of it yet (RFC 9113, section 5.1, "closed"); and new streams have rising
// numbers (section 5.1.1). nghttp2 lets all of it pass.
// Thread: one.
// Bound:  kRemembered streams of each kind; on older ones everything is let through.
class StreamHistory {
 public:
  static constexpr size_t kRemembered = 16;

  // The peer sends HEADERS, allowed by ForbidsHeaders().
  void OnHeaders(int32_t stream) {
    if (stream <= highest_) return;
    highest_ = stream;
    opened_.Add(stream);
  }
  // The peer has ended or reset its side.
  void OnEndedByPeer(int32_t stream) { ended_.Add(stream); }
  // It was reset from here, and the peer had not ended its side.
  void OnResetHere(int32_t stream) { reset_.Add(stream); }

  // `stream` is above all that the peer has opened, and it has opened some. Clients of the gRPC C++ library (1.51) reset
  // streams whose call ended before they were opened. It is an error of the connection (RFC 9113, section 5.1, "idle"), but
  // gRPC's own servers pass over it, and the other calls of the connection should not pay.
  bool IsAhead(int32_t stream) const { return highest_ > 0 && stream > highest_; }
  // DATA on `stream` breaks the protocol.
  bool ForbidsData(int32_t stream) const { return ended_.Has(stream); }
  // HEADERS on `stream` break it. `open`: it is known to be open.
  bool ForbidsHeaders(int32_t stream, bool open) const {
    if (ended_.Has(stream)) return true;
    if (stream > highest_ || open || stream <= std::max(opened_.forgotten, reset_.forgotten)) return false;
    return !opened_.Has(stream) && !reset_.Has(stream);
  }

 private:
  struct Ring {
    void Add(int32_t stream) {
      int32_t& place = streams[next++ % kRemembered];
      forgotten = std::max(forgotten, place);
      place = stream;
    }
    bool Has(int32_t stream) const { return std::find(streams.begin(), streams.end(), stream) != streams.end(); }

    std::array<int32_t, kRemembered> streams{};
    size_t next = 0;
    int32_t forgotten = 0;  // The highest one that is not remembered any more.
  };

  int32_t highest_ = 0;
  Ring opened_;
  Ring ended_;
  Ring reset_;
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_STREAM_HISTORY_H_
