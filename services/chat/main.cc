// The chat service: chat.v1.Chat, one actor a room.

#include <chrono>
#include <cstdint>
#include <functional>

#include "framework/rota.h"
#include "services/chat/room.h"

int main(int argc, char** argv) {
  int64_t history = 100;
  rota::Duration idle = std::chrono::minutes(5);
  rota::App app("chat", "Rooms in which members talk (chat.v1.Chat).");
  app.Flag("history", &history, "messages that each room keeps, 0 to 10000");
  app.Flag("idle", &idle, "a room that nobody is in and nobody asks for this long goes to sleep and forgets");
  // Served from here because the options are known from here on.
  app.OnStart([&]() -> rota::Status {
    if (history < 0 || history > 10000) return rota::InvalidArgumentError("--history must be 0 to 10000, not " + std::to_string(history));
    app.Serve<chat::Room>(rota::ServeOptions{.interleave = true, .idle_timeout = idle}, std::cref(history));
    return rota::OkStatus();
  });
  return app.Main(argc, argv);
}
