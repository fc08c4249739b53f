#ifndef ROTA_TRANSPORT_NATIVE_SESSION_CALLBACKS_H_
#define ROTA_TRANSPORT_NATIVE_SESSION_CALLBACKS_H_

#include <nghttp2/nghttp2.h>

#include "framework/transport/native/session.h"

namespace rota::native {

// The functions that nghttp2 calls, and how it is set up. One set for all sessions; it is constant.
struct Session::Callbacks {
  static const nghttp2_session_callbacks* All();
  static const nghttp2_option* Options();

 private:
  static Session& Of(void* user) { return *static_cast<Session*>(user); }
  static int BeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int Header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t, void* user);
  static int FrameReceived(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int DataChunk(nghttp2_session*, uint8_t, int32_t stream_id, const uint8_t* bytes, size_t size, void* user);
  static int StreamClose(nghttp2_session*, int32_t stream_id, uint32_t, void* user);
  static int FrameSent(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int SendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t length, nghttp2_data_source* source,
                      void* user);
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_SESSION_CALLBACKS_H_
