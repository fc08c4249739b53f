#include "framework/observe/admin_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <charconv>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

namespace rota {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Response = http::response<http::string_body>;

// So much of a scrape is done at once, and then the loop sleeps if nothing else is to be done: without the pause a page kept it awake for 2 to 3 ms,
// and a thread that Linux wakes on the same core, as those of gRPC that read from connections, waited for the end of that.
constexpr Duration kScrapeAtOnce = std::chrono::microseconds(100);
constexpr Duration kScrapePause = std::chrono::milliseconds(1);

Response Text(http::status status, std::string body, const char* type = "text/plain; charset=utf-8") {
  Response response(status, 11);
  response.set(http::field::content_type, type);
  response.body() = std::move(body);
  response.keep_alive(false);
  response.prepare_payload();
  return response;
}

Response Verdict(const Status& status) {
  if (status.ok()) return Text(http::status::ok, "ok\n");
  return Text(http::status::service_unavailable, std::string(status.message()) + "\n");
}

StatusOr<tcp::endpoint> ParseAddress(const std::string& address) {
  const Status bad = InvalidArgumentError("admin address '" + address + "' is not HOST:PORT with a numeric host");
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return bad;
  uint16_t port = 0;
  const char* const end = address.data() + address.size();
  const auto parsed = std::from_chars(address.data() + colon + 1, end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end) return bad;
  std::string host = address.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  error_code error;
  const asio::ip::address ip = asio::ip::make_address(host, error);
  if (error) return bad;
  return tcp::endpoint(ip, port);
}

std::string AddressText(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

}  // namespace

class AdminServer::State : public std::enable_shared_from_this<State> {
 public:
  State(EventLoop& loop, Pages pages, Options options)
      : loop_(loop), pages_(std::move(pages)), options_(options), acceptor_(loop.poller().io_context()) {}

  StatusOr<std::string> Listen(const std::string& address);
  void Accept();
  void Stop();
  void Remove(Connection* connection);
  // None for the metrics, which come in steps.
  std::optional<Response> Answer(const http::request<http::string_body>& request);
  MetricsPage::Steps Scrape() { return pages_.metrics(); }
  bool stopped() const { return stopped_; }
  TimePoint Now() const { return loop_.Now(); }
  const Options& options() const { return options_; }

  // Runs `callback` as a callback of poll. The operation starts only now, so waiting does not keep the loop alive.
  void Run(Callback callback) { loop_.RunCompletion(Operation(loop_, RefKind::kIo), std::move(callback)); }
  void RunAfter(Duration pause, Callback callback) { loop_.SetTimeout(pause, std::move(callback)); }

