#include "framework/transport/coding/compression.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "framework/base/status.h"

namespace rota::coding {
namespace {

constexpr int kGzipWindow = MAX_WBITS + 16;  // zlib: plus 16 is the gzip format.
constexpr std::string_view kGzipBegins("\x1f\x8b", 2);
constexpr size_t kLeastBytes = 18;           // Of a header and a trailer of gzip.
constexpr size_t kMostOfByte = 1032;         // That deflate can make of one that is read.
// What a byte costs that is read, in bytes that are made: at worst for inflate, by blocks that have tables and nothing else; and for
// deflate.
constexpr size_t kInflateRead = 48;
constexpr size_t kDeflateRead = 6;
// Work for any message, of which zlib is shown no more than 4 GiB in a step.
constexpr size_t kAtOnce = std::numeric_limits<uInt>::max();

Bytef* Bytes(std::string_view text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); }

Status Malformed(Form form) { return InternalError(form == Form::kGzip ? "a compressed message is not gzip" : "a compressed message is malformed"); }

bool IsGzip(std::string_view compressed, Form form) { return form == Form::kGzip || compressed.starts_with(kGzipBegins); }

Status TooLong(size_t limit) {
  return ResourceExhaustedError("compressed message unpacks to more than the limit of " + std::to_string(limit));
}

// What the message says that it unpacks to, modulo 2^32, in its last four bytes; zlib checks it at the end (RFC 1952, section
// 2.3.1). So memory is taken once and no more than is needed.
size_t SizeIn(std::string_view compressed) {
  if (compressed.size() < kLeastBytes) return 0;
  size_t size = 0;
  for (size_t i = 1; i <= 4; ++i) size = size << 8 | static_cast<uint8_t>(compressed[compressed.size() - i]);
  return size;
}

// A message that says it is longer than the limit is unpacked this far to see whether it is gzip at all. A bomb is to cost no more than
// others that are refused: this takes zlib 0.2 ms, all 4 MiB of the usual limit 7.
constexpr size_t kJudged = 256 << 10;

}  // namespace

size_t UnpackingWork(std::string_view compressed, size_t limit, Form form) {
  const size_t reads = kInflateRead * compressed.size();
  // Measured and made.
  if (!IsGzip(compressed, form)) return 2 * (std::min(limit, kMostOfByte * compressed.size()) + reads);
  const size_t size = SizeIn(compressed);
  return (size > limit ? kJudged : size) + reads;
}

size_t PackingWork(std::string_view message) { return kDeflateRead * message.size(); }

Unpacking::Unpacking(std::string_view compressed, size_t limit, Form form)
    : compressed_(compressed), limit_(limit), form_(form), is_gzip_(IsGzip(compressed, form)), left_to_read_(compressed.size()) {}

void Unpacking::Start() {
  if (!is_gzip_) {
    // It does not say how long it is. Twice the work, but memory is taken as for gzip.
    measured_to_ = limit_;
  } else if (compressed_.size() < kLeastBytes) {
    status_ = Malformed(form_);
    return;
  } else if (const size_t size = SizeIn(compressed_); size > limit_) {
    measured_to_ = std::min(limit_, kJudged);
  } else {
    message_ = Payload::Allocate(size);
  }
  // Last: had there been no memory, nothing would have begun.
  stream_.next_in = Bytes(compressed_);
  started_ = inflateInit2(&stream_, is_gzip_ ? kGzipWindow : MAX_WBITS) == Z_OK;
  if (!started_) status_ = InternalError("zlib does not start");
}

Unpacking::~Unpacking() {
  if (started_) inflateEnd(&stream_);
}

bool Unpacking::Step(size_t work) {
  if (!started_) Start();
  if (!status_.ok()) return true;
  return measured_to_ ? Measure(work) : Inflate(work);
}

bool Unpacking::Measure(size_t work) {
  std::array<uint8_t, 16 << 10> scratch;
  const size_t reads = std::min(left_to_read_, std::max<size_t>(work / kInflateRead / 2, 1)), end = stream_.total_out + work / 2;
  stream_.avail_in = static_cast<uInt>(reads);
  int result;
  do {
    stream_.next_out = scratch.data();
    stream_.avail_out = scratch.size();
    result = inflate(&stream_, Z_NO_FLUSH);
  } while (result == Z_OK && stream_.avail_out == 0 && stream_.total_out < end && stream_.total_out <= *measured_to_);
  left_to_read_ -= reads - stream_.avail_in;
  if (stream_.total_out > *measured_to_) {
    status_ = TooLong(limit_);
  } else if (result == Z_STREAM_END && left_to_read_ == 0 && !is_gzip_) {
    MakeMeasured();
  } else if ((result != Z_OK && result != Z_BUF_ERROR) || (stream_.avail_out > 0 && left_to_read_ == 0)) {
    // It is broken, or is not as long as it says, or wants more than there is.
    status_ = Malformed(form_);
  }
  return !status_.ok();
}

