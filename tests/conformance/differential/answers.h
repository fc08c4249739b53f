#ifndef ROTA_TESTS_CONFORMANCE_DIFFERENTIAL_ANSWERS_H_
#define ROTA_TESTS_CONFORMANCE_DIFFERENTIAL_ANSWERS_H_

#include <string>
#include <vector>

#include "tests/conformance/differential/exchange.h"
#include "tests/faults/frames.h"
#include "tests/faults/raw_connection.h"

namespace rota::differential {

// What came back for one exchange, in words that are the same wherever two servers mean the same.
struct Answered {
  // "status 5 'text'", "HTTP 415", "reset 8" for a stream that the server reset before its end, "reset by the client", "closed", "no answer".
  std::string outcome = {};
  // What ended the stream, and what became of the connection, on which one more call is made: "trailers alone; connection lives".
  std::string end = {};
  // In the order of their names; those of one name as they came.
  faults::Fields headers = {}, trailers = {};
  std::vector<std::string> messages = {};  // size and checksum of each, unpacked

  // All of it.
  std::string Text() const;
};

// Sends them on one connection at the same time, a frame of each in turn.
std::vector<Answered> Ask(const std::string& address, const std::vector<Exchange>& exchanges);

// What `answer` says; `connection` is what became of that.
Answered Describe(const faults::Answer& answer, const std::string& connection);

// No difference in anything.
bool Alike(const Answered& a, const Answered& b);
// No difference but that the one said in trailers alone what the other said in headers and trailers.
bool AlikeInTotal(const Answered& a, const Answered& b);
// The same status; but the one handler got further than the other before the call failed: one of them may have sent more messages than the
// other, or no headers either. The texts may differ: each names the fault that it has found first.
bool AlikeSoFar(const Answered& a, const Answered& b);

}  // namespace rota::differential

#endif  // ROTA_TESTS_CONFORMANCE_DIFFERENTIAL_ANSWERS_H_
