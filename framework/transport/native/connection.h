#ifndef ROTA_TRANSPORT_NATIVE_CONNECTION_H_
#define ROTA_TRANSPORT_NATIVE_CONNECTION_H_

#include <cstddef>
#include <memory>
#include <string>

#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/loop/deadline_queue.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/timer.h"
#include "framework/rpc/payload.h"
#include "framework/transport/native/admission_queue.h"
#include "framework/transport/native/host.h"
#include "framework/transport/native/output.h"
#include "framework/transport/native/session.h"
#include "framework/transport/native/socket.h"
#include "framework/transport/native/upkeep.h"

namespace rota::native {

// A socket and the HTTP/2 session on it: reads when there is something to read, writes what the session has when the server
// says so, and ends when nothing is left.
// Thread: loop.
// Owner:  the server, until it is closed; waits hold it as long as they take.
class Connection final : public RefCounted, private SessionOwner, private AdmissionQueue::Entry {
 public:
  Connection(Host& host, std::unique_ptr<Socket> socket, std::string peer);

  // Begins to read. Once.
  void Start();
  // Sends what there is, with as few system calls as possible. Returns how many bytes that was.
  size_t Flush();

  // Ends it in two steps, a second apart at most.
  void BeginDrain();
  // Ends what runs with `why`, and the connection as soon as the peer knows, or half a second later at the latest.
  void Cancel(const Status& why);
  // Ends it and its calls here and now.
  void Close();

  size_t index = 0;           // In the list of the server.
  bool flush_queued = false;  // In the list of those with something to send.

 private:
  class Alarm final : public Deadline {
   public:
    explicit Alarm(Connection& connection) : Deadline(connection.host_.loop.deadlines()), connection_(connection) {}

   private:
    void OnDeadline() override { connection_.OnAlarm(); }

    Connection& connection_;
  };

  void WaitToRead();
  // Reads, or waits for its turn to.
  void OnReadable();
  void OnTurn() override;
  void Read();
  // The system has refused to wait: nothing would be heard of the peer any more.
  bool IsRefused();
  bool ReadSome();
  void AfterRead(bool alive);
  void GoOnReading();
  void Discard();
  void WaitToWrite();
  void OnWritable();
  bool Send(Output& output);
  void EndOutput();
  void Linger();
  // The peer is gone, or has had its time: all of it ends when its turn has come, because thousands may go at once, or be found
  // out by one timers phase.
  void GiveUp();

  void SetAlarm();
  void OnAlarm();

  void OnOutput() override { host_.QueueFlush(*this); }
  void FlushNow() override { Flush(); }
  void OnReady() override {
    upkeep_.OnReady();
    SetAlarm();
  }
  void OnSettled() override { settled_ = true; }
  void OnBlock(bool open) override {
    upkeep_.OnBlock(open, host_.read_at);
    SetAlarm();
  }
  void OnCalls(bool any) override;
  bool OnPing(bool sent) override { return upkeep_.OnPing(host_.loop.Now(), sent); }
  void Keep(Payload message) override;

  Host& host_;
  const std::unique_ptr<Socket> socket_;
  const std::string peer_;
  Session session_;
  Upkeep upkeep_;
  Alarm alarm_{*this};  // Armed for upkeep_.due(), or earlier.
  std::unique_ptr<Output> blocked_;  // What the socket did not take.
  bool waits_to_write_ = false;
  bool ready_;  // The socket takes bytes.
  bool settled_ = false;  // The peer has acknowledged our settings: it is served at once. Before it waits for its turn, which costs others less.
  bool reading_paused_ = false;
  bool output_ended_ = false;  // All is said; the peer is to close.
  bool closed_ = false;  // It waits for Close() at most.
  bool over_ = false;    // Close() was called.
  Timer linger_;         // What the peer has to hear the last of it.
};

}  // namespace rota::native

#endif  // ROTA_TRANSPORT_NATIVE_CONNECTION_H_