void Unpacking::MakeMeasured() {
  measured_to_.reset();
  message_ = Payload::Allocate(stream_.total_out);
  inflateReset(&stream_);
  stream_.next_in = Bytes(compressed_);
  left_to_read_ = compressed_.size();
}

bool Unpacking::Inflate(size_t work) {
  const size_t reads = std::min(left_to_read_, std::max<size_t>(work / kInflateRead / 2, 1));
  const size_t made = stream_.total_out, makes = std::min(message_.size() - made, std::max<size_t>(work / 2, 1));
  // zlib wants a place to write to also where nothing is to be written.
  uint8_t nowhere = 0;
  stream_.next_out = makes == 0 ? &nowhere : message_.data() + made;
  stream_.avail_in = static_cast<uInt>(reads);
  stream_.avail_out = static_cast<uInt>(makes);
  // All at once, it needs no memory of what it has made.
  const bool is_last = reads == left_to_read_ && made + makes == message_.size();
  const int result = inflate(&stream_, is_last && made == 0 ? Z_FINISH : Z_NO_FLUSH);
  left_to_read_ -= reads - stream_.avail_in;
  if (result == Z_STREAM_END) {
    if (left_to_read_ > 0) status_ = Malformed(form_);
    return true;
  }
  const bool got_on = stream_.avail_in < reads || stream_.avail_out < makes;
  if (result == Z_OK && got_on && !is_last) return false;
  status_ = Malformed(form_);
  return true;
}

StatusOr<Payload> Unpacking::Take() {
  if (!status_.ok()) return std::move(status_);
  return std::move(message_);
}

StatusOr<Payload> Unpack(std::string_view compressed, size_t limit, Form form) {
  Unpacking unpacking(compressed, limit, form);
  while (!unpacking.Step(kAtOnce)) {
  }
  return unpacking.Take();
}

void PackingStates::End::operator()(z_stream* stream) const {
  deflateEnd(stream);
  delete stream;
}

PackingStates::State PackingStates::Take() {
  if (kept_ != nullptr) {
    deflateReset(kept_.get());
    return std::move(kept_);
  }
  auto state = std::make_unique<z_stream>();
  if (deflateInit2(state.get(), Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) return nullptr;
  return State(state.release());
}

void PackingStates::GiveBack(State state) {
  if (kept_ == nullptr) kept_ = std::move(state);
}

Packing::Packing(std::string_view message, PackingStates& states) : message_(message), states_(states), left_to_read_(message.size()) {}

void Packing::Start() {
  if (message_.size() <= std::numeric_limits<uInt>::max()) {
    compressed_ = Payload::Allocate(message_.size());
    stream_ = states_.Take();
  }
  // Last: had there been no memory, nothing would have begun.
  started_ = true;
  if (stream_ == nullptr) return;
  stream_->next_in = Bytes(message_);
  stream_->next_out = compressed_.data();
  stream_->avail_out = static_cast<uInt>(compressed_.size());
}

Packing::~Packing() {
  if (stream_ != nullptr) states_.GiveBack(std::move(stream_));
}

bool Packing::Step(size_t work) {
  if (!started_) Start();
  if (stream_ == nullptr) return true;
  const size_t reads = std::min(left_to_read_, std::max<size_t>(work / kDeflateRead, 1));
  stream_->avail_in = static_cast<uInt>(reads);
  const int result = deflate(stream_.get(), reads == left_to_read_ ? Z_FINISH : Z_NO_FLUSH);
  left_to_read_ -= reads - stream_->avail_in;
  is_shorter_ = result == Z_STREAM_END;
  // Without room left it would be no shorter.
  return result != Z_OK || stream_->avail_out == 0 || reads == 0;
}

std::optional<Payload> Packing::Take() {
  if (!is_shorter_) return std::nullopt;
  compressed_.Truncate(compressed_.size() - stream_->avail_out);
  return std::move(compressed_);
}

std::optional<Payload> Pack(std::string_view message, PackingStates& states) {
  Packing packing(message, states);
  while (!packing.Step(kAtOnce)) {
  }
  return packing.Take();
}

}  // namespace rota::coding