 private:
  EventLoop& loop_;
  Pages pages_;
  const Options options_;
  tcp::acceptor acceptor_;
  std::set<Connection*> connections_;
  bool accepting_ = false;
  bool stopped_ = false;
};

// One connection: reads one request, writes one response. Shared by its outstanding completion.
class AdminServer::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<State> state, tcp::socket socket) : state_(std::move(state)), stream_(std::move(socket)) {
    parser_.header_limit(state_->options().max_header_bytes);
    parser_.body_limit(state_->options().max_body_bytes);
  }
  ~Connection() { state_->Remove(this); }

  void Read() {
    stream_.expires_after(state_->options().request_timeout);
    http::async_read(stream_, buffer_, parser_, [self = shared_from_this()](error_code error, size_t) {
      self->state_->Run([self, error] { self->OnRead(error); });
    });
  }
  void Close() {
    error_code ignored;
    stream_.socket().close(ignored);
  }

 private:
  void OnRead(error_code error) {
    // What the pages read may be gone after the server.
    if (state_->stopped()) return;
    if (!error) {
      if (std::optional<Response> answer = state_->Answer(parser_.get())) return Write(*std::move(answer));
      scrape_ = state_->Scrape();
      scrape_end_ = After(state_->Now(), state_->options().request_timeout);
      return ScrapeNext();
    }
    if (error == http::error::header_limit) {
      return Write(Text(http::status::request_header_fields_too_large, "the request header is too large\n"));
    }
    if (error == http::error::body_limit) {
      return Write(Text(http::status::payload_too_large, "the request body is too large\n"));
    }
    const bool not_http = error.category() == http::make_error_code(http::error::bad_method).category() &&
                          error != http::error::end_of_stream && error != http::error::partial_message;
    if (not_http) Write(Text(http::status::bad_request, "the request is not HTTP/1.1: " + error.message() + "\n"));
  }
  // As many steps as take some hundred microseconds together, after a pause.
  void ScrapeNext() {
    state_->RunAfter(kScrapePause, [self = shared_from_this()] { self->Scrape(); });
  }
  void Scrape() {
    if (state_->stopped()) return;
    const TimePoint begin = state_->Now();
    if (begin >= scrape_end_) return Write(Text(http::status::service_unavailable, "the loop is too busy to write the metrics in time\n"));
    while (scrape_(metrics_)) {
      if (state_->Now() - begin >= kScrapeAtOnce) return ScrapeNext();
    }
    Write(Text(http::status::ok, std::move(metrics_), MetricsPage::kContentType));
  }
  void Write(Response response) {
    response_ = std::move(response);
    stream_.expires_after(state_->options().request_timeout);
    http::async_write(stream_, response_, [self = shared_from_this()](error_code, size_t) {
      error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    });
  }

  const std::shared_ptr<State> state_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::request_parser<http::string_body> parser_;
  // What is written of the metrics so far.
  MetricsPage::Steps scrape_;
  TimePoint scrape_end_{};
  std::string metrics_;
  Response response_;
};

StatusOr<std::string> AdminServer::State::Listen(const std::string& address) {
  StatusOr<tcp::endpoint> endpoint = ParseAddress(address);
  if (!endpoint.ok()) return endpoint.status();
  error_code error;
  acceptor_.open(endpoint->protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(*endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return ErrnoToStatus(error.value(), "cannot listen on admin address " + address);
  Accept();
  return AddressText(acceptor_.local_endpoint());
}

void AdminServer::State::Accept() {
  if (stopped_ || accepting_ || connections_.size() >= options_.max_connections) return;
  accepting_ = true;
  acceptor_.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
    self->accepting_ = false;
    if (self->stopped_) return;
    auto accepted = std::make_shared<std::optional<tcp::socket>>(std::move(socket));
    self->Run([self, error, accepted] {
      if (!error && !self->stopped_) {
        const auto connection = std::make_shared<Connection>(self, std::move(**accepted));
        self->connections_.insert(connection.get());
        connection->Read();
      }
      self->Accept();
    });
  });
}

void AdminServer::State::Stop() {
  stopped_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  for (Connection* connection : connections_) connection->Close();
}

void AdminServer::State::Remove(Connection* connection) {
  connections_.erase(connection);
  // A place is free: Accept() stopped at the limit. Does nothing when one is under way.
  Accept();
}

std::optional<Response> AdminServer::State::Answer(const http::request<http::string_body>& request) {
  const std::string target(request.target().substr(0, request.target().find('?')));
  const bool known = target == "/metrics" || target == "/healthz" || target == "/readyz";
  if (!known) return Text(http::status::not_found, "no page '" + target + "'; there are /metrics, /healthz and /readyz\n");
  if (request.method() != http::verb::get) {
    Response response = Text(http::status::method_not_allowed, target + " takes GET only\n");
    response.set(http::field::allow, "GET");
    return response;
  }
  if (target == "/metrics") return std::nullopt;
  return Verdict(target == "/healthz" ? pages_.healthz() : pages_.readyz());
}

AdminServer::AdminServer(std::shared_ptr<State> state, std::string address)
    : state_(std::move(state)), address_(std::move(address)) {}

AdminServer::~AdminServer() { state_->Stop(); }

StatusOr<std::unique_ptr<AdminServer>> AdminServer::Listen(EventLoop& loop, const std::string& address, Pages pages,
                                                           Options options) {
  auto state = std::make_shared<State>(loop, std::move(pages), options);
  StatusOr<std::string> bound = state->Listen(address);
  if (!bound.ok()) return bound.status();
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(state), *std::move(bound)));
}

}  // namespace rota
